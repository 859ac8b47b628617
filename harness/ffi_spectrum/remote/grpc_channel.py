"""The client's end of the gRPC service: calls with a deadline, a limit on what is sent, and errors of our own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from ffi_spectrum.errors import BadArgument, ChannelRetired, ProtocolError
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.channel import Channel
from ffi_spectrum.remote.grpc_stream import Stream
from ffi_spectrum.remote.messages import COUNT, REFUSAL, STREAM, Messages, path_of
from ffi_spectrum.remote.process import WorkerProcess

OPTIONS = (
    ("grpc.max_receive_message_length", frame.LIMIT_NBYTES),
    ("grpc.max_send_message_length", frame.LIMIT_NBYTES),
    ("grpc.enable_retries", 0),  # a call that may have been made is not made again
    ("grpc.client_idle_timeout_ms", 2**31 - 1),  # never: the socket that it would connect to again has gone
)
Receive = Callable[[], bytes]


class GrpcChannel(Channel):
    """The service of the worker that listens at `path`.

    What is sent and received is the content of messages: whoever calls builds and parses them.
    """

    def __init__(self, worker: WorkerProcess, path: Path, messages: Messages, deadline_s: float) -> None:
        channel = grpc.insecure_channel(f"unix:{path}", options=OPTIONS)
        super().__init__(worker, deadline_s, channel.close)
        self.messages = messages
        # the private argument is what the modules that protoc generates pass, too
        self._unary: Any = channel.unary_unary
        self._streaming: Any = channel.stream_stream
        self._stream: Stream | None = None
        self._count = self._stub(COUNT)

    def _stub(self, method: str) -> Any:
        self.check()  # grpcio 1.85 takes a closed channel for an open one here, and crashes
        return self._unary(path_of(method), _registered_method=True)

    def unary(self, method: str) -> Callable[[bytes], bytes]:
        """A function that makes an rpc and returns the response's content."""
        return partial(self._call, self._stub(method))

    def _call(self, rpc: Any, content: bytes) -> bytes:
        self.check(content)
        try:
            answer: bytes = rpc(content, timeout=self.deadline_s)
        except grpc.RpcError as error:
            self.fail(error)
        return answer

    def submitting(self, method: str) -> Callable[[bytes], Receive]:
        """A function that starts an rpc, and returns one that waits for the response's content."""
        return partial(self._submit, self._stub(method))

    def _submit(self, rpc: Any, content: bytes) -> Receive:
        self.check(content)
        return partial(self._result, rpc.future(content, timeout=self.deadline_s))

    def _result(self, future: Any) -> bytes:
        try:
            answer: bytes = future.result()
        except grpc.RpcError as error:
            self.fail(error)
        return answer

    def set_deadline(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        if self._stream is not None:
            self._stream.set_deadline(deadline_s)

    def send(self, content: bytes) -> None:
        """Give an envelope to the stream, which is opened at its first use."""
        self.check(content)
        if self._stream is None:
            rpc = self._streaming(path_of(STREAM), _registered_method=True)
            self._stream = Stream(rpc, self.deadline_s)
        self._stream.send(content)

    def receive(self) -> bytes:
        """The content of the stream's next envelope; raises DeadlineExceeded, FarSideDied and ProtocolError."""
        if self.retired or self._stream is None:
            raise ChannelRetired(f"nothing can be received, because {self.retired or 'nothing was sent'}")
        try:
            return self._stream.receive()
        except grpc.RpcError as error:
            try:
                self.fail(error)
            finally:
                self.retire("the stream has ended")
        except BaseException as error:
            self.give_up(error)  # also where it was Ctrl-C: the answer may come yet, to another call
            raise

    def check(self, content: bytes = b"") -> None:
        """Raise ChannelRetired where nothing may be sent, and BadArgument over the limit."""
        if self.retired:
            raise ChannelRetired(f"no call can be made any more, because {self.retired}: open the rung again")
        if len(content) > frame.LIMIT_NBYTES:
            raise BadArgument(f"a message of {len(content)} bytes, and the limit is {frame.LIMIT_NBYTES}")

    def fail(self, error: grpc.RpcError) -> NoReturn:
        """Raise what an error of gRPC's means; a refusal of the worker's leaves the channel usable."""
        code, details = error.code(), error.details() or ""
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            self.give_up(TimeoutError(details))
        elif code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            self.give_up(EOFError(details))
        elif code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED):
            raise BadArgument(details) from error
        elif code is grpc.StatusCode.ABORTED and details.isdigit():  # what failed on the worker's device
            raise frame.refusal(int(details)) from error
        self.nonsense(f"gRPC reported {code.name if code else 'no status'}: {details}")

    def nonsense(self, why: str) -> NoReturn:
        """Retire the channel because of an answer that makes no sense, and raise ProtocolError."""
        self.retire(why)
        raise ProtocolError(why)

    def parse(self, parse: Callable[[bytes], Any], content: bytes) -> Any:
        """The message of that content."""
        try:
            return parse(content)
        except DecodeError as error:
            self.nonsense(f"the worker sent what is no such message: {error}")

    def open_envelope(self, name: str, envelope: Any) -> Any:
        """The response to a call of the kernel `name`; raises BadArgument for a refusal."""
        if envelope.HasField(REFUSAL):
            raise BadArgument(envelope.refusal.reason)
        if not envelope.HasField(name):
            self.nonsense(f"the worker answered {envelope.WhichOneof('call')}, and {name} was called")
        return getattr(envelope, name)

    def request(self, header: frame.Header) -> bytes:
        """PING and COUNT are one rpc here."""
        answer = self._call(self._count, self.messages.count_request(kernel=header.kernel).SerializeToString())
        count: int = self.parse(self.messages.count_response.FromString, answer).count
        return count.to_bytes(8, "little")
