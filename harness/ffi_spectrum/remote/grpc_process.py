"""Starting a gRPC worker: in an interpreter of its own, on a socket in a folder that only this user may enter."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from ffi_spectrum.errors import ProtocolError
from ffi_spectrum.remote.interpreter import command
from ffi_spectrum.remote.process import WorkerProcess

WORKER = "ffi_spectrum.remote.grpc_worker"


def start_worker(path: Path, files: Sequence[Path], library_sha256: str) -> WorkerProcess:
    """A worker that is ready on the socket at `path`; `files` are descriptors, prototypes and thunks.

    Raises what WorkerProcess raises, and ProtocolError where others could reach the socket.
    """
    worker = WorkerProcess(command(WORKER), [str(file) for file in (path, *files)], library_sha256)
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
