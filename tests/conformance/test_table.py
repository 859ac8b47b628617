"""The tables themselves: every rung can be imported, says what it is, and is available or says why not."""

from __future__ import annotations

from typing import get_args

import pytest

from ffi_spectrum.case import FORMS, PLACEMENTS
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.base import Check
from ffi_spectrum.rungs.table import RUNGS, rung_class

from .cells import CLASSES, ways
from .opened import OpenRungs


@pytest.mark.parametrize("name", RUNGS)
def test_rung_can_be_imported(name: str) -> None:
    assert rung_class(name).info.name == name


@pytest.mark.parametrize("name", CLASSES)
def test_rung_opens_or_says_why_not(name: str, rungs: OpenRungs) -> None:
    assert rungs.get(name).info.name == name


@pytest.mark.parametrize("name", CLASSES)
def test_info_is_complete(name: str) -> None:
    info = CLASSES[name].info
    for field in ("purpose", "copies", "errno", "needs", "native_code", "crash"):
        assert getattr(info, field).strip(), field
    assert info.checks <= set(get_args(Check))
    for form, placement in info.cells:
        assert form in FORMS
        assert placement in PLACEMENTS
    assert set(info.variants) <= {form for form, _ in info.cells} | {"prebound"}


@pytest.mark.parametrize("name", CLASSES)
def test_ways_are_distinct(name: str) -> None:
    for kernel in KERNELS.values():
        found = list(ways(name, kernel))
        assert found
        assert len(found) == len(set(found))
