"""What is particular to `pipe`: a Python worker that unpickles nothing, and messages that stand for themselves."""

from __future__ import annotations

import os
import pickle
import signal
import struct
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import FarSideDied
from ffi_spectrum.remote import frame
from ffi_spectrum.rungs.pipe import PipeClient
from ffi_spectrum.rungs.remote_rung import RemoteRung

from .remote_rungs import opened, placed, value_of

pytestmark = pytest.mark.timeout(60)


def connection(rung: RemoteRung) -> Any:
    """The client's end, to send what the client would not."""
    channel: Any = rung.link.channel
    return channel._connection


@pytest.mark.parametrize("form", ["prebound", "fresh"])
def test_each_call_reads_the_buffers_anew(form: str) -> None:
    with opened("pipe") as rung:
        buffers = placed(rung, "relu", 100)
        bound = rung.bind(buffers, "fresh" if form == "fresh" else "prebound")
        for value in (1.0, -1.0, 2.5):
            buffers.placed["x"][:] = value
            value_of(bound)
            assert set(buffers.placed["out"].tolist()) == {max(value, 0.0)}


def test_the_worker_is_an_isolated_interpreter() -> None:
    """Without site (-S) and the environment (-I), and with no more native code than it needs."""
    with opened("pipe") as rung:
        folder = Path(f"/proc/{rung.worker_pid()}")
        words = (folder / "cmdline").read_bytes().split(b"\0")
        assert words[1:3] == [b"-S", b"-I"]
        maps = (folder / "maps").read_text()
        assert "libffis_thunks.so" in maps
        assert "numpy" not in maps


class Bomb:
    """Something that makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_pickle_is_no_message(tmp_path: Path) -> None:
    path = tmp_path / "made"
    content = pickle.dumps(Bomb(path))
    with opened("pipe") as rung:
        ends = connection(rung)
        ends.send_bytes(content.ljust(200, b"\0"))
        header = frame.unpack_header(ends.recv_bytes())
        assert header.status == frame.BAD_FRAME
        assert value_of(rung.bind(placed(rung, "add"), "prebound")) == 123463
    assert not path.exists()
    pickle.loads(content)
    assert path.exists(), "it would have been made"


def test_a_message_that_announces_too_much_ends_the_worker() -> None:
    with opened("pipe") as rung:
        bound = rung.bind(placed(rung, "add"), "prebound")
        os.write(connection(rung).fileno(), struct.pack("!i", 2**31 - 1))
        with pytest.raises(FarSideDied, match="exit code 1"):
            value_of(bound)


def test_the_worker_ends_with_the_connection() -> None:
    with opened("pipe") as rung:
        worker = rung.link.worker
        connection(rung).close()
        assert worker.died(5.0).endswith("exit code 0")


def test_ctrl_c_at_the_terminal_is_not_the_workers() -> None:
    """The terminal signals a process group, and the worker has one of its own."""
    with opened("pipe") as rung:
        pid = rung.worker_pid() or 0
        assert os.getpgid(pid) == pid != os.getpgid(0)
        os.kill(pid, signal.SIGCONT)
        assert value_of(rung.bind(placed(rung, "add"), "prebound")) == 123463


@pytest.mark.parametrize(("size", "window"), [(1, 64), (2**14, 1)])
def test_a_window_is_no_larger_than_the_buffers(size: int, window: int) -> None:
    """64 answers of 68 bytes fit in what Linux buffers by default (net.core.wmem_default), and not two of 64 KiB."""
    with opened("pipe") as rung:
        client = rung.link
        assert isinstance(client, PipeClient)
        if client.channel.send_buffer_nbytes != 212992:
            pytest.skip(f"this system buffers {client.channel.send_buffer_nbytes} bytes")
        buffers = placed(rung, "relu", size)
        assert client.pipeline(rung.layout(buffers), buffers, "", 64)[0] == window
