"""Writes docs/faults.md: `python -m tests.faults.make_fault_table`, from the repository's root.

Every fault is done to every way of calling another process, as in test_remote_faults.py, and timed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.report.markup import table
from ffi_spectrum.results.fingerprint import take_fingerprint
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain

from .interposer import build_interposer
from .remote_faults import ENDED, FAULTS, REMOTE, SHORT_S, Opened, Row, provoke

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_TEXT = """# What happens when the other process fails

Made by `python -m tests.faults.make_fault_table` on {date}: {cpu}, {cpus} CPUs, {system}. Each fault is
done for real to a worker in which one kernel misbehaves on demand (a preloaded library).
`tests/faults/test_remote_faults.py` does the same, and holds the errors; the times are of one run, one fault each.

In every case the caller's process goes on, its buffers are its own, the failed channel refuses every later call
(`ChannelRetired`), so that a late answer reaches no other call, the worker is killed and reaped, and a new rung can be
opened at once.

{errors}

## Milliseconds until the error
From the call for what is done while idle, and for what a call does by itself; else from the fault, 0.2 s into a call of
30 s. The deadline is {short:g} s (`stopped in a call`: {longer:g} s) for faults that end nothing, else 20 s.

{times}

## At the start
| fault | error | worker |
| --- | --- | --- |
| the worker has another kernel library, protocol version or nonce | `ProtocolError` | reaped |
| the worker says nothing for 5 s | `ProtocolError` | killed and reaped |
| the client is killed | - | ends within a second: PR_SET_PDEATHSIG, and the end of its control socket |
| another user, or garbage, on the socket of `uds` | the connection is closed, or gets an error frame | goes on |
"""


def rows() -> Iterator[Row]:
    """Every fault to every variant; a rung that is unavailable has none."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LD_PRELOAD"] = str(build_interposer(Path(scratch), Toolchain()))
        for name in REMOTE:
            with suppress(Unavailable):
                yield from _rows_of(name)


def _rows_of(name: str) -> Iterator[Row]:
    kind = rung_class(name)
    assert issubclass(kind, FarRung)
    artifacts = kind.build(Toolchain())

    def open_rung() -> FarRung[Any]:
        rung = kind(artifacts)
        rung.open()
        return rung

    for variant in kind.info.variants.get("prebound", ("",)):
        for fault in FAULTS:
            opened = Opened(open_rung(), variant, open_rung)
            yield provoke(fault, opened)
            opened.rung.close()


def page(found: list[Row]) -> str:
    facts = take_fingerprint()
    ways = list(dict.fromkeys(row.way for row in found))
    by_key = {(row.way, row.fault): row for row in found}
    types = {fault: sorted({f"`{row.error}`" for row in found if row.fault == fault}) for fault in FAULTS}
    errors = [(fault, ", ".join(names), _end(fault)) for fault, names in types.items()]
    times = [(f"`{way}`", *(f"{by_key[way, fault].seconds * 1e3:,.1f}" for fault in FAULTS)) for way in ways]
    return _TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}", cpu=facts["cpu"], cpus=facts["cpus"], system=facts["system"],
        short=SHORT_S, longer=2 * SHORT_S, errors=table(("fault", "error", "found by"), errors, "lll"),
        times=table(("rung", *FAULTS), times, "l" + "r" * len(FAULTS)),
    )  # fmt: skip


def _end(fault: str) -> str:
    return "the end of its socket, or its pidfd" if fault in ENDED else "the call's deadline"


if __name__ == "__main__":
    PAGE.write_text(page(list(rows())))
