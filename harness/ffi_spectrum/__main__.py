"""`python -m ffi_spectrum` is the command `ffi-spectrum`."""

from ffi_spectrum.cli import main

main(prog_name="ffi-spectrum")
