"""Measure what each way of calling C from Python costs, on this machine."""

__version__ = "0.1.0"
