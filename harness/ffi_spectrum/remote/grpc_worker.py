"""A worker process that serves the kernels through gRPC, as a server written with grpcio does.

Its arguments are PARENT_PID CONTROL_FD SOCKET DESCRIPTORS PROTOTYPES THUNKS (remote/grpc_process.py). On the control
socket it speaks frames (remote/control.py); kernels are called through the Unix socket only.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

os.environ["GRPC_VERBOSITY"] = "ERROR"  # read when grpc is imported: what goes wrong is the client's to tell

import grpc
from google.protobuf.message import DecodeError

from ffi_spectrum.errors import CallError, DeviceError, ProtocolError
from ffi_spectrum.remote.control import bind_to_parent, watch_control
from ffi_spectrum.remote.frame import DEVICE_STATUS, LIMIT_NBYTES
from ffi_spectrum.remote.grpc_kernel import Own, OwnThunks, RemoteKernel
from ffi_spectrum.remote.messages import CALL, COUNT, FRAME, SERVICE, STREAM, Messages
from ffi_spectrum.toolchain.header import load_prototypes
from ffi_spectrum.toolchain.proto import load_roles

# One for a stream, which keeps its thread, and one for everything else.
THREADS = 2
OPTIONS = (
    ("grpc.max_receive_message_length", LIMIT_NBYTES),
    ("grpc.max_send_message_length", LIMIT_NBYTES),
    ("grpc.so_reuseport", 0),
)
# What a request can be at fault for; the worker serves the next one all the same.
REFUSED = (CallError, DecodeError)
Handler = Any  # grpc.RpcMethodHandler, which is generic in its stubs only


class Service:
    """The handlers of the generated service."""

    def __init__(self, descriptors: Path, prototypes: Path, own: Own) -> None:
        self._messages = Messages(descriptors)
        self._own = own
        found, roles = load_prototypes(prototypes, 8), load_roles(descriptors)
        self._kernels = {
            name: RemoteKernel(exchange, found[f"ffis_{name}"], roles[f"ffis_{name}"], own)
            for name, exchange in self._messages.exchanges.items()
        }

    def handlers(self) -> dict[str, Handler]:
        """Every rpc by its name; they take and give the contents of messages."""
        found = {kernel.exchange.method: _unary(partial(self._call, kernel)) for kernel in self._kernels.values()}
        stream: Handler = grpc.stream_stream_rpc_method_handler(self._stream)
        return {**found, COUNT: _unary(self._count), STREAM: stream}

    def _call(self, kernel: RemoteKernel, content: bytes) -> Any:
        response = kernel.exchange.response()
        kernel.run(kernel.exchange.request.FromString(content), response)
        return response

    def _count(self, content: bytes) -> Any:
        kernel = self._messages.count_request.FromString(content).kernel
        return self._messages.count_response(count=self._own.thunks.count(kernel))

    def _stream(self, contents: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """One response for each request, in order."""
        for content in contents:
            response = self._messages.response()
            try:
                self._run_enveloped(self._messages.request.FromString(content), response)
            except REFUSED as error:
                response.refusal.reason = str(error)
            yield response.SerializeToString()

    def _run_enveloped(self, request: Any, response: Any) -> None:
        name = request.WhichOneof(CALL)
        if name is None:
            raise ProtocolError("the request names no kernel of this build")
        answer = getattr(response, name)
        answer.SetInParent()  # a response without fields is one, too
        self._kernels[name].run(getattr(request, name), answer)


class FrameService(Service):
    """The same, and an rpc with frames as they go through a socket, which `answer` answers."""

    def __init__(self, descriptors: Path, prototypes: Path, own: Own, answer: Callable[[bytes], Any]) -> None:
        super().__init__(descriptors, prototypes, own)
        self._answer = answer

    def handlers(self) -> dict[str, Handler]:
        def call(content: bytes, context: grpc.ServicerContext) -> bytes:
            return bytes(self._answer(content))

        found = super().handlers()
        del found[STREAM]  # a stream keeps its thread, and a device is driven by one
        return {**found, FRAME: grpc.unary_unary_rpc_method_handler(call)}


def _unary(run: Callable[[bytes], Any]) -> Handler:
    """The handler of an rpc that runs `run` on a request's content, and gives the content of the response."""

    def call(content: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            answer: bytes = run(content).SerializeToString()
        except DeviceError as error:
            context.abort(grpc.StatusCode.ABORTED, str(DEVICE_STATUS + error.code))
        except REFUSED as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return answer

    return grpc.unary_unary_rpc_method_handler(call)


def listen(service: Service, path: Path, threads: ThreadPoolExecutor | None = None) -> grpc.Server:
    """A server that runs, on a socket that only this user may connect to; raises ProtocolError where one is there.

    `threads` carry out the requests.

    gRPC itself unlinks whatever lies at the path, and takes it over from a server that lives: a file made beside it,
    which must be new, keeps a second one away.
    """
    try:
        os.close(os.open(f"{path}.owner", os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise ProtocolError(f"another server has the socket {path}: give each a folder of its own") from None
    server = grpc.server(threads or ThreadPoolExecutor(THREADS), options=OPTIONS)
    handlers = service.handlers()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)
    os.umask(0o177)  # from the start: gRPC would make the socket with 0755
    server.add_insecure_port(f"unix:{path}")
    path.chmod(0o600)
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise ProtocolError(f"{path} is no socket")
    server.start()
    return server


def main(arguments: Sequence[str]) -> None:
    """Serve until the client ends, or ends this."""
    parent_pid, control_fd, *paths = arguments
    bind_to_parent(int(parent_pid))
    path, descriptors, prototypes, library = map(Path, paths)
    own = OwnThunks(library)
    try:
        _server = listen(Service(descriptors, prototypes, own), path)  # held, or it would stop
    except ProtocolError as error:
        sys.exit(f"{Path(__file__).stem}: {error}")
    watch_control(int(control_fd), own.thunks.library_sha256)
    threading.Event().wait()  # without an end: the own way of a server to wait wakes up ten times a second
