"""Case ids are what users type; they must not change by accident."""

from __future__ import annotations

from ffi_spectrum.case import Case


def test_ids_read_from_left_to_right() -> None:
    assert Case("add", 0, "cffi_api", "prebound", "none").id == "add/0/cffi_api/prebound/none/per_call"
    case = Case("crc32", 1023, "ctypes", "fresh", "host", "data_as", "batched", (("calls", 8), ("threads", 2)))
    assert Case.from_id(case.id) == case
    assert (case.way, Case.from_id("add/0/floor/prebound/none/per_call").way) == ("ctypes.data_as", "floor")
    assert Case.from_id("add/0/floor/prebound/none/per_call") == Case("add", 0, "floor", "prebound", "none")
    assert case.id == "crc32/1023/ctypes.data_as/fresh/host/batched/calls=8,threads=2"
