"""The workers of `uds` and `pipe` from opening to closing: what they hold, where they run, and that nothing is left."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ffi_spectrum.errors import BadArgument, ProtocolError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs.base import BoundCall
from ffi_spectrum.toolchain.build import Toolchain

from ..remote.processes import belongings, descriptors_of, is_running, waits_until
from .remote_rungs import RUNGS, WAYS, opened, placed, value_of

pytestmark = pytest.mark.timeout(120)

NAMES = tuple(RUNGS)
TREE = Path(__file__).parents[3]
LIMIT = 64 * 2**20


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that nobody else uses."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_the_worker_lives_as_long_as_a_call_is_bound(name: str) -> None:
    kind = RUNGS[name]
    rung = kind(kind.build(Toolchain()))
    rung.open()
    pid = rung.worker_pid() or 0
    bound = rung.bind(placed(rung, "add"), "prebound", rung.info.variants.get("prebound", ("",))[0])
    far = rung.far_side(placed(rung, "add"), rung.info.variants.get("prebound", ("",))[0])
    rung.close()
    assert rung.worker_pid() is None
    assert far is not None
    assert (value_of(bound), value_of(far)) == (123463, 123463)
    del bound
    assert is_running(pid)
    del far
    gc.collect()
    assert not is_running(pid)


def test_what_the_worker_of_uds_holds(temporary: Path) -> None:
    """0, 1, 2, the control socket, the listening one and the connection; of the memory only the mapping."""
    with opened("uds") as rung:
        rung.link.channel.ping()  # by then it has accepted
        found = descriptors_of(rung.worker_pid() or 0)
        kinds = sorted(text.partition(":")[0] for fd, text in found.items() if fd > 2)
        assert (found[0], found[1], kinds) == (os.devnull, os.devnull, ["socket"] * 3)
        assert list(temporary.iterdir()) == [], "who has connected needs the path no more"


def test_what_the_worker_of_pipe_holds() -> None:
    with opened("pipe") as rung:
        found = descriptors_of(rung.worker_pid() or 0)
        kinds = sorted(text.partition(":")[0] for fd, text in found.items() if fd > 2)
        assert (found[0], found[1], kinds) == (os.devnull, os.devnull, ["socket"] * 2)


CLIENT = """
import sys, time
from tests.unit.rungs.remote_rungs import RUNGS, endless, placed, value_of
from ffi_spectrum.toolchain.build import Toolchain
kind = RUNGS[{name!r}]
rung = kind(kind.build(Toolchain())); rung.open()
variant = {variant!r}
assert value_of(rung.bind(placed(rung, "dot", 100), "prebound", variant)) != 0
print(rung.worker_pid(), flush=True)
{rest}
"""


def client(name: str, variant: str, rest: str) -> subprocess.Popen[str]:
    code = CLIENT.format(name=name, variant=variant, rest=rest)
    return subprocess.Popen([sys.executable, "-c", code], cwd=TREE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("rest", ["time.sleep(60)", "value_of(endless(rung, variant))"], ids=["idle", "calling"])
@pytest.mark.parametrize(("name", "variant"), WAYS)
def test_no_worker_is_left_when_its_client_is_killed(name: str, variant: str, rest: str) -> None:
    with client(name, variant, rest) as popen:
        assert popen.stdout
        pid = int(popen.stdout.readline())
        assert is_running(pid)
        os.kill(popen.pid, signal.SIGKILL)
        assert waits_until(lambda: not is_running(pid))


@pytest.mark.parametrize("name", NAMES)
def test_a_worker_of_another_library_is_refused(name: str) -> None:
    kind = RUNGS[name]
    timed, counting = kind.build(Toolchain()), kind.build(Toolchain(build="counting"))
    rung = kind(timed | {"worker": counting["worker"]})
    before = belongings()
    with pytest.raises(ProtocolError, match="build both again"):
        rung.open()
    assert belongings() == before


@pytest.mark.parametrize("name", NAMES)
def test_calls_are_counted_on_the_far_side(name: str) -> None:
    kind = RUNGS[name]
    rung = kind(kind.build(Toolchain(build="counting")))
    rung.open()
    before = rung.count(KERNELS["add"])
    value_of(rung.bind(placed(rung, "add"), "prebound", rung.info.variants.get("prebound", ("",))[0]))
    assert (rung.count(KERNELS["add"]) or 0) - (before or 0) == 1
    rung.close()


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_the_worker_runs_where_the_case_says(name: str, cores: int) -> None:
    """A client pinned to one CPU; its worker on the same, or on the other."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("a worker on another CPU needs two")
    own = min(allowed)
    os.sched_setaffinity(0, {own})
    try:
        with opened(name) as rung:
            from ffi_spectrum.remote import cores as module

            module._allowed[:] = sorted(allowed)
            bound = rung.bind(placed(rung, "add"), "prebound", rung.info.variants.get("prebound", ("",))[0],
                              "per_call", (("cores", cores),))  # fmt: skip
            assert call_once(bound) == 123463
            tasks = Path(f"/proc/{rung.worker_pid()}/task").iterdir()
            found = {frozenset(os.sched_getaffinity(int(task.name))) for task in tasks}
            assert len(found) == 1
            assert (found == {frozenset({own})}) == (cores == 1)
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(("name", "variant"), WAYS)
def test_the_largest_request(name: str, variant: str) -> None:
    """Slots, and all that is left of 64 MiB; one byte more is refused before anything is sent."""
    with opened(name) as rung:
        spec = KERNELS["ends"]
        values = {"data": b"\x01" + bytes(LIMIT - 66) + b"\x02"}
        workload = Workload(spec, 0, {"nbytes": LIMIT - 64}, values)
        buffers = rung.place(workload, "host")
        for form in ("prebound", "fresh"):
            bound = rung.bind(buffers, "fresh" if form == "fresh" else "prebound", variant)
            assert value_of(bound) == 65536 + 1 + 256 * 2
            assert check_outputs(workload, outputs_of(rung, buffers, bound, 65536 + 513)) == ""
        more = BoundCall(bound.call, {**bound.names, "data": bytes(LIMIT - 63), "nbytes": LIMIT - 63})
        with pytest.raises(BadArgument, match=str(LIMIT)):
            value_of(more)
        larger = rung.place(Workload(spec, 0, {"nbytes": LIMIT - 63}, {"data": bytes(LIMIT - 63)}), "host")
        with pytest.raises(BadArgument, match=str(LIMIT)):
            rung.bind(larger, "prebound", variant)
        assert value_of(bound) == 65536 + 513


@pytest.mark.parametrize("name", NAMES)
def test_sizes_over_the_limit_are_missing(name: str) -> None:
    kind = RUNGS[name]
    assert kind.missing(KERNELS["relu"], 2**22) == ""
    assert "67104768" in kind.missing(KERNELS["relu"], 2**23)


@pytest.mark.parametrize(("name", "variant"), WAYS)
def test_parts_need_no_worker(name: str, variant: str) -> None:
    """Each piece of a call can be made after the worker's death, and the pieces are the ones that there are."""
    with opened(name) as rung:
        has_copy = variant != "frame"
        for kernel, form, is_copied in (("relu", "prebound", has_copy), ("relu", "fresh", variant == "memfd"),
                                        ("add", "prebound", False)):  # fmt: skip
            parts = rung.parts(placed(rung, kernel, 7), "fresh" if form == "fresh" else "prebound", variant)
            assert set(parts) == ({"serialise", "copy"} if is_copied else {"serialise"})
            rung.link.worker.kill()
            for part in parts.values():
                value_of(part)
