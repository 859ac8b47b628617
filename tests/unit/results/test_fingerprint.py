"""What the fingerprint reads of a machine, and which of it a resumed run must find again."""

from __future__ import annotations

import sysconfig
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results import fingerprint
from ffi_spectrum.results.fingerprint import PASSING, take_fingerprint
from ffi_spectrum.results.record import RunRecord
from ffi_spectrum.results.writer import SAME_MACHINE, open_results

CPU = "sys/devices/system/cpu"
FILES = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Invented CPU @ 3 GHz\nmicrocode\t: 0x2b\n"
    "flags\t\t: fpu hypervisor sse\n\nprocessor\t: 1\nmodel name\t: Other\nmicrocode\t: 0x99\n",
    "proc/stat": "cpu  11 22 33 44 55 66 77 88 99 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n",
    "proc/sys/kernel/randomize_va_space": "2\n",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/smt/control": "on\n",
    f"{CPU}/cpufreq/boost": "0\n",
}
FOUND = {
    "cpu": "Invented CPU @ 3 GHz", "microcode": "0x2b", "hypervisor": True, "steal_ticks": 88, "aslr": "2",
    "governor": "performance", "smt": "on", "turbo": False,
}  # fmt: skip
RUN = RunRecord({"panels": {}, "profile": {}}, "plan", "library", take_fingerprint(), {}, "2026-01-01", "0.1.0")


def machine(root: Path, **changes: str | None) -> dict[str, Any]:
    """The fingerprint of an invented machine; a changed file with None does not exist."""
    for name, content in (FILES | changes).items():
        if content is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    return take_fingerprint(root=root)


def test_every_fact_is_found_where_linux_has_it(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert {name: found[name] for name in FOUND} == FOUND


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    found = take_fingerprint(root=tmp_path / "nothing")
    unreadable = set(FOUND) - {"cpu"}
    assert {name for name in unreadable if found[name] is not None} == set()
    assert found["cpu"]  # then the architecture stands for it


@pytest.mark.parametrize(
    ("files", "turbo"),
    [
        ({f"{CPU}/cpufreq/boost": "1\n"}, True),
        ({f"{CPU}/cpufreq/boost": None}, None),
        ({f"{CPU}/intel_pstate/no_turbo": "0\n"}, True),
        ({f"{CPU}/intel_pstate/no_turbo": "1\n", f"{CPU}/cpufreq/boost": "1\n"}, False),
    ],
)
def test_turbo_is_read_from_either_driver(tmp_path: Path, files: dict[str, str | None], turbo: bool | None) -> None:
    assert machine(tmp_path, **files)["turbo"] is turbo


@pytest.mark.parametrize(("flags", "expected"), [("flags : fpu sse\n", False), ("Features : fp asimd\n", None)])
def test_only_x86_says_whether_it_is_virtual(tmp_path: Path, flags: str, expected: bool | None) -> None:
    assert machine(tmp_path, **{"proc/cpuinfo": flags})["hypervisor"] is expected


@pytest.mark.parametrize("stat", ["cpu 1 2 3 4\n", "intr 1 2 3 4 5 6 7 8 9\n", "cpu 1 2 3 4 5 6 7 x 9\n", ""])
def test_an_unknown_form_of_proc_stat_has_no_steal(tmp_path: Path, stat: str) -> None:
    assert machine(tmp_path, **{"proc/stat": stat})["steal_ticks"] is None


def test_it_names_the_python_the_compilers_and_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "PACKAGES", ("cffi", "grpcio", "protobuf", "no-such-package"))
    found = take_fingerprint(["zig 1", "wasmtime 2", "zig 1"])
    assert found["compilers"] == "zig 1, wasmtime 2"
    assert take_fingerprint()["compilers"] is None
    assert found["packages"] == {
        "cffi": version("cffi"), "grpcio": version("grpcio"), "protobuf": version("protobuf"), "no-such-package": None
    }  # fmt: skip
    assert all(found[name] for name in ("python", "implementation", "python_build", "python_compiler", "gil", "system"))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: None)
    assert take_fingerprint()["optimised_build"] is None


def test_the_packages_that_rungs_stand_on_are_named() -> None:
    assert {"cffi", "numpy", "wasmtime", "ziglang", "pywasm", "grpcio", "protobuf"} <= set(fingerprint.PACKAGES)


def test_what_passes_takes_no_part_in_a_resume(tmp_path: Path) -> None:
    assert set(SAME_MACHINE) | PASSING <= set(RUN.fingerprint)
    assert not PASSING & set(SAME_MACHINE)
    path = tmp_path / "r.jsonl"
    open_results(path, RUN)[1].close()
    later = RUN.fingerprint | dict.fromkeys(PASSING, 12345)
    results, writer = open_results(path, replace(RUN, fingerprint=later))
    writer.close()
    assert results.run == RUN


@pytest.mark.parametrize("name", SAME_MACHINE)
def test_another_machine_or_python_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "r.jsonl"
    open_results(path, RUN)[1].close()
    with pytest.raises(ResultsError, match=f"another {name}: "):
        open_results(path, replace(RUN, fingerprint=RUN.fingerprint | {name: "other"}))
