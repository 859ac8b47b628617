"""The ring's C tests, under the sanitizers that each compiler has; and what they find in a ring that is broken."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.compiler import find_compiler

from .test_sanitizers import WARNINGS, compiler_or_skip

# Zig ships no ASan runtime.
BUILDS = [
    pytest.param("zig", "undefined", 100_000, id="zig/undefined"),
    pytest.param("zig", "thread", 20_000, id="zig/thread"),
    pytest.param("gcc", "address,undefined", 20_000, id="gcc/address"),
]
# (file, as it is, as it must not be): each breaks one promise of the ring
MUTATIONS = [
    pytest.param(
        "ring.h",
        "    atomic_store(seq, value);\n    if (atomic_load(&bell->waits)) {",
        "    const uint32_t waits = atomic_load(&bell->waits);\n    atomic_store(seq, value);\n    if (waits) {",
        id="looks for sleepers before it publishes",
    ),
    pytest.param("ring.h", "atomic_load(seq) != value && ", "(seq != NULL || value) && ",
                 id="sleeps without a second look"),
    pytest.param("ring.h", "atomic_fetch_add(&bell->count, 2);", "", id="a ring that leaves the futex word as it is"),
    pytest.param("ring.h", "load_explicit(seq, memory_order_acquire)", "load_explicit(seq, memory_order_relaxed)",
                 id="reads what is not yet published"),
    pytest.param("ring_payload.h", "area->tail - area->head) { return", "area->end - area->head) { return",
                 id="stages over what is in use"),
    pytest.param("ring_payload.h", "            area->is_wrapped = 1;\n", "", id="forgets that it has wrapped"),
    pytest.param("ring_client.h", "if (client->count == FFIS_RING_ENTRIES) { return 0; }", "",
                 id="one request more than there are entries"),
    pytest.param("ring_client.h", "        if (atomic_load(&client->ring->request_bell.waits)) {", "        if (0) {",
                 id="relies on a worker that has fallen asleep"),
    pytest.param("serve_ring.h", "server.next = ring->first;", "", id="starts at another number"),
]  # fmt: skip


def build_and_run(
    native: Path, cc: str, sanitizer: str, pings: int, hang_s: int, folder: Path, name: str = "test_ring"
) -> subprocess.CompletedProcess[str]:
    program = folder / name
    flags = f"{WARNINGS} -D_GNU_SOURCE -DPINGS={pings} -DHANG_S={hang_s} -pthread -g -O1".split()
    flags += [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"]
    include = [f"-I{native / folder}" for folder in ("include", "support", "tests")]
    arguments = [*flags, *include, str(native / "tests" / f"{name}.c"), "-o", str(program)]
    find_compiler(cc).run(arguments, Toolchain().cache.zig)
    environment = dict(os.environ, TSAN_OPTIONS="halt_on_error=1")
    return subprocess.run([str(program)], capture_output=True, text=True, timeout=240, env=environment)


@pytest.mark.parametrize(("cc", "sanitizer", "pings"), BUILDS)
def test_c_tests_pass(cc: str, sanitizer: str, pings: int, tmp_path: Path) -> None:
    native = sources.source_root() / "native"
    done = build_and_run(native, compiler_or_skip(cc), sanitizer, pings, 60, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" passed, 0 failed\n")
    assert done.stderr == ""


@pytest.mark.parametrize(("name", "right", "wrong"), MUTATIONS)
def test_a_broken_ring_is_noticed(name: str, right: str, wrong: str, tmp_path: Path) -> None:
    """By a wrong answer, by ThreadSanitizer, or by a program in which nothing happens any more."""
    native = tmp_path / "native"
    shutil.copytree(sources.source_root() / "native", native)
    header = native / "support" / name
    assert header.read_text().count(right) == 1
    header.write_text(header.read_text().replace(right, wrong))
    done = build_and_run(native, "zig", "thread", 50_000, 4, tmp_path)
    assert done.returncode != 0, done.stdout
    assert done.returncode in (1, 66, -signal.SIGALRM, -signal.SIGABRT, -signal.SIGSEGV), done.stderr
