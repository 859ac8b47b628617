"""Launch latency as CUPTI records it: in a process of its own, because CUPTI slows every launch of its process."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cattrs

from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import FFISpectrumError
from ffi_spectrum.measure.child import run_child
from ffi_spectrum.results.device.cupti import CuptiSample

ENTRY = "ffi_spectrum.measure.device.cupti_process:trace"
# CuPy's import, a context and CUPTI's start take some seconds; the worker around it has a minute.
DEADLINE_S = 30.0
MISSING = "cupti-python is not installed: `pip install 'ffi-spectrum[gpu]'`"


def sample_cupti(session: Session, cubin: Path) -> CuptiSample:
    """What CUPTI says of launches like the session's, or the reason why it says nothing: that is no failure."""
    if find_spec("cupti") is None:
        return CuptiSample(MISSING)
    try:
        answer = run_child(ENTRY, {"cubin": str(cubin), "launcher": str(session.launcher.path)}, DEADLINE_S)
    except FFISpectrumError as error:
        return CuptiSample(str(error))
    return cattrs.structure(answer, CuptiSample)
