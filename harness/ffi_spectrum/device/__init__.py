"""A CUDA device: whether there is one, its driver, and the one stream on which a process measures."""
