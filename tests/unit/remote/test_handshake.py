"""A worker is used only after it has said who it is; any other is ended and reaped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ffi_spectrum.errors import FarSideDied, FFISpectrumError, ProtocolError, Unavailable
from ffi_spectrum.remote.process import WorkerProcess

from .fake_worker import LIBRARY, obedient, started
from .processes import belongings, is_running

pytestmark = pytest.mark.timeout(30)

WRONG = {
    "library": ("hello(library='cd' * 32); until_close()", ProtocolError, "cdcdcdcdcdcd"),
    "version": ("hello(version=2); until_close()", ProtocolError, "version 2"),
    "magic": ("hello(magic=b'HTTP'); until_close()", ProtocolError, "HTTP"),
    "nonce": ("hello(nonce=bytes(16)); until_close()", ProtocolError, "nonce"),
    "process": ("hello(pid=1); until_close()", ProtocolError, "process"),
    "status": ("hello(status=1); until_close()", ProtocolError, "rebuild"),
    "length": ("hello(nbytes=2**40); until_close()", ProtocolError, "limit"),
    "silent": ("time.sleep(60)", ProtocolError, "silent for 0.5 s"),
    "half an answer": ("control.sendall(bytes(20)); time.sleep(60)", ProtocolError, "silent for 0.5 s"),
    "drips": ("[(control.sendall(b'F'), time.sleep(0.1)) for _ in range(600)]", ProtocolError, "silent for 0.5 s"),
    "exits": ("sys.exit(7)", FarSideDied, "exit code 7"),
    "killed": ("os.kill(os.getpid(), signal.SIGSEGV)", FarSideDied, "SIGSEGV"),
    "hangs up": ("control.close(); time.sleep(60)", FarSideDied, "closed the connection"),
}


@pytest.mark.parametrize("how", WRONG)
def test_wrong_worker(how: str) -> None:
    script, kind, text = WRONG[how]
    before, start = belongings(), time.monotonic()
    with pytest.raises(FFISpectrumError, match=text) as caught:
        started(script, startup_deadline_s=0.5, grace_s=0.2)
    assert type(caught.value) is kind
    assert time.monotonic() - start < 5
    assert belongings() == before


def test_right_worker() -> None:
    worker = obedient()
    assert is_running(worker.pid)
    assert worker.died() == ""
    worker.close()
    assert not is_running(worker.pid)
    assert worker.died().endswith("ended with exit code 0")


def test_no_such_program(tmp_path: Path) -> None:
    ended = []
    before = belongings()
    with pytest.raises(Unavailable, match="nothing-here"):
        WorkerProcess([str(tmp_path / "nothing-here")], [], LIBRARY, on_exit=[lambda: ended.append(1)])
    assert ended == [1]
    assert belongings() == before


def test_given_descriptors_are_closed_though_the_start_fails(tmp_path: Path) -> None:
    before = belongings()
    given = os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(Unavailable):
        WorkerProcess([str(tmp_path / "nothing-here")], [], LIBRARY, given_fds=[given])
    assert belongings() == before


def test_a_default_timeout_of_sockets_changes_nothing() -> None:
    """Nor does it reach the worker, whose end of the control socket shares the mode."""
    code = (
        "import socket; socket.setdefaulttimeout(0.05)\n"
        "import time\n"
        "from tests.unit.remote.fake_worker import started\n"
        "worker = started('hello(); time.sleep(0.3); until_close()')\n"
        "time.sleep(0.5); assert worker.died() == '', worker.died()\n"
        "worker.close(); assert worker.died().endswith('exit code 0'), worker.died()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
