"""Starting a gRPC worker: in an interpreter of its own, on a socket in a folder that only this user may enter."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ffi_spectrum.errors import ProtocolError, Unavailable
from ffi_spectrum.remote.process import WorkerProcess

WORKER = "ffi_spectrum.remote.grpc_worker"
_ROOT = Path(__file__).resolve().parents[2]
_BOOT = f"import sys; sys.path.append(sys.argv.pop(1)); from {WORKER} import main; main(sys.argv[1:])"
# sun_path of unix(7) has 108 bytes, the last of them zero
_PATH_NBYTES = 107


def command() -> list[str]:
    """The words that start the worker; -P keeps the working folder's modules out of it."""
    return [sys.executable, "-P", "-c", _BOOT, str(_ROOT)]


@contextmanager
def socket_path() -> Iterator[Path]:
    """A path for a socket in a new folder of mode 0700, which is gone afterwards: nobody else is to find it.

    Raises Unavailable where TMPDIR is too long for a socket's name.
    """
    with tempfile.TemporaryDirectory(prefix="ffis-") as folder:
        path = Path(folder, "grpc")
        if len(os.fsencode(path)) > _PATH_NBYTES:
            raise Unavailable(f"{path} is too long for a socket's name: set TMPDIR to a shorter path")
        yield path


def start_worker(path: Path, files: Sequence[Path], library_sha256: str) -> WorkerProcess:
    """A worker that is ready on the socket at `path`; `files` are descriptors, prototypes and thunks.

    Raises what WorkerProcess raises, and ProtocolError where others could reach the socket.
    """
    worker = WorkerProcess(command(), [str(file) for file in (path, *files)], library_sha256)
    try:
        check_modes(path)
    except BaseException:
        worker.close()
        raise
    return worker


def check_modes(path: Path) -> None:
    """Raise ProtocolError unless `path` is a socket of ours, in a folder of ours, and nobody else may use either."""
    for found, mode in ((path.parent.lstat(), stat.S_IFDIR | 0o700), (path.lstat(), stat.S_IFSOCK | 0o600)):
        if (found.st_mode, found.st_uid) != (mode, os.geteuid()):
            raise ProtocolError(
                f"{path} is open to others: its folder and itself must be this user's, with the modes drwx------ and "
                f"srw-------, and one has {stat.filemode(found.st_mode)}, user {found.st_uid}"
            )
