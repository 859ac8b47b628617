"""From raw blocks to estimates: the only place where anything is subtracted from a measured time."""
