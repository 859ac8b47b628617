"""A light worker: one short process that times Python calls against each other.

It imports built-in modules alone, and of ours `compiled` and `timing`: starting is most of what a process costs. Job
and answer are marshalled dictionaries of plain values on standard input and output.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys

# `signal` itself imports enum, functools and collections: 3 ms
from _signal import alarm  # type: ignore[import-not-found]
from time import perf_counter_ns

from ffi_spectrum.measure.compiled import compile_loop
from ffi_spectrum.measure.timing import Item, calibrate, time_rounds

TYPE_CHECKING = False  # see `compiled`
if TYPE_CHECKING:
    from typing import Any

THERMOMETER_NBYTES = 4096
# Given back where the call used up all memory, or there is none left to say so: never touched, so it costs no page.
RESERVE_NBYTES = 4 << 20
# The stack and mapped files: the libraries of a process with NumPy and SciPy take some 100 MB.
BESIDE_DATA_NBYTES = 256 << 20
MEDDLED = "the call changed the CPU affinity or the GIL switch interval, or left a child process: it cannot be measured"


class Meddling(Exception):
    """The timed code changed what the measurement stands on."""


class Wrong(Exception):
    """The call returned something else than was expected."""


# What an answer blames, by the type of the exception; anything else was raised by the code to be timed.
FAULTS: dict[type[BaseException], str] = {Meddling: "meddled", Wrong: "wrong"}


def main(job: dict[str, Any]) -> None:
    """Do the job; a child that the timed code forks ends at once, without a word."""
    owner = os.getpid()
    # a call that forks would otherwise double the number of measuring processes each time it is timed
    os.register_at_fork(after_in_child=lambda: os._exit(0))
    output = os.dup(1)
    os.dup2(2, 1)
    alarm(job["alarm_s"])
    reserve = bytes(RESERVE_NBYTES)
    try:
        answer = _measure(job)
    except BaseException as error:  # noqa: BLE001 - whatever the timed code raises (SystemExit, too) is its author's
        del reserve
        answer = {"fault": FAULTS.get(type(error), "raised"), "kind": type(error).__name__, "message": str(error)}
    if os.getpid() != owner:
        os._exit(0)  # forked behind Python's back
    content = marshal.dumps(answer, 2)
    while content:
        content = content[os.write(output, content) :]
    os._exit(0)


def _measure(job: dict[str, Any]) -> dict[str, Any]:
    from resource import RUSAGE_SELF, getrusage

    pinned = _pin(job["cpu"])
    _limit_memory(job["memory_nbytes"])
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
    waited_ns, started_ns = _waited_ns(), perf_counter_ns()
    disturbed = time_rounds(items, job["orders"], lambda index: None, lambda: getrusage(RUSAGE_SELF).ru_nivcsw)
    waited_ns, spent_ns = _waited_ns() - waited_ns, perf_counter_ns() - started_ns
    if _surroundings() != stands_on:
        raise Meddling(MEDDLED)
    del padding
    return {
        "series": [(item.iterations, item.rounds, item.elapsed_ns) for item in items],
        "disturbed": disturbed,
        "waited": waited_ns / spent_ns,
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


def _limit_memory(nbytes: int) -> None:
    """Limit data to `nbytes` and the address space to a little more, or (0) both to what they were limited to outside.

    Data is all private memory that can be written but the stack (getrlimit(2)), which so can still grow when all data
    is used up. CPython 3.14 needs that: it frees nested objects with up to 8 MB of stack, 3.13 with 0.5.
    """
    from resource import RLIM_INFINITY, RLIMIT_AS, RLIMIT_DATA, getrlimit, setrlimit

    for limit, asked in ((RLIMIT_DATA, nbytes), (RLIMIT_AS, nbytes + BESIDE_DATA_NBYTES if nbytes else 0)):
        _, hard = getrlimit(limit)
        soft = min(asked or hard, hard) if hard != RLIM_INFINITY else asked or hard
        setrlimit(limit, (soft, hard))


def _waited_ns() -> int:
    """How long this process was ready to run and stood in its CPU's queue, so far; 0 where no system says so."""
    try:
        file = os.open("/proc/self/schedstat", os.O_RDONLY)  # the kernel's Documentation/scheduler/sched-stats.rst
    except OSError:
        return 0
    figures = os.read(file, 100).split()
    os.close(file)
    return int(figures[1])


def _surroundings() -> tuple[object, ...]:
    has_child = True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        has_child = False
    affinity = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    # the process id: code that forks behind Python's back goes on in the child, and must not be timed there
    return (os.getpid(), has_child, affinity, sys.getswitchinterval())


def _blocks(rows: list[dict[str, Any]], first: int) -> list[Any]:
    """The snippets, in order; then the controls: empty loop, no-op call, duplicate of the `first`, thermometer."""
    loops = [(row["call"], _namespace(row)) for row in rows]
    blocks = [compile_loop(call, names, (), ()) for call, names in loops]
    first_call, first_names = loops[first]
    arguments = _arguments(first_names, bool(rows[first]["pickled"]))
    noop = _noop(arguments)
    blocks.append(compile_loop("", {}, (), ()))
    blocks.append(compile_loop(f"f({', '.join(arguments)})", {"f": noop, **arguments}, (), ()))
    blocks.append(compile_loop(first_call, first_names, (), ()))
    import zlib

    data = bytes(THERMOMETER_NBYTES)
    blocks.append(compile_loop("f(a)", {"f": zlib.crc32, "a": data}, (), ()))
    return blocks


def _arguments(names: dict[str, Any], is_described: bool) -> dict[str, Any]:
    """What the first call passes: all but `f`; in the user's own source text, all but functions and modules."""
    if is_described:
        return {name: value for name, value in names.items() if name != "f"}
    return {name: value for name, value in names.items() if not callable(value) and not isinstance(value, type(sys))}


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
    names = {name: namespace[name] for name in _names(code) if name in namespace}
    value = eval(code, dict(namespace))  # the same expression that is timed
    if row["expected"]:
        import _pickle

        expected = _pickle.loads(row["expected"])
        differs = value != expected
        if differs.any() if hasattr(differs, "any") else differs:  # arrays compare by element
            raise Wrong(f"returned {value!r:.200} instead of {expected!r:.200}")
    return names


def _names(code: Any) -> list[str]:
    """Every name that the code looks up, within lambdas and comprehensions, too; in order of appearance."""
    inner = [name for constant in code.co_consts if isinstance(constant, type(code)) for name in _names(constant)]
    return list(dict.fromkeys([*code.co_names, *inner]))
