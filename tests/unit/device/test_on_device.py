"""What only a device can show: errors by name, and what its times may not contradict. Skipped where there is none."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from ffi_spectrum.device.errors import translated
from ffi_spectrum.device.probe import absence, architecture
from ffi_spectrum.device.session import Session, open_session
from ffi_spectrum.errors import DeviceMemoryExhausted
from ffi_spectrum.measure.device.copies import sample_copies
from ffi_spectrum.measure.device.graphs import sample_graphs
from ffi_spectrum.measure.device.returns import sample_returns
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cubin import cubin
from ffi_spectrum.toolchain.launcher import launcher_library

pytestmark = pytest.mark.skipif(bool(absence()), reason=absence())

# A kernel that writes where nothing is, and what the next wait says.
ILLEGAL = """
import sys
from pathlib import Path
import numpy as np
from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import DeviceLost
session = Session(Path(sys.argv[1]), Path(sys.argv[2]))
launch = session.launch("ffis_stamp", ((1, 1, 1), (1, 1, 1)), {"words": np.uint64(64), "ticket": np.uint64(1)})
import ctypes
prepared = launch.prepared(session.entry)
session.launcher.launch_n(ctypes.addressof(prepared), 1)
try:
    session.synchronize()
except DeviceLost as error:
    print(error)
"""


@pytest.fixture(scope="module")
def paths() -> tuple[str, str]:
    toolchain = Toolchain()
    return str(cubin(toolchain, architecture()).path), str(launcher_library(toolchain).path)


@pytest.fixture
def session(paths: tuple[str, str]) -> Iterator[Session]:
    from pathlib import Path

    opened = open_session(Path(paths[0]), Path(paths[1]))
    yield opened
    opened.synchronize()


def test_our_stream_stays_the_current_one_whatever_is_fetched(session: Session) -> None:
    session.to_host(session.cupy.arange(100)[::-3])
    sample_copies(session)
    assert session.cupy.cuda.get_current_stream() == session.stream


def test_memory_that_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(DeviceMemoryExhausted, match="no memory is left"), translated("allocating four terabytes"):
        session.cupy.empty(1 << 40, np.float32)


def test_an_illegal_address_loses_the_device_for_that_process_only(session: Session, paths: tuple[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", ILLEGAL, *paths], capture_output=True, text=True, timeout=60)
    assert "an illegal address in a kernel" in done.stdout, done.stderr
    assert session.to_host(session.to_device(np.arange(3))).tolist() == [0, 1, 2]


def test_nothing_runs_while_the_stream_is_held(session: Session) -> None:
    array = session.to_device(np.zeros(1, np.uint64))
    objects = {"seed": np.uint64(1), "steps": np.uint32(0), "result": array}
    launch = session.launch("ffis_spin", ((1, 1, 1), (1, 1, 1)), objects)
    prepared = launch.prepared(session.entry)
    session.hold()
    assert session.launcher.launch_n(ctypes.addressof(prepared), 3) == 0
    assert not session.stream.done
    session.release()
    assert session.to_host(array).tolist() == [1]


def test_every_replay_is_right_and_many_nodes_are_cheaper_than_launches(session: Session) -> None:
    for row in sample_graphs(session):
        assert row.wrong == 0
        if row.nodes >= 16:
            assert min(row.replay_ns) < min(row.loop_ns)


def test_copies_arrive_and_larger_ones_take_longer(session: Session) -> None:
    for way, rows in sample_copies(session).items():
        small, large = rows[0], rows[-1]
        assert min(small.done_ns) < min(large.done_ns), way
        assert all(returned <= done for returned, done in zip(large.returned_ns, large.done_ns, strict=True)), way


def test_what_waits_for_the_stream_returns_last(session: Session) -> None:
    found = sample_returns(session, {})
    assert all(found["stream synchronise"].was_done)
    assert not any(found["event record"].was_done)
