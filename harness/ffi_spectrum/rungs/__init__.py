"""The rungs: one file each, one ordered table."""
