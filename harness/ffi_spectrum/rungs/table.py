"""The ordered table of rungs: a new rung is one file and one line here.

The classes are imported when asked for: a list of names costs nothing, and one rung's missing package hides no other.
"""

from __future__ import annotations

from importlib import import_module

from ffi_spectrum.rungs.absent import absent_rung
from ffi_spectrum.rungs.base import Rung

RUNGS: dict[str, str] = {
    "floor": "ffi_spectrum.rungs.floor:Floor",
    "cext": "ffi_spectrum.rungs.cext:Cext",
    "cext_nogil": "ffi_spectrum.rungs.cext_nogil:CextNogil",
    "cffi_api": "ffi_spectrum.rungs.cffi_api:CffiApi",
    "cffi_api_held": "ffi_spectrum.rungs.cffi_api_held:CffiApiHeld",
    "cffi_abi": "ffi_spectrum.rungs.cffi_abi:CffiAbi",
    "ctypes": "ffi_spectrum.rungs.ctypes:Ctypes",
    "ctypes_untyped": "ffi_spectrum.rungs.ctypes_untyped:CtypesUntyped",
    "ctypes_pydll": "ffi_spectrum.rungs.ctypes_pydll:CtypesPyDLL",
    "wasmtime": "ffi_spectrum.rungs.wasmtime:Wasmtime",
    "wasmtime_fast": "ffi_spectrum.rungs.wasmtime_fast:WasmtimeFast",
    "wasmtime_fast_nogil": "ffi_spectrum.rungs.wasmtime_fast_nogil:WasmtimeFastNogil",
    "wasmtime_ctypes": "ffi_spectrum.rungs.wasmtime_ctypes:WasmtimeCtypes",
    "wasmtime_pulley": "ffi_spectrum.rungs.wasmtime_pulley:WasmtimePulley",
    "pywasm": "ffi_spectrum.rungs.pywasm:Pywasm",
    "python": "ffi_spectrum.rungs.python:Python",
    "stdlib": "ffi_spectrum.rungs.stdlib:Stdlib",
    "numpy": "ffi_spectrum.rungs.numpy:Numpy",
    "shm_ring": "ffi_spectrum.rungs.shm_ring:ShmRing",
    "shm_ring_py": "ffi_spectrum.rungs.shm_ring_py:ShmRingPy",
    "uds": "ffi_spectrum.rungs.uds:Uds",
    "pipe": "ffi_spectrum.rungs.pipe:Pipe",
    "grpc": "ffi_spectrum.rungs.grpc:Grpc",
    "cuda_loop": "ffi_spectrum.rungs.cuda_loop:CudaLoop",
    "cuda_bindings": "ffi_spectrum.rungs.cuda_bindings:CudaBindings",
    "cuda_core": "ffi_spectrum.rungs.cuda_core:CudaCore",
    "cuda_ctypes": "ffi_spectrum.rungs.cuda_ctypes:CudaCtypes",
    "cuda_cffi": "ffi_spectrum.rungs.cuda_cffi:CudaCffi",
    "cupy_driver": "ffi_spectrum.rungs.cupy_driver:CupyDriver",
    "cupy_preset": "ffi_spectrum.rungs.cupy_preset:CupyPreset",
    "cupy_raw": "ffi_spectrum.rungs.cupy_raw:CupyRaw",
    "cupy_elementwise": "ffi_spectrum.rungs.cupy_elementwise:CupyElementwise",
    "cupy_expression": "ffi_spectrum.rungs.cupy_expression:CupyExpression",
    "device_ring": "ffi_spectrum.rungs.device_ring:DeviceRing",
    "device_uds": "ffi_spectrum.rungs.device_uds:DeviceUds",
    "device_grpc": "ffi_spectrum.rungs.device_grpc:DeviceGrpc",
}


def rung_class(name: str) -> type[Rung]:
    """The class of the rung `name`, or a stand-in that says which package is missing; raises KeyError for others."""
    module, _, attribute = RUNGS[name].partition(":")
    try:
        found: type[Rung] = getattr(import_module(module), attribute)
    except (ImportError, OSError) as error:
        if (getattr(error, "name", None) or "").startswith("ffi_spectrum"):
            raise
        return absent_rung(name, error)
    return found
