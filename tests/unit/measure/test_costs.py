"""Builds, starts and imports in fresh processes: what is found out, not how long it takes."""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import BuildError, Unavailable, UsageError
from ffi_spectrum.measure import costs
from ffi_spectrum.measure.child import run_child
from ffi_spectrum.measure.costs import CostsOptions, installed_nbytes, run_costs
from ffi_spectrum.measure.costs_worker import COMPILERS, rss_nbytes
from ffi_spectrum.measure.instance import first_way
from ffi_spectrum.measure.observer import Observer
from ffi_spectrum.measure.prebuilt import Prebuilt, shared_artifacts
from ffi_spectrum.measure.site import Site
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.target import X86_64_MUSL

WORKER = "ffi_spectrum.measure.costs_worker:"


@pytest.fixture(scope="module")
def shared() -> dict[str, Any]:
    return {name: artifact.to_json() for name, artifact in shared_artifacts(Toolchain()).items()}


def built_or_skip(rung: str) -> dict[str, Any]:
    try:
        return {name: artifact.to_json() for name, artifact in rung_class(rung).build(Toolchain()).items()}
    except Unavailable as absent:
        pytest.skip(absent.reason)


@pytest.mark.parametrize(
    ("rung", "needs"),
    [("ctypes", False), ("cffi_abi", False), ("wasmtime", False), ("python", False), ("cext", True), ("uds", True)],
)
def test_a_compiler_is_needed_or_not(rung: str, needs: bool, shared: dict[str, Any], tmp_path: Path) -> None:
    built_or_skip(rung)
    row = {"subject": rung, "shared": shared, "cache": str(tmp_path / "cache")}
    answer = run_child(f"{WORKER}try_without_compiler", row, 60.0, {"PATH": str(tmp_path)})
    assert answer["needs_compiler"] is needs
    assert answer["reason"].startswith("no C compiler") is needs


def test_a_compiler_on_path_spoils_the_trial(shared: dict[str, Any], tmp_path: Path) -> None:
    for name in COMPILERS[1:]:
        program = tmp_path / name / name
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o700)
        row = {"subject": "ctypes", "shared": shared, "cache": str(tmp_path / "cache")}
        with pytest.raises(BuildError, match=f"{name} was found all the same"):
            run_child(f"{WORKER}try_without_compiler", row, 60.0, {"PATH": str(program.parent)})


def test_only_what_the_rung_adds_is_built(shared: dict[str, Any], tmp_path: Path) -> None:
    built_or_skip("cext")
    row = {"subject": "cext", "shared": shared, "cc": "zig", "cache": str(tmp_path / "cache")}
    first, second = (run_child(f"{WORKER}build", row, 300.0) for _ in range(2))
    assert list(first["nbytes"]) == ["_ffis_cext.so"]
    assert first["nbytes"] == second["nbytes"]
    assert first["seconds"] > second["seconds"] > 0
    row["subject"] = "ctypes"
    assert run_child(f"{WORKER}build", row, 60.0)["nbytes"] == {}


def test_a_prebuilt_toolchain_has_no_more_than_it_was_given(tmp_path: Path) -> None:
    toolchain = Prebuilt({}, "zig", tmp_path / "cache")
    for take in (toolchain.native_library, toolchain.guest_module, lambda: toolchain.prototypes(X86_64_MUSL)):
        with pytest.raises(Unavailable, match="was not built before"):
            take()


@pytest.mark.parametrize("rung", ["ctypes", "stdlib", "uds"])
def test_a_start_ends_with_a_call(rung: str) -> None:
    row = {"way": first_way(rung).to_json(), "artifacts": built_or_skip(rung)}
    answer = run_child(f"{WORKER}start", row, 60.0)
    assert answer["first_call_s"] > answer["open_s"] > 0
    assert answer["import_s"] > 0
    assert (answer["worker_rss_nbytes"] > 0) == (rung == "uds")


def test_memory_that_is_used_counts() -> None:
    before = rss_nbytes()
    held = bytearray(b"x" * 50_000_000)
    assert rss_nbytes() - before > 40_000_000
    assert len(held) == 50_000_000


def test_an_installed_package_has_the_bytes_of_its_files() -> None:
    found = [Path(str(file.locate())) for file in files("cffi") or []]
    least = sum(path.stat().st_size for path in found if path.suffix == ".py" and path.is_file())
    assert installed_nbytes("cffi") > least > 100_000
    assert installed_nbytes("") == 0
    with pytest.raises(Unavailable, match="pip install no-such-package"):
        installed_nbytes("no-such-package")


def test_a_study_of_one_rung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "CLAIMS", ())
    monkeypatch.setattr(costs, "PACKAGES", {"ctypes": "", "no_such_package": "no-such-package"})
    options = CostsOptions(("python",), builds=1, processes=2)
    monkeypatch.setattr(costs, "_builds", lambda options, shared, site: [costs._build("python", 0, shared, site)])
    study = run_costs(options, tmp_path / "costs.jsonl", Site(Toolchain(), tmp_path), Observer())
    assert sorted(one.key for one in study.records) == [
        ("build", "python", 0), ("compiler", "python", 0), ("package", "ctypes", 0), ("package", "ctypes", 1),
        ("package", "no_such_package", -1), ("start", "python", 0), ("start", "python", 1),
    ]  # fmt: skip
    assert study.run.options.keys() == {"cc", "sources"}


@pytest.mark.parametrize("options", [{"rungs": ("cgo",)}, {"builds": 0}, {"processes": 0}], ids=str)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CostsOptions(**options)
