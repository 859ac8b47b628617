"""Running the cases: the loop, the worker process that times it, and the launcher of workers."""
