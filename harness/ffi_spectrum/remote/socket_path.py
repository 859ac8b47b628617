"""A place for a Unix socket that nobody else can reach."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ffi_spectrum.errors import Unavailable

# sun_path of unix(7) has 108 bytes, the last of them zero
_PATH_NBYTES = 107


@contextmanager
def private_socket_path() -> Iterator[Path]:
    """A path in a new folder of mode 0700, which is gone afterwards: who has connected by then stays connected.

    Raises Unavailable where TMPDIR is too long for a socket's name.
    """
    with tempfile.TemporaryDirectory(prefix="ffis-") as folder:
        path = Path(folder, "socket")
        if len(os.fsencode(path)) > _PATH_NBYTES:
            raise Unavailable(f"{path} is too long for a socket's name: set TMPDIR to a shorter path")
        yield path
