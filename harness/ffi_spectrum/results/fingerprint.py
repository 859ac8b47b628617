"""What machine and software a run was made on."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("cffi", "numpy", "wasmtime", "ziglang", "pywasm", "grpcio", "protobuf", "cupy-cuda13x")
# What differs between any two moments on one machine: it tells of the run, and not which machine it was made on.
PASSING = frozenset({"load_1min", "steal_ticks"})


def take_fingerprint(compilers: Iterable[str] = (), root: Path = Path("/")) -> dict[str, Any]:
    """Facts that a reader needs to compare two runs; anything that cannot be read is None.

    `compilers` are those that made the run's artifacts, each with its version. `root` is where /proc and /sys are.
    """
    return _machine(root) | {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "python_build": " ".join(platform.python_build()),
        "python_compiler": platform.python_compiler(),
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "optimised_build": _is_optimised(),
        "compilers": ", ".join(dict.fromkeys(compilers)) or None,
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _machine(root: Path) -> dict[str, Any]:
    """The machine, its kernel and their settings; steal is in ticks since boot, over all CPUs, so far."""
    cpu_info = _read(root / "proc/cpuinfo") or ""
    cpus = root / "sys/devices/system/cpu"
    flags = _cpu_fact(cpu_info, "flags")
    return {
        "cpu": _cpu_fact(cpu_info, "model name") or platform.processor() or platform.machine() or None,
        "cpus": os.cpu_count(),
        "cpus_allowed": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        "microcode": _cpu_fact(cpu_info, "microcode"),
        "governor": _read(cpus / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(cpus),
        "smt": _read(cpus / "smt/control"),
        "aslr": _read(root / "proc/sys/kernel/randomize_va_space"),
        # only x86 has flags, and among them this one
        "hypervisor": "hypervisor" in flags.split() if flags else None,
        "load_1min": _load(),
        "steal_ticks": _steal(root),
    }


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except (OSError, ValueError):
        return None


def _cpu_fact(cpu_info: str, name: str) -> str | None:
    """The first CPU's line of that name in /proc/cpuinfo."""
    for line in cpu_info.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip() or None
    return None


def _turbo(cpus: Path) -> bool | None:
    """https://docs.kernel.org/admin-guide/pm/intel_pstate.html (no_turbo) and .../pm/cpufreq.html (boost)."""
    disabled, enabled = _read(cpus / "intel_pstate/no_turbo"), _read(cpus / "cpufreq/boost")
    if disabled is not None:
        return disabled == "0"
    return None if enabled is None else enabled == "1"


def _steal(root: Path) -> int | None:
    """The eighth number of /proc/stat's first line: https://man7.org/linux/man-pages/man5/proc_stat.5.html."""
    words = (_read(root / "proc/stat") or "").partition("\n")[0].split()
    return int(words[8]) if len(words) > 8 and words[0] == "cpu" and words[8].isdecimal() else None


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def _is_optimised() -> bool | None:
    arguments = sysconfig.get_config_var("CONFIG_ARGS")
    return None if arguments is None else "--enable-optimizations" in arguments


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
