"""The messages of the generated gRPC service, as classes of the protobuf package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "ffi_spectrum"
SERVICE = f"{PACKAGE}.Kernels"
STREAM, COUNT = "Stream", "Count"
# An rpc of workers with a device, whose contents are frames instead of messages.
FRAME = "Frame"
# The oneof of both envelopes, and its field for a request that was not carried out.
CALL, REFUSAL = "call", "refusal"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A kernel's rpc: its place in ffis.h, its name in the service, and what is sent and answered.

    `name` is the kernel's, and that of its field in both envelopes of the stream.
    """

    index: int
    name: str
    method: str
    request: Any
    response: Any


class Messages:
    """The classes for the descriptors at `path` (toolchain/proto.py), in a pool of their own.

    In the package's common pool a second build of the service, the counting one say, would collide with the first.
    """

    def __init__(self, path: Path) -> None:
        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
            self._pool.AddSerializedFile(file.SerializeToString())
        self.request, self.response = self._of_name("Request"), self._of_name("Response")
        self.count_request, self.count_response = self._of_name("CountRequest"), self._of_name("CountResponse")
        self._methods = {m.input_type.full_name: m.name for m in self._pool.FindServiceByName(SERVICE).methods}
        answers = self.response.DESCRIPTOR.fields_by_name
        asked = self.request.DESCRIPTOR.oneofs_by_name[CALL].fields
        self.exchanges = {field.name: self._exchange(field, answers[field.name]) for field in asked}

    def _exchange(self, asked: Any, answered: Any) -> Exchange:
        method = self._methods[asked.message_type.full_name]
        request, response = (message_factory.GetMessageClass(field.message_type) for field in (asked, answered))
        return Exchange(asked.number - 1, asked.name, method, request, response)

    def _of_name(self, name: str) -> Any:
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


def path_of(method: str) -> str:
    """The full name of an rpc, as a request carries it."""
    return f"/{SERVICE}/{method}"
