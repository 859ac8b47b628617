"""What the toolchain hands out: complete facts, one build per key, and errors that reach only whom they concern."""

from __future__ import annotations

import ctypes
import shutil
import sysconfig
from pathlib import Path

import pytest

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain import build, sources
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.compiler import python_include
from ffi_spectrum.toolchain.extension import load_extension
from ffi_spectrum.toolchain.target import WASM32

FACTS = {
    "name", "compiler", "version", "flags", "target", "triple", "cpu", "build", "seconds", "nbytes", "sha256",
    "was_cached",
}  # fmt: skip
NATIVE = ("floor", "ctypes")


MODULE = """
#include <Python.h>
static struct PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT, .m_name = "_ffis_empty", .m_size = 0};
PyMODINIT_FUNC PyInit__ffis_empty(void) { return PyModule_Create(&definition); }
"""


@pytest.fixture
def broken_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the C sources, which the toolchain reads from now on, with a kernel that no compiler takes."""
    for name in ("native", "wasm"):
        shutil.copytree(sources.source_root() / name, tmp_path / name)
    (tmp_path / "native" / "kernels" / "saxpy.c").write_text('#include "ffis.h"\nvoid broken( {\n')
    monkeypatch.setattr(sources, "source_root", lambda: tmp_path)
    return tmp_path


def test_facts_are_complete(tmp_path: Path) -> None:
    toolchain = Toolchain(cache_root=tmp_path / "cache")
    for artifact in (toolchain.prototypes(toolchain.target), toolchain.native_library()):
        assert set(artifact.facts) >= FACTS
        assert artifact.facts["nbytes"] == artifact.path.stat().st_size > 0
        assert artifact.facts["seconds"] > 0
        assert artifact.facts["build"] == "timed"
        assert artifact.facts["target"] == toolchain.target.name
        assert artifact.facts["was_cached"] is False
        assert Artifact.from_json(artifact.to_json()) == artifact
    again = Toolchain(cache_root=tmp_path / "cache").native_library()
    assert again.facts["was_cached"] is True
    assert again.facts["seconds"] == toolchain.native_library().facts["seconds"]


def test_a_changed_source_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    for name in ("native", "wasm"):
        shutil.copytree(sources.source_root() / name, tree / name)
    monkeypatch.setattr(sources, "source_root", lambda: tree)
    toolchain = Toolchain(cache_root=tmp_path / "cache")
    first = toolchain.native_library()
    for changed in ("native/kernels/add.c", "native/kernels/matmul_body.h", "native/include/ffis.h"):
        (tree / changed).write_text((tree / changed).read_text() + "\n/* changed */\n")
        assert toolchain.native_library().path != first.path, changed


def test_builds_differ_and_live_side_by_side() -> None:
    """Both loaded in one process: neither answers for the other."""
    timed, counting = Toolchain().native_library(), Toolchain(build="counting").native_library()
    assert timed.path != counting.path
    plain, counted = ctypes.CDLL(str(timed.path)), ctypes.CDLL(str(counting.path))
    assert not hasattr(plain, "ffis_count_noop")
    before = counted.ffis_count_noop()
    plain.ffis_noop()
    assert counted.ffis_count_noop() == before
    counted.ffis_noop()
    assert counted.ffis_count_noop() == before + 1


def test_the_library_has_no_name_that_another_could_take() -> None:
    """A soname would let the dynamic linker give an extension the library of another build that is loaded already."""
    data = Toolchain().native_library().path.read_bytes()
    assert b"libffis.so\0" not in data


def test_only_the_abi_is_exported() -> None:
    toolchain = Toolchain()
    library = ctypes.CDLL(str(toolchain.native_library().path))
    for kernel in toolchain.kernels(toolchain.target):
        name = kernel.symbol.removeprefix("ffis_")
        for symbol in (kernel.symbol, f"ffis_repeat_{name}", f"ffis_direct_{name}"):
            assert hasattr(library, symbol), symbol
        assert not hasattr(library, f"ffis_count_{name}")
    assert not hasattr(library, "encode_tail")


def test_the_guest_has_no_imports() -> None:
    wasmtime = pytest.importorskip("wasmtime", reason="wasmtime reads the module")
    toolchain = Toolchain()
    guest = wasmtime.Module.from_file(wasmtime.Engine(), str(toolchain.guest_module().path))
    assert guest.imports == []
    exports = {export.name for export in guest.exports}
    assert exports >= {kernel.symbol for kernel in toolchain.kernels(WASM32)}
    assert exports >= {"memory", "__indirect_function_table", "ffis_guest_alloc"}
    assert not any(name.startswith(("ffis_direct_", "ffis_count_")) for name in exports)


def test_missing_headers_leave_the_rest_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Python.h a rung either builds all the same, or is unavailable with the install hint."""
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    toolchain = Toolchain()
    with pytest.raises(Unavailable, match="python3-dev"):
        toolchain.extension("any", "")
    own = [name for name in RUNGS if not rung_class(name).info.uses_device]  # those want a device first
    reasons = {name: reason_of(name, toolchain) for name in own}
    assert all("python3-dev" in reason for reason in reasons.values() if reason)
    assert not any(reasons[name] for name in ("floor", "ctypes", "python", "numpy"))
    assert reasons["cext"]


def reason_of(name: str, toolchain: Toolchain) -> str:
    """Why the rung `name` cannot be built; "" where it can."""
    try:
        rung_class(name).build(toolchain)
    except Unavailable as absent:
        return absent.reason
    return ""


def test_an_unusable_cache_keeps_away_only_the_rungs_that_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    toolchain = Toolchain(cache_root=tmp_path / "file" / "cache")
    assert toolchain.cache_root == tmp_path / "file" / "cache"
    assert rung_class("python").build(toolchain) == {}
    for _ in range(2):
        with pytest.raises(BuildError, match="set FFI_SPECTRUM_CACHE"):
            rung_class("ctypes").build(toolchain)


def test_an_extension_finds_its_library_in_a_folder_with_a_comma(tmp_path: Path) -> None:
    """The linker splits -Wl,-rpath,DIR at commas."""
    try:
        python_include()
    except Unavailable as absent:
        pytest.skip(absent.reason)
    folder = tmp_path / "a,b"
    folder.mkdir()
    library = Artifact(folder / "libffis.so", {})
    shutil.copy(Toolchain().native_library().path, library.path)
    toolchain = Toolchain(cache_root=tmp_path / "cache")
    toolchain.cache.zig = Toolchain().cache.zig  # libc is there already
    built = toolchain.extension("_ffis_empty", MODULE, library)
    assert f"{folder}\0".encode() in built.path.read_bytes()
    assert load_extension("_ffis_empty", built).__name__ == "_ffis_empty"


def test_headers_split_by_architecture_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Debian and Ubuntu install them: pyconfig.h is in /usr/include/ARCH/pythonX.Y, and included from there."""
    include = tmp_path / "include"
    for path, text in {
        "python9.9/Python.h": "#include <some-arch/python9.9/pyconfig.h>\n",
        "some-arch/python9.9/pyconfig.h": "#define ANSWER 42\n",
        "stdint.h": '#error "the compiler\'s own headers come first"\n',
    }.items():
        (include / path).parent.mkdir(parents=True, exist_ok=True)
        (include / path).write_text(text)
    monkeypatch.setattr(build, "python_include", lambda: include / "python9.9")
    source = (
        '#include <Python.h>\n#include <stdint.h>\n__attribute__((visibility("default"))) int32_t answer = ANSWER;\n'
    )
    made = Toolchain(cache_root=tmp_path / "cache").extension("_ffis_answer", source)
    assert ctypes.c_int32.in_dll(ctypes.CDLL(str(made.path)), "answer").value == 42


def test_a_program_that_is_no_compiler_is_named(tmp_path: Path) -> None:
    program = shutil.which("true")
    assert program
    with pytest.raises(BuildError, match=rf"^{program} ended .* did not write add\.o: .* choose another with --cc$"):
        Toolchain(program, cache_root=tmp_path / "cache").native_library()


@pytest.mark.parametrize("name", NATIVE)
def test_a_broken_kernel_names_its_file(name: str, broken_tree: Path) -> None:
    with pytest.raises(BuildError, match=r"saxpy\.c") as caught:
        rung_class(name).build(Toolchain())
    assert "error:" in str(caught.value)


def test_a_broken_kernel_leaves_python_alone(broken_tree: Path) -> None:
    rung = rung_class("python")(rung_class("python").build(Toolchain()))
    rung.open()
    with pytest.raises(BuildError, match=r"saxpy\.c"):
        Toolchain().guest_module()


def test_a_broken_header_names_its_file(broken_tree: Path) -> None:
    header = broken_tree / "native" / "include" / "ffis.h"
    header.write_text(header.read_text().replace("int64_t ffis_add", "int64 ffis_add"))
    with pytest.raises(BuildError, match=r"ffis\.h"):
        Toolchain().prototypes(WASM32)


def test_missing_sources_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "_PACKAGE", tmp_path / "harness" / "ffi_spectrum")
    with pytest.raises(BuildError, match="install the package again"):
        sources.source_root()


def test_sources_inside_a_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "ffi_spectrum"
    shutil.copytree(sources.source_root() / "native", package / "_sources" / "native")
    monkeypatch.setattr(sources, "_PACKAGE", package)
    assert sources.header() == package / "_sources" / "native" / "include" / "ffis.h"
    assert sources.kernel_sources()
