"""Fixtures of the conformance suite: every rung of the table, on the build that `--build` names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ffi_spectrum.toolchain.build import Toolchain

from .agreement import Reference
from .opened import OpenRungs


@pytest.fixture(scope="session")
def rungs(pytestconfig: pytest.Config) -> Iterator[OpenRungs]:
    """All rungs, on the build and with the compiler that the options name."""
    opened = OpenRungs(Toolchain(pytestconfig.getoption("cc"), pytestconfig.getoption("build")))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def counting_rungs() -> Iterator[OpenRungs]:
    """All rungs on the build that counts how often each kernel is entered."""
    opened = OpenRungs(Toolchain(build="counting"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def reference(rungs: OpenRungs) -> Reference:
    """What the native library answers, which bit-identical rungs must repeat."""
    return Reference(rungs)
