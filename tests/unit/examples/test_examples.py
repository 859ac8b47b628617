"""The template projects build, run and notice a wrong kernel, each in its own folder and process."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ffi_spectrum import examples

EXPECTED_LINES = ["crc32: 0xCBF43926 ok", "saxpy: 1003 elements ok"]
TIMEOUT_S = 120  # a first compile with an empty Zig cache takes ten seconds on a slow machine

# What `make` compiles or runs; pure Python has no other source than kernels.py.
KERNEL_FILE = {"cffi": "kernels.c", "ctypes": "kernels.c", "wasmtime": "kernels.c", "python": "kernels.py"}
MUTATIONS = {
    "polynomial": ("0xEDB88320", "0xEDB88321", "crc32: "),
    "sum": ("a * x[i] + y[i]", "a * x[i] - y[i]", "saxpy: "),
}


@pytest.fixture(scope="session")
def build_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment without the caller's compiler settings, with one Zig cache for all builds."""
    cache = tmp_path_factory.mktemp("zig-cache")
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(cache / "no-such-home"),
        "ZIG_GLOBAL_CACHE_DIR": str(cache / "global"),
        "ZIG_LOCAL_CACHE_DIR": str(cache / "local"),
        "PYTHONDONTWRITEBYTECODE": "1",  # a changed kernels.py within one second must not meet a stale .pyc
    }


def run(command: list[str], directory: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def make(target: str, directory: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run(["make", target, f"PYTHON={sys.executable}"], directory, env)


def write_or_skip(name: str, directory: Path) -> list[Path]:
    headers = Path(sysconfig.get_paths()["include"])
    if name == "cffi" and not (headers / "Python.h").is_file():
        pytest.skip(f"cffi's API mode needs CPython's headers, and {headers} has no Python.h")
    return examples.write(name, directory)


def kernel_lines(result: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in result.stdout.splitlines() if line.startswith(("crc32: ", "saxpy: "))]


def test_names_are_in_the_order_of_the_spectrum() -> None:
    assert examples.names() == ("cffi", "ctypes", "wasmtime", "python")


@pytest.mark.parametrize("name", examples.names())
def test_a_written_project_builds_and_runs(name: str, tmp_path: Path, build_env: dict[str, str]) -> None:
    write_or_skip(name, tmp_path)
    result = make("run", tmp_path, build_env)
    assert result.returncode == 0, result.stdout + result.stderr
    assert kernel_lines(result) == EXPECTED_LINES


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", examples.names())
def test_the_demo_notices_a_wrong_kernel(name: str, mutation: str, tmp_path: Path, build_env: dict[str, str]) -> None:
    write_or_skip(name, tmp_path)
    right, wrong, line_start = MUTATIONS[mutation]
    source = tmp_path / KERNEL_FILE[name]
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, wrong))

    assert make("build", tmp_path, build_env).returncode == 0
    demo = run([sys.executable, "demo.py"], tmp_path, build_env)
    assert demo.returncode == 1, demo.stdout + demo.stderr
    mismatches = [line for line in kernel_lines(demo) if line.endswith("MISMATCH")]
    assert len(mismatches) == 1
    assert mismatches[0].startswith(line_start)


def test_the_numpy_saxpy_is_checked_beside_the_pure_one(tmp_path: Path, build_env: dict[str, str]) -> None:
    examples.write("python", tmp_path)
    source = tmp_path / "kernels.py"
    source.write_text(source.read_text().replace("y += np.float32(a) * x", "y -= np.float32(a) * x"))
    demo = run([sys.executable, "demo.py"], tmp_path, build_env)
    assert demo.returncode == 1
    assert kernel_lines(demo) == [EXPECTED_LINES[0], "saxpy: 1003 elements MISMATCH"]


@pytest.mark.parametrize("name", ["cffi", "ctypes", "wasmtime"])
def test_make_clean_leaves_only_the_written_files(name: str, tmp_path: Path, build_env: dict[str, str]) -> None:
    written = write_or_skip(name, tmp_path)
    assert make("build", tmp_path, build_env).returncode == 0
    assert set(tmp_path.iterdir()) > set(written)
    assert make("clean", tmp_path, build_env).returncode == 0
    assert set(tmp_path.iterdir()) == set(written)


# Each argument list would corrupt memory or give a wrong result if its pointer crossed unchecked.
REFUSED_BY_NATIVE = """
import ctypes
import numpy as np
import kernels
x = np.ones(8, np.float32)
frozen = x.copy()
frozen.flags.writeable = False
unaligned = np.zeros(33, np.uint8)[1:].view(np.float32)
wrong_dtype, swapped_bytes = (x.astype(np.float64), x), (x, x.astype(">f4"))
strided, shorter = (x[::2], x[:4]), (x, x[:4])
for left, right in [wrong_dtype, swapped_bytes, strided, shorter, (x, frozen), (x, unaligned)]:
    try:
        kernels.saxpy(2.0, left, right)
    except (TypeError, ValueError, ctypes.ArgumentError) as error:
        print(type(error).__name__)
    else:
        print("accepted")
kernels.saxpy(2.0, frozen, x)
assert x.tolist() == [3.0] * 8
"""
REFUSED_BY_WASMTIME = """
import gc
import zlib
import numpy as np
from kernels import Kernels
kernels = Kernels()
x = kernels.empty(8)
x[:] = 1
refused = [
    lambda: kernels.saxpy(2.0, np.ones(8, np.float32), x),
    lambda: kernels.saxpy(2.0, Kernels().empty(8), x),
    lambda: kernels.saxpy(2.0, x[::2], x[:4]),
    lambda: kernels.saxpy(2.0, x, x[:4]),
    lambda: kernels.saxpy(2.0, x.view(np.int32), x),
    lambda: kernels.empty(2**30),
    lambda: kernels.empty(-1),
    lambda: kernels.crc32(bytes(2**20)),
]
for call in refused:
    try:
        call()
    except (TypeError, ValueError, MemoryError) as error:
        print(type(error).__name__)
    else:
        print("accepted")
assert [kernels.crc32(bytes(900_000)) for _ in range(3)] == [zlib.crc32(bytes(900_000))] * 3
assert kernels.crc32(b"") == 0
del kernels, refused, call
gc.collect()
x += 1
assert x.tolist() == [2.0] * 8
"""


@pytest.mark.parametrize(
    ("name", "script", "errors"),
    [
        ("cffi", REFUSED_BY_NATIVE, ["TypeError"] * 2 + ["ValueError"] * 3 + ["TypeError"]),
        ("ctypes", REFUSED_BY_NATIVE, ["ArgumentError"] * 3 + ["ValueError"] + ["ArgumentError"] * 2),
        (
            "wasmtime",
            REFUSED_BY_WASMTIME,
            ["ValueError"] * 2 + ["TypeError", "ValueError", "TypeError"] + ["MemoryError"] * 3,
        ),
    ],
)
def test_a_binding_refuses_what_the_kernel_must_not_see(
    name: str, script: str, errors: list[str], tmp_path: Path, build_env: dict[str, str]
) -> None:
    write_or_skip(name, tmp_path)
    assert make("build", tmp_path, build_env).returncode == 0
    result = run([sys.executable, "-c", script], tmp_path, build_env)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == errors
