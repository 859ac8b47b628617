"""Writes docs/device-safety.md: `python -m tests.device.make_safety_table [PAGE]`, from the root, on a GPU machine.

Every fault of device_faults.py is done once, as in test_faults.py, and timed; it takes about a minute.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ffi_spectrum.device.facts import facts_of
from ffi_spectrum.report.markup import table

from .device_faults import FAULTS, Row, provoke
from .run_faults import BOUND_NS, DEADLINE_S
from .scene import Scene, open_scene
from .seen import NONE

PAGE = Path(__file__).parents[2] / "docs" / "device-safety.md"
_TEXT = """# What happens when something goes wrong on the device

Made by `python -m tests.device.make_safety_table` on {date}: {name}, driver {driver}, {devices} visible. Each fault
is done for real; `tests/device/test_faults.py` does the same, and holds the errors. Seconds are of one time, all of it
included: other processes, the check that the rest goes on.

{rows}

What is said:

{said}

How to read it:

- Every error is a subclass of `FFISpectrumError`: `Unavailable` before anything is opened, `DeviceError` and its
  subclasses after. CuPy's and cuda.core's exceptions are translated. ctypes, cffi and cuda.bindings return codes, which
  a timed loop does not look at: a wait behind each block, outside of what is timed, says what failed on the device, and
  a launch that was refused is missed by the counts (`LostCalls`) and by the oracle.
- After `DeviceLost` a process can do nothing more on its device, for the context is gone (CUDA Driver API, CUresult).
  So a measuring process ends there, its case gets a line with the reason, and the panel is measured again without it.
- A kernel cannot be interrupted, and waits have no deadline: what ends one that does not end is the death of its
  process. `bench` kills a process after its deadline (here {deadline} s). The kernel of this test ends by itself after
  {bound:g} s, and so does one that holds a stream back (4 s): no mistake of ours occupies a card for good.
- Nothing is raised where a fault cannot be provoked: bound calls, prepared launches and graphs own their arrays; copies
  of the session are over when they return.
- One device is used, the first of those that are visible: `CUDA_VISIBLE_DEVICES` chooses.
"""


def page(found: list[Row], skipped: dict[str, str], facts: dict[str, Any], devices: int) -> str:
    """The page; raises AssertionError where a fault gave something else than it must."""
    rows, said = [], []
    for row in found:
        fault, seen = FAULTS[row.fault], row.seen
        assert seen.error == fault.error, f"{row.fault}: {seen.error} {seen.said}"
        assert seen.goes_on, f"{row.fault}: not everything went on"
        error = "cannot be provoked" if fault.error == NONE else f"`{fault.error}`"
        rows.append((row.fault, error, fault.goes_on, f"{row.seconds:.1f}"))
        said += [f"- {row.fault}: {_line(seen.said)}"] if seen.said else []
    rows += [(name, f"`{FAULTS[name].error}`", why, "-") for name, why in skipped.items()]
    return _TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}", name=facts["name"], driver=facts["driver"], devices=devices,
        rows=table(("fault", "error", "what goes on", "s"), rows, "lllr"), said="\n".join(said), deadline=DEADLINE_S,
        bound=BOUND_NS / 1e9,
    )  # fmt: skip


def _line(text: str) -> str:
    """The text on one line, as code."""
    return f"`{' '.join(text.split()).replace('`', chr(39))}`"


def run_all(scene: Scene) -> tuple[list[Row], dict[str, str]]:
    """Every fault that there are enough devices for, and why the others were not done."""
    devices = scene.session.cupy.cuda.runtime.getDeviceCount()
    skipped = {
        name: f"not done: it needs {fault.devices} devices" for name, fault in FAULTS.items() if fault.devices > devices
    }
    return [provoke(name, scene) for name in FAULTS if name not in skipped], skipped


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = open_scene(Path(folder))
        found, skipped = run_all(scene)
        devices = scene.session.cupy.cuda.runtime.getDeviceCount()
        made = page(found, skipped, facts_of(scene.session), devices)
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE).write_text(made)


if __name__ == "__main__":
    main()
