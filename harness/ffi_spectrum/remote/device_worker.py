"""A worker process that owns a device, and serves its kernels by a ring, a Unix socket or gRPC.

    PARENT_PID CONTROL_FD ENGINE CUBIN LAUNCHER PROTOTYPES MEMFD NBYTES ARENA_NBYTES MODE ...

MODE is `ring REQUEST_EVENTFD RESPONSE_EVENTFD`, `uds SOCKET` or `grpc SOCKET DESCRIPTORS PROTOTYPES`; ENGINE a module
with `open_engine(cubin, launcher)`: device/engine.py. Only this process maps the driver's library.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path

from ffi_spectrum.errors import DeviceError
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.control import bind_to_parent, refuse_control, watch_control
from ffi_spectrum.remote.device_kernels import DeviceKernels
from ffi_spectrum.remote.layout import Signature
from ffi_spectrum.remote.python_worker import Server, plain_answer, result_answer
from ffi_spectrum.remote.ring_server import RingServer
from ffi_spectrum.remote.socket_server import listen, serve
from ffi_spectrum.toolchain.generated import is_derived
from ffi_spectrum.toolchain.header import load_prototypes


class DeviceServer(Server):
    """Answers frames, those too whose buffers lie in shared memory or on the device."""

    def __init__(self, kernels: DeviceKernels) -> None:
        super().__init__(kernels)
        self._kernels = kernels

    def obey(self, header: frame.Header) -> bytes | memoryview:
        try:
            if header.op not in (frame.CALL_SHARED, frame.COPY):
                return super().obey(header)
            slots = bytes(self._kernels.region[: header.nbytes])
            status, result = carry_out(self._kernels, header.op, header.kernel, header.times, slots)
        except DeviceError as error:
            status = frame.DEVICE_STATUS + error.code
        return result_answer(header, result) if status == frame.OK else plain_answer(header, status)


def carry_out(kernels: DeviceKernels, op: int, kernel: int, times: int, slots: bytes) -> tuple[int, int]:
    """Status and result of a request without a payload."""
    if op in (frame.CALL, frame.CALL_SHARED):
        return kernels.call_placed(kernel, times, slots), kernels.result
    if op == frame.COPY:
        return kernels.copy(slots), 0
    if op == frame.COUNT:
        return _count(kernels, kernel)
    statuses = {frame.PING: frame.OK, frame.CLOSE: frame.OK, frame.FAULT: frame.UNSUPPORTED}
    return statuses.get(op, frame.BAD_OP), 0


def _count(kernels: DeviceKernels, kernel: int) -> tuple[int, int]:
    if kernel >= len(kernels.slots):
        return frame.UNKNOWN_KERNEL, 0
    try:
        return frame.OK, kernels.count(kernel)
    except DeviceError as error:
        return frame.DEVICE_STATUS + error.code, 0


def main(arguments: Sequence[str]) -> None:
    """Serve until the client ends, or ends this."""
    parent_pid, control_fd, engine, cubin, launcher, prototypes, memfd, nbytes, arena_nbytes, mode, *rest = arguments
    bind_to_parent(int(parent_pid))
    shared = memoryview(mmap.mmap(int(memfd), int(nbytes)))
    os.close(int(memfd))
    library_sha256 = hashlib.sha256(Path(cubin).read_bytes()).hexdigest()
    try:
        opened = import_module(engine).open_engine(Path(cubin), Path(launcher))
        kernels = DeviceKernels(opened, _signatures(Path(prototypes)), library_sha256, shared, int(arena_nbytes))
        if mode != "ring":
            kernels.prepare_region()
    except DeviceError as error:
        refuse_control(int(control_fd), frame.DEVICE_STATUS + error.code)
    _SERVE[mode](kernels, rest, partial(watch_control, int(control_fd), library_sha256))


def _signatures(prototypes: Path) -> list[Signature]:
    by_symbol = {kernel.symbol: kernel for kernel in KERNELS.values()}
    listed = [p for symbol, p in load_prototypes(prototypes, 8).items() if not is_derived(symbol)]
    return [Signature(number, by_symbol[p.symbol], p) for number, p in enumerate(listed)]


def _serve_ring(kernels: DeviceKernels, eventfds: Sequence[str], is_ready: Callable[[], None]) -> None:
    server = RingServer(kernels.shared, [int(fd) for fd in eventfds], partial(carry_out, kernels))
    is_ready()
    server.serve()


def _serve_socket(kernels: DeviceKernels, paths: Sequence[str], is_ready: Callable[[], None]) -> None:
    listener = listen(paths[0])
    is_ready()
    serve(listener, DeviceServer(kernels), kernels.memory)


class _Own:
    """All threads of a server call the same kernels, one at a time."""

    def __init__(self, kernels: DeviceKernels) -> None:
        self.thunks = kernels


def _serve_grpc(kernels: DeviceKernels, paths: Sequence[str], is_ready: Callable[[], None]) -> None:
    from ffi_spectrum.remote import grpc_worker  # grpc is an extra

    path, descriptors, prototypes = map(Path, paths)
    service = grpc_worker.FrameService(descriptors, prototypes, _Own(kernels), DeviceServer(kernels).answer)
    thread = ThreadPoolExecutor(1, initializer=kernels.engine.enter)
    _server = grpc_worker.listen(service, path, thread)  # held, or it would stop
    is_ready()
    threading.Event().wait()


_SERVE = {"ring": _serve_ring, "uds": _serve_socket, "grpc": _serve_grpc}
