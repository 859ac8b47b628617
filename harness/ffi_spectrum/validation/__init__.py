"""The harness measures itself: known delays, identical code, replayed processes."""
