"""A light worker: one short process that times Python calls against each other.

It imports built-in modules alone, and of ours `compiled` and `timing`: starting is most of what a process costs. Job and
answer are marshalled dictionaries of plain values on standard input and output.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import sys

from ffi_spectrum.measure.compiled import compile_loop
from ffi_spectrum.measure.timing import Item, calibrate, time_rounds

TYPE_CHECKING = False  # see `compiled`
if TYPE_CHECKING:
    from typing import Any

THERMOMETER_NBYTES = 4096
MEDDLED = "the call changed the CPU affinity or the GIL switch interval, or left a child process: it cannot be measured"


class Meddling(Exception):
    """The timed code changed what the measurement stands on."""


def main(job: dict[str, Any]) -> None:
    """Do the job; a child that the timed code forks ends at once, without a word."""
    owner = os.getpid()
    # a call that forks would otherwise double the number of measuring processes each time it is timed
    os.register_at_fork(after_in_child=lambda: os._exit(0))
    output = os.dup(1)
    os.dup2(2, 1)
    signal.alarm(job["alarm_s"])
    try:
        answer = _measure(job)
    except Exception as error:  # noqa: BLE001 - whatever the timed code raises is its author's to know
        answer = {"error": type(error).__name__, "message": str(error)}
    if os.getpid() != owner:
        os._exit(0)  # forked behind Python's back
    content = marshal.dumps(answer, 2)
    while content:
        content = content[os.write(output, content) :]
    os._exit(0)


def _measure(job: dict[str, Any]) -> dict[str, Any]:
    import resource

    pinned = _pin(job["cpu"])
    if job["memory_nbytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (job["memory_nbytes"],) * 2)
    padding = bytearray(job["padding"])
    stands_on = _surroundings()
    items = [Item(block, index) for index, block in enumerate(_blocks(job["snippets"], job["first"]))]
    gc.collect()
    gc.freeze()
    if _surroundings() != stands_on:
        raise Meddling(MEDDLED)
    gc.disable()
    for item in items:
        calibrate(item, job["block_ns"], len(job["orders"]))
    disturbed = time_rounds(
        items, job["orders"], lambda index: None, lambda: resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    )
    if _surroundings() != stands_on:
        raise Meddling(MEDDLED)
    del padding
    return {
        "series": [(item.iterations, item.rounds, item.elapsed_ns) for item in items],
        "disturbed": disturbed,
        "pinned": pinned,
    }


def _pin(cpu: int) -> bool:
    if cpu < 0:
        return False
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        return False  # not allowed here: the answer says so
    return True


def _surroundings() -> tuple[object, ...]:
    try:
        has_child = bool(os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) or True
    except ChildProcessError:
        has_child = False
    affinity = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (has_child, affinity, sys.getswitchinterval())


def _blocks(rows: list[dict[str, Any]], first: int) -> list[Any]:
    """The snippets, in order; then the controls: empty loop, no-op call, duplicate of the `first`, thermometer."""
    loops = [(row["call"], _namespace(row)) for row in rows]
    blocks = [compile_loop(call, names, (), ()) for call, names in loops]
    first_call, first_names = loops[first]
    arguments = {name: value for name, value in first_names.items() if name != "f"}
    noop = _noop(arguments)
    blocks.append(compile_loop("", {}, (), ()))
    blocks.append(compile_loop(f"f({', '.join(arguments)})", {"f": noop, **arguments}, (), ()))
    blocks.append(compile_loop(first_call, first_names, (), ()))
    import zlib

    data = bytes(THERMOMETER_NBYTES)
    blocks.append(compile_loop("f(a)", {"f": zlib.crc32, "a": data}, (), ()))
    return blocks


def _noop(arguments: dict[str, Any]) -> Any:
    namespace: dict[str, Any] = {}
    exec(f"def f({', '.join(arguments)}): pass", namespace)  # noqa: S102 - names come from our own snippets
    return namespace["f"]


def _namespace(row: dict[str, Any]) -> dict[str, Any]:
    """The names of the call, after its setup ran, and after one checked call."""
    namespace: dict[str, Any] = {}
    exec(row["setup"], namespace)  # noqa: S102 - it is the user's own setup code
    if row["pickled"]:
        import _pickle

        namespace.update(_pickle.loads(row["pickled"]))
    code = compile(row["call"], "<call>", "eval")
    names = {name: namespace[name] for name in code.co_names if name in namespace}
    value = eval(code, dict(namespace))  # the same expression that is timed
    if row["expected"]:
        import _pickle

        expected = _pickle.loads(row["expected"])
        if value != expected:
            raise ValueError(f"returned {value!r} instead of {expected!r}")
    return names
