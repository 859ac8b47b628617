"""The worker's lists, tested in C under the sanitizers; and what they find in lists that are not checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ffi_spectrum.toolchain import sources

from .test_ring import build_and_run
from .test_sanitizers import compiler_or_skip

BUILDS = [("zig", "undefined"), ("zig", "thread"), ("gcc", "address,undefined")]
# (as it is, as it must not be): each leaves out one check, or one step of a list's life
MUTATIONS = [
    pytest.param("rows_nbytes <= nbytes - rows->offset", "rows_nbytes > 0", id="rows beyond the region"),
    pytest.param("const int is_aligned = rows->offset % sizeof(uint64_t) == 0;", "const int is_aligned = 1;",
                 id="rows that are not aligned"),
    pytest.param("if (kernel >= ffis_thunk_kernels()) {", "if (kernel > ffis_thunk_kernels()) {",
                 id="a kernel too many"),
    pytest.param("+ UINT64_C(2) > list->stride", "+ UINT64_C(1) > list->stride", id="no room for the result"),
    pytest.param("return place->program != NULL && place->id == id ? place : NULL;", "return place;",
                 id="any list for any id"),
    pytest.param("    *list = (struct ffis_list){.program = NULL};\n", "", id="a list that is freed and kept"),
    pytest.param("(FFIS_MAX_SLOTS + 1) * sizeof(uint64_t)", "sizeof(uint64_t) / 2", id="a program without room"),
]  # fmt: skip


@pytest.mark.parametrize(("cc", "sanitizer"), BUILDS)
def test_c_tests_pass(cc: str, sanitizer: str, tmp_path: Path) -> None:
    native = sources.source_root() / "native"
    done = build_and_run(native, compiler_or_skip(cc), sanitizer, 0, 60, tmp_path, "test_lists")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" passed, 0 failed\n")
    assert done.stderr == ""


@pytest.mark.parametrize(("right", "wrong"), MUTATIONS)
def test_lists_that_are_not_checked_are_noticed(right: str, wrong: str, tmp_path: Path) -> None:
    native = tmp_path / "native"
    shutil.copytree(sources.source_root() / "native", native)
    header = native / "support" / "lists.h"
    assert header.read_text().count(right) == 1
    header.write_text(header.read_text().replace(right, wrong))
    done = build_and_run(native, compiler_or_skip("gcc"), "address,undefined", 0, 10, tmp_path, "test_lists")
    assert done.returncode != 0, done.stdout
