"""A kernel that does not compile, and missing headers, cost the rungs that need them; everything else goes on."""

from __future__ import annotations

import json

from .scratch import ScratchTree


def rows(tree: ScratchTree, *options: str) -> dict[str, dict[str, object]]:
    done = tree.run("bench", "--out", "out.jsonl", *options)
    assert done.returncode == 0, done.stderr
    shown = json.loads(tree.run("show", "out.jsonl", "--json").stdout)
    return {row["rung"]: row for row in shown}


def test_a_compile_error_shows_the_compilers_message_and_the_rest_runs(tree: ScratchTree) -> None:
    tree.edit("native/kernels/add.c", "return", "retrun")
    found = rows(
        tree, "--kernel", "add", "--rung", "ctypes", "--rung", "wasmtime", "--rung", "python", "--rung", "stdlib"
    )
    for rung in ("floor", "ctypes", "wasmtime"):
        assert found[rung]["status"] == "unavailable"
        assert "add.c" in str(found[rung]["reason"])
        assert "retrun" in str(found[rung]["reason"])
    assert found["python"]["status"] == "ok"
    assert found["stdlib"]["status"] == "ok"


def test_without_a_package_its_rungs_say_which(tree: ScratchTree) -> None:
    tree.write("harness/sitecustomize.py", "import sys\nsys.modules['wasmtime'] = None\nsys.modules['cffi'] = None\n")
    rungs = ("wasmtime", "wasmtime_fast", "cffi_api", "cffi_abi", "ctypes", "python")
    found = rows(tree, "--kernel", "add", *(option for rung in rungs for option in ("--rung", rung)))
    for rung, package in (("wasmtime", "wasmtime"), ("wasmtime_fast", "wasmtime"), ("cffi_api", "cffi")):
        assert found[rung]["status"] == "unavailable"
        assert f"pip install {package}" in str(found[rung]["reason"])
    for rung in ("floor", "ctypes", "python"):
        assert found[rung]["status"] == "ok"


def test_without_cpython_headers_the_rungs_that_need_them_say_so(tree: ScratchTree) -> None:
    hide = "import sysconfig\n_real = sysconfig.get_path\n"
    hide += "sysconfig.get_path = lambda name, *a, **k: '/nowhere' if 'include' in name else _real(name, *a, **k)\n"
    tree.write("harness/sitecustomize.py", hide)
    options = [option for rung in ("cext", "cffi_api", "cffi_abi", "ctypes", "python") for option in ("--rung", rung)]
    found = rows(tree, "--kernel", "add", *options)
    for rung in ("cext", "cffi_api"):
        assert found[rung]["status"] == "unavailable"
        assert "python3-dev" in str(found[rung]["reason"])
    for rung in ("floor", "cffi_abi", "ctypes", "python"):
        assert found[rung]["status"] == "ok"
