"""What raw samples of a device say: one file a topic."""
