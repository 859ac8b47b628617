"""The kernels under test: one spec per C function, in the order in which tables show them."""
