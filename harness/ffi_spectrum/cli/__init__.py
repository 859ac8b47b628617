"""The command line; the only package that owns the terminal and ends the process.

Every command's work is in `commands`, imported when the command runs: this package imports click and nothing that
measures, so that `ffi-spectrum --help` answers at once.
"""

from __future__ import annotations

from ffi_spectrum.cli import model, parts, spectrum, study, timing
from ffi_spectrum.cli.group import main

__all__ = ["main", "model", "parts", "spectrum", "study", "timing"]
