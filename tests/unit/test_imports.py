"""The import rule: who may see whom, read from every module's source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ffi_spectrum

PACKAGE = Path(ffi_spectrum.__file__).parent

# Each part of the package, and the parts or single modules that it may import beside its own.
ALLOWED: dict[str, set[str]] = {
    "case": set(),
    "errors": set(),
    "profiles": set(),
    "examples": {"errors"},
    "results": {"case", "errors"},
    "toolchain": {"errors"},
    "kernels": {"errors"},
    "remote": {"case", "errors", "toolchain", "kernels.spec", "kernels.table", "kernels.workload", "device"},
    "device": {"errors", "kernels.spec", "kernels.workload"},
    "rungs": {"case", "errors", "toolchain", "kernels", "remote", "device"},
    "prediction": {"case", "rungs", "kernels"},
    "plan": {"case", "errors", "rungs", "kernels", "prediction"},
    "measure": {"case", "errors", "plan", "prediction", "rungs", "kernels", "toolchain", "results", "remote", "device"},
    "analysis": {"case", "errors", "results"},
    "report": {"case", "errors", "results", "analysis"},
    "validation": {"case", "errors", "toolchain", "results", "measure", "analysis"},
    "commands": {
        "case", "errors", "plan", "rungs", "kernels", "toolchain", "results", "measure", "analysis", "report",
        "validation",
    },
    "api": {
        "case", "errors", "plan", "rungs", "kernels", "toolchain", "results", "measure", "analysis", "report",
    },
    "cli": {"commands", "errors", "examples", "report", "toolchain"},
    "__main__": {"cli"},
}  # fmt: skip


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted name inside the package, and file; the example projects are nobody's modules."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] != "examples" or len(parts) == 2:
            yield ".".join(part for part in parts if part != "__init__"), path


def imported(path: Path) -> Iterator[str]:
    """Our own modules that a file imports, wherever in it the statement stands, without the package's name."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who is seen"
            # "from ffi_spectrum.toolchain import cache" may name a module or an attribute: both are seen
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("ffi_spectrum.") for name in names if name.startswith("ffi_spectrum."))


def is_allowed(part: str, seen: str) -> bool:
    if seen == "__version__":
        return True
    return any(seen == name or seen.startswith(f"{name}.") for name in ALLOWED[part] | {part})


def test_every_part_of_the_package_has_its_line_in_the_rule() -> None:
    assert {name.partition(".")[0] for name, _ in modules() if name} == set(ALLOWED)


@pytest.mark.parametrize(("name", "path"), [pytest.param(name, path, id=name) for name, path in modules() if name])
def test_a_module_sees_only_what_its_part_may_see(name: str, path: Path) -> None:
    part = name.partition(".")[0]
    assert [seen for seen in imported(path) if not is_allowed(part, seen)] == []


def test_the_package_itself_imports_nothing() -> None:
    """Importing it costs nothing, whatever is used later."""
    statements = ast.parse((PACKAGE / "__init__.py").read_text()).body
    assert not any(isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements)


def test_the_rule_finds_an_import_that_breaks_it(tmp_path: Path) -> None:
    module = tmp_path / "spy.py"
    module.write_text("def f():\n    from ffi_spectrum.rungs import table\n    from ffi_spectrum import __version__\n")
    assert list(imported(module)) == ["rungs.table", "__version__"]
    assert not is_allowed("report", "rungs.table")
    assert not is_allowed("rungs", "measure.loop.call_once")
    assert is_allowed("rungs", "kernels.spec.KernelSpec")
