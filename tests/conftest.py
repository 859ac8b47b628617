"""Options and profiles that the whole suite shares."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# A suite that was started in the background has Ctrl-C ignored, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a rung that interprets WebAssembly is a thousand times slower than one that calls C.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ffi-spectrum's own tests")
    group.addoption(
        "--build",
        choices=("timed", "counting", "ubsan", "asan"),
        default="timed",
        help="which build of the kernels the conformance tests call",
    )
    group.addoption("--cc", default="zig", help="the C compiler that makes the native side of that build")
