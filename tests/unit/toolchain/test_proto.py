"""The generated gRPC service: what each kernel's messages hold, how they are compiled, and what can go wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.header import Parameter, Prototype, parse_type
from ffi_spectrum.toolchain.proto import Role, Roles, load_roles, proto_source, service_descriptors

pytest.importorskip("grpc_tools", reason="the service is compiled by grpcio-tools: `pip install grpcio-tools`")

from ffi_spectrum.remote.messages import Messages

DOT_PRODUCT = """
message DotProductRequest {
  optional uint64 times = 1;
  bytes x = 2;
  int32 shift = 4;
  uint32 size = 5;
}

message DotProductResponse {
  double return_value = 1;
  bytes out = 3;
}
"""


def toy(symbol: str, returns: str, **parameters: str) -> Prototype:
    made = tuple(Parameter(name, parse_type(spelling, 8)) for name, spelling in parameters.items())
    return Prototype(symbol, parse_type(returns, 8), made)


DOT = toy("ffis_dot_product", "double", x="const float *", out="uint8_t *", shift="int8_t", size="uint32_t")
NOTHING = toy("ffis_nothing", "void")
ROLES: Roles = {
    "ffis_dot_product": {
        "x": Role("in", ("size",)), "out": Role("out", ("size", "(size + 2) // 3")), "shift": Role("scalar"),
        "size": Role("length"),
    },
    "ffis_nothing": {},
}  # fmt: skip


def compiled(tmp_path: Path, *kernels: Prototype, roles: Roles = ROLES) -> Path:
    return service_descriptors(Toolchain(cache_root=tmp_path / "cache"), kernels, roles).path


def test_messages_hold_what_the_prototype_and_the_roles_say() -> None:
    source = proto_source([DOT, NOTHING], ROLES)
    assert DOT_PRODUCT in source
    assert "message NothingRequest {\n  optional uint64 times = 1;\n}\n" in source
    assert "message NothingResponse {\n}\n" in source
    assert "  rpc DotProduct(DotProductRequest) returns (DotProductResponse);\n" in source
    assert "    DotProductRequest dot_product = 1;\n    NothingRequest nothing = 2;\n" in source
    assert "    NothingResponse nothing = 2;\n    Refusal refusal = 3;\n" in source


def test_classes_are_made_from_the_descriptors(tmp_path: Path) -> None:
    messages = Messages(compiled(tmp_path, DOT, NOTHING))
    exchange = messages.exchanges["dot_product"]
    assert (exchange.index, exchange.method) == (0, "DotProduct")
    assert messages.exchanges["nothing"].index == 1
    request = exchange.request(x=b"1234", shift=-5, size=2**32 - 1)
    assert exchange.request.FromString(request.SerializeToString()) == request
    assert not request.HasField("times")
    assert exchange.request(times=0).HasField("times")
    for wrong in ({"size": 2**32}, {"size": -1}, {"x": "text"}, {"shift": 1.5}, {"out": b""}):
        with pytest.raises((TypeError, ValueError)):
            exchange.request(**wrong)


def test_two_services_of_one_name_live_side_by_side(tmp_path: Path) -> None:
    """They would collide in protobuf's common pool, and as modules in sys.modules, where a user's own may be."""
    before = set(sys.modules)
    first, second = Messages(compiled(tmp_path, DOT)), Messages(compiled(tmp_path, NOTHING, DOT))
    assert first.exchanges["dot_product"].index == 0
    assert second.exchanges["dot_product"].index == 1
    assert "nothing" not in first.exchanges
    assert set(sys.modules) == before


def test_descriptors_are_kept_with_their_source_and_roles(tmp_path: Path) -> None:
    toolchain = Toolchain(cache_root=tmp_path)
    cold = service_descriptors(toolchain, [DOT], ROLES)
    warm = service_descriptors(toolchain, [DOT], ROLES)
    assert (cold.facts["was_cached"], warm.facts["was_cached"]) == (False, True)
    assert cold.path == warm.path
    assert (cold.facts["compiler"], cold.facts["name"]) == ("protoc", "ffis.binpb")
    assert cold.path.with_name("ffis.proto").read_text() == proto_source([DOT], ROLES)
    assert load_roles(cold.path) == ROLES


def test_other_dimensions_make_another_entry(tmp_path: Path) -> None:
    """The messages are the same, and what the worker reads of them is not."""
    others = {"ffis_dot_product": {**ROLES["ffis_dot_product"], "x": Role("in", ("size", "size"))}}
    assert proto_source([DOT], others) == proto_source([DOT], ROLES)
    assert compiled(tmp_path, DOT) != compiled(tmp_path, DOT, roles=others)


def test_a_name_that_collides_is_refused_with_protocs_own_message(tmp_path: Path) -> None:
    count = toy("ffis_count", "void")
    with pytest.raises(BuildError, match=r'"CountRequest" is already defined'):
        compiled(tmp_path, count, roles={"ffis_count": {}})


def test_without_grpcio_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc_tools", None)  # an import then fails as if it were not there
    with pytest.raises(Unavailable, match=r"grpcio-tools: `pip install grpcio grpcio-tools`"):
        compiled(tmp_path, DOT)


def test_modules_in_the_working_folder_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grpc_tools", "google"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is no protoc')\n")
    monkeypatch.chdir(tmp_path)
    assert compiled(tmp_path, DOT).stat().st_size > 0
