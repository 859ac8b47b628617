"""The native rungs on the sanitized builds, in processes of their own: a finding ends the process."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ffi_spectrum
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.build import Toolchain, probe

from .cells import NATIVE
from .test_guarded import host_cases

TREE = Path(__file__).parents[2]
FILES = ("test_guarded.py", "test_results.py", "test_vectors.py")


def copy_of_tree(folder: Path) -> Path:
    """What the conformance suite needs, copied so that a kernel can be broken in it."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(ffi_spectrum.__file__).parent, folder / "harness" / "ffi_spectrum", ignore=ignore)
    for name in ("native", "wasm"):
        shutil.copytree(sources.source_root() / name, folder / name, ignore=ignore)
    shutil.copytree(TREE / "tests", folder / "tests", ignore=ignore)
    shutil.copy(TREE / "pyproject.toml", folder)
    return folder


def change(tree: Path, kernel: str, right: str, wrong: str) -> None:
    path = tree / "native" / "kernels" / kernel
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))


def run_suite(
    tree: Path, build: str, cc: str, keyword: str, more: dict[str, str] | None = None, files: tuple[str, ...] = FILES
) -> subprocess.CompletedProcess[str]:
    """pytest on the conformance files of `tree`, on the build `build` made by `cc`."""
    path = os.pathsep.join(filter(None, [str(tree / "harness"), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "pytest", *(f"tests/conformance/{name}" for name in files)]
    # -s: a sanitizer ends the process at once, and what pytest had captured by then is lost
    options = ["--build", build, "--cc", cc, "-k", keyword, "-q", "-x", "-s", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options],
        capture_output=True, text=True, timeout=240, cwd=tree, env={**os.environ, "PYTHONPATH": path, **(more or {})},
    )  # fmt: skip


def passed(done: subprocess.CompletedProcess[str]) -> int:
    found = re.search(r"(\d+) passed", done.stdout)
    return int(found[1]) if found else 0


def asan_environment(cc: str) -> dict[str, str]:
    """What a Python that loads ASan-instrumented code needs; skips where `cc` or its runtime is missing.

    PYTHONMALLOC: every object gets red zones of its own. detect_leaks: CPython leaves much to the end of the process.
    """
    if shutil.which(cc) is None:
        pytest.skip(probe(cc))
    name = "libasan.so" if cc == "gcc" else "libclang_rt.asan.so"
    done = subprocess.run([cc, f"-print-file-name={name}"], capture_output=True, text=True, timeout=60, check=True)
    runtime = Path(done.stdout.strip())
    if not runtime.is_file():
        pytest.skip(f"{cc} comes without {name}: install its sanitizer runtime")
    return {"LD_PRELOAD": str(runtime.resolve()), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}


def fewest() -> int:
    """Tests that the floor alone must pass: a run that skipped everything is no proof."""
    return 2 * len([param for param in host_cases() if param.values[0].rung == "floor"])


def test_native_rungs_under_ubsan() -> None:
    done = run_suite(TREE, "ubsan", "zig", " or ".join(NATIVE))
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed(done) > fewest()


def test_ubsan_can_fail(tmp_path: Path) -> None:
    """A sum that overflows gives the right bits all the same, so only the sanitizer notices."""
    tree = copy_of_tree(tmp_path)
    change(tree, "element.h", "(int64_t)((uint64_t)a + (uint64_t)b)", "a + b")
    keyword, files = "add and floor and not bias_add", ("test_vectors.py",)
    plain = run_suite(tree, "timed", "zig", keyword, files=files)
    assert plain.returncode == 0, plain.stdout + plain.stderr
    assert passed(plain)
    trapped = run_suite(tree, "ubsan", "zig", keyword, files=files)
    assert trapped.returncode in (-signal.SIGILL, -signal.SIGTRAP), trapped.stdout + trapped.stderr


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_native_rungs_under_asan(cc: str) -> None:
    environment = asan_environment(cc)
    toolchain = Toolchain(cc, "asan")
    for name in NATIVE:
        rung_class(name).build(toolchain)  # here, so that no compiler runs with ASan preloaded
    done = run_suite(TREE, "asan", cc, " or ".join(NATIVE), environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed(done) > fewest()


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_asan_can_fail(cc: str, tmp_path: Path) -> None:
    environment = asan_environment(cc)
    tree = copy_of_tree(tmp_path)
    change(tree, "saxpy.c", "i < size", "i <= size")
    done = run_suite(tree, "asan", cc, "saxpy and floor", environment, ("test_results.py",))
    assert done.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in done.stdout + done.stderr


def test_the_suite_notices_a_wrong_result(tmp_path: Path) -> None:
    """A kernel that is wrong in its last element only, and one that fuses what must be rounded twice."""
    tree = copy_of_tree(tmp_path)
    change(tree, "relu.c", "i < size", "i + 1 < size")
    change(tree, "element.h", "a * x + y", "(float)((double)a * x + y)")
    for kernel, files in (("relu", ("test_results.py",)), ("saxpy", ("test_vectors.py",))):
        done = run_suite(tree, "timed", "zig", f"{kernel} and floor and not dense", files=files)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "1 failed" in done.stdout
