"""A gRPC service generated from the prototypes, and its descriptors: the messages without any generated Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.compiler import Compiler
from ffi_spectrum.toolchain.header import CType, Prototype, kernel_name

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

DESCRIPTORS, SOURCE, ROLES = "ffis.binpb", "ffis.proto", "roles.json"
HINT = "`pip install grpcio grpcio-tools`"
# The smallest protobuf type that holds the C type. https://protobuf.dev/programming-guides/proto3/#scalar
_TYPES = {
    "i8": "int32", "i16": "int32", "i32": "int32", "i64": "int64", "u8": "uint32", "u16": "uint32", "u32": "uint32",
    "u64": "uint64", "f32": "float", "f64": "double",
}  # fmt: skip

_HEAD = """// Generated from ffis.h: see toolchain/proto.py.
syntax = "proto3";

package ffi_spectrum;
"""

_STREAM = """
message CountRequest {{
  uint32 kernel = 1;
}}

// 2^64 - 1 in a build that does not count.
message CountResponse {{
  uint64 count = 1;
}}

message Refusal {{
  string reason = 1;
}}

message Request {{
  oneof call {{
{requests}
  }}
}}

message Response {{
  oneof call {{
{responses}
    Refusal refusal = {refusal};
  }}
}}

service Kernels {{
{methods}
  rpc Count(CountRequest) returns (CountResponse);
  rpc Stream(stream Request) returns (stream Response);
}}
"""


class Role(NamedTuple):
    """What a parameter is for: "in", "out", "scalar" or "length"; and the dimensions of a buffer.

    A dimension is a length parameter, or integer arithmetic over several.
    """

    role: str
    dimensions: tuple[str, ...] = ()


# Symbol -> parameter -> role
Roles = Mapping[str, Mapping[str, Role]]
# By number (toolchain/served.py)
Batches = Mapping[int, Prototype]


def proto_source(kernels: Sequence[Prototype], roles: Roles, batches: Batches = MappingProxyType({})) -> str:
    """The .proto of a service with an rpc for each of `kernels`, and one stream that carries the same messages.

    A request has each parameter but the outputs: numbers in their own type, buffers as `bytes`. A response has the
    outputs, and what the kernel returns as `return_value`. `times`, where it is present, asks the far side for so many
    calls in a loop. In the stream, every request has one response, in order, which may be a refusal.
    """
    messages: list[str] = []
    requests, responses, methods = [], [], []
    for number, kernel in {**dict(enumerate(kernels)), **batches}.items():
        name = kernel_name(kernel)
        stem = "".join(word.capitalize() for word in name.split("_"))
        messages += _message(f"{stem}Request", _request_fields(kernel, roles[kernel.symbol]))
        messages += _message(f"{stem}Response", _response_fields(kernel, roles[kernel.symbol]))
        requests.append(f"    {stem}Request {name} = {number + 1};")
        responses.append(f"    {stem}Response {name} = {number + 1};")
        methods.append(f"  rpc {stem}({stem}Request) returns ({stem}Response);")
    tail = _STREAM.format(
        requests="\n".join(requests), responses="\n".join(responses), methods="\n".join(methods),
        refusal=len(kernels) + 1,
    )  # fmt: skip
    return "\n".join([_HEAD, *messages]) + tail


def _message(name: str, fields: Iterator[str]) -> list[str]:
    return [f"message {name} {{", *(f"  {field};" for field in fields), "}", ""]


def _request_fields(kernel: Prototype, roles: Mapping[str, Role]) -> Iterator[str]:
    yield "optional uint64 times = 1"
    for number, parameter in enumerate(kernel.parameters, start=2):
        if roles[parameter.name].role != "out":
            yield f"{_type(parameter.type)} {parameter.name} = {number}"


def _response_fields(kernel: Prototype, roles: Mapping[str, Role]) -> Iterator[str]:
    if kernel.returns.kind != "v":
        yield f"{_type(kernel.returns)} return_value = 1"
    for number, parameter in enumerate(kernel.parameters, start=2):
        if roles[parameter.name].role == "out":
            yield f"bytes {parameter.name} = {number}"


def _type(ctype: CType) -> str:
    return "bytes" if ctype.kind == "p" else _TYPES[ctype.code]


def service_descriptors(
    toolchain: Toolchain, kernels: Sequence[Prototype], roles: Roles, batches: Batches = MappingProxyType({})
) -> Artifact:
    """The service as protoc compiles it, a FileDescriptorSet, in one folder with its .proto and `roles` as JSON.

    Descriptors, unlike the modules that protoc can generate, need no place in sys.modules and no fixed version of the
    protobuf package. Raises Unavailable without the package grpcio-tools, BuildError with protoc's message.
    """
    compiler = _find_protoc()
    source = proto_source(kernels, roles, batches)

    def make(folder: Path) -> dict[str, Any]:
        (folder / SOURCE).write_text(source)
        (folder / ROLES).write_text(json.dumps(roles, indent=1))
        compiler.run([f"-I{folder}", "-o", str(folder / DESCRIPTORS), SOURCE], toolchain.cache.zig)
        return {}

    return toolchain._artifact(DESCRIPTORS, compiler, toolchain.target, (), (), make, [source, roles])


def load_roles(descriptors: Path) -> dict[str, dict[str, Role]]:
    """The roles that came with `service_descriptors`."""
    rows = json.loads(descriptors.with_name(ROLES).read_text())
    return {
        symbol: {name: Role(role, tuple(dimensions)) for name, (role, dimensions) in row.items()}
        for symbol, row in rows.items()
    }


def _find_protoc() -> Compiler:
    """The protoc in the package grpcio-tools; -P keeps the working folder's modules out of it."""
    try:
        import_module("grpc_tools")
    except ImportError:
        raise Unavailable(f"the messages cannot be compiled without the package grpcio-tools: {HINT}") from None
    return Compiler("protoc", (sys.executable, "-P", "-m", "grpc_tools.protoc"), version("grpcio-tools"))
