"""The build cache: private, atomic, mended when damaged, safe under two builds at once."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.cache import MANIFEST, Cache

Make = Callable[[Path], dict[str, Any]]


class Maker:
    """Makes one file, and counts how often it was asked to."""

    def __init__(self, text: str = "made") -> None:
        self.text = text
        self.calls = 0

    def __call__(self, folder: Path) -> dict[str, Any]:
        self.calls += 1
        (folder / "file").write_text(self.text)
        return {"made": self.text}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_second_get_makes_nothing(cache: Cache) -> None:
    make = Maker()
    first, second = cache.get({"key": 1}, make), cache.get({"key": 1}, make)
    assert make.calls == 1
    assert (first.was_cached, second.was_cached) == (False, True)
    assert first.facts == second.facts == {"made": "made"}
    assert (second.folder / "file").read_text() == "made"


def test_other_material_is_another_entry(cache: Cache) -> None:
    make = Maker()
    assert cache.get({"key": 1}, make).folder != cache.get({"key": 2}, make).folder
    assert make.calls == 2


def test_everything_is_private(cache: Cache) -> None:
    folder = cache.get({"key": 1}, Maker()).folder
    for path in (cache.root, cache.entries, cache.zig, cache.locks, folder):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


def test_an_open_root_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    root.mkdir()
    root.chmod(0o755)
    assert stat.S_IMODE(Cache(root).root.stat().st_mode) == 0o700


def damage_file(folder: Path) -> None:
    (folder / "file").write_text("damaged")


def remove_file(folder: Path) -> None:
    (folder / "file").unlink()


def truncate_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text()[:20])


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("")


def remove_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def list_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


def lose_facts(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"files": {}}')


def binary_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    "damage",
    [
        damage_file, remove_file, truncate_manifest, empty_manifest, remove_manifest, list_manifest, lose_facts,
        binary_manifest,
    ],
)  # fmt: skip
def test_a_damaged_entry_is_made_again(cache: Cache, damage: Callable[[Path], None]) -> None:
    make = Maker()
    folder = cache.get({"key": 1}, make).folder
    damage(folder)
    assert cache.list() == []
    again = cache.get({"key": 1}, make)
    assert make.calls == 2
    assert again.was_cached is False
    assert (again.folder / "file").read_text() == "made"
    assert cache.get({"key": 1}, make).was_cached is True


def test_a_failed_make_leaves_nothing(cache: Cache) -> None:
    def fail(folder: Path) -> dict[str, Any]:
        (folder / "half").write_text("half")
        raise BuildError("the compiler refused it")

    with pytest.raises(BuildError, match="refused"):
        cache.get({"key": 1}, fail)
    assert list(cache.entries.iterdir()) == []
    assert cache.get({"key": 1}, Maker()).was_cached is False


def test_list_and_clear(cache: Cache) -> None:
    for key in (1, 2):
        cache.get({"key": key}, Maker("x" * 1000))
    assert len(cache.list()) == 2
    assert cache.nbytes() >= 2000
    assert len(list(cache.locks.iterdir())) == 2
    assert cache.clear() >= 2000
    assert cache.list() == []
    assert [path for path in cache.root.rglob("*") if path.is_file()] == []
    assert cache.get({"key": 1}, Maker()).was_cached is False


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """FFI_SPECTRUM_CACHE may name a home folder by mistake: its mode stays, and nothing in it is ever cleared."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    (home / "letter").write_text("dear")
    with pytest.raises(BuildError, match="holds other files"):
        Cache(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert [path.name for path in home.iterdir()] == ["letter"]


@pytest.mark.parametrize("name", ["entries", "zig", "locks"])
def test_a_cache_that_lost_a_folder_is_used_again(cache: Cache, name: str) -> None:
    cache.get({"key": 1}, Maker())
    shutil.rmtree(cache.root / name)
    assert Cache(cache.root).get({"key": 2}, Maker()).was_cached is False


def test_a_folder_is_no_cache_for_having_a_folder_of_the_same_name(tmp_path: Path) -> None:
    for name in ("zig", "letters"):
        (tmp_path / name).mkdir()
    with pytest.raises(BuildError, match="holds other files"):
        Cache(tmp_path)


def test_a_full_disk_is_a_build_error(cache: Cache) -> None:
    def fail(folder: Path) -> dict[str, Any]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(BuildError, match=r"No space left on device.*set FFI_SPECTRUM_CACHE"):
        cache.get({"key": 1}, fail)
    assert list(cache.entries.iterdir()) == []


def test_clear_removes_only_what_the_cache_made(cache: Cache) -> None:
    (cache.root / "letter").write_text("dear")
    cache.clear()
    assert (cache.root / "letter").read_text() == "dear"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_the_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    root.mkdir()
    os.chown(root, 65534, 65534)
    with pytest.raises(BuildError, match="another user"):
        Cache(root)
    assert list(root.iterdir()) == []


def test_a_file_in_the_place_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(BuildError, match="FFI_SPECTRUM_CACHE"):
        Cache(tmp_path / "cache")


BUILDER = """
import sys, time
from pathlib import Path
from ffi_spectrum.toolchain.cache import Cache

def make(folder):
    with open(sys.argv[2], "a") as log:
        log.write("made\\n")
    time.sleep(0.5)
    (folder / "file").write_text("made")
    return {}

entry = Cache(Path(sys.argv[1])).get({"key": 1}, make)
assert (entry.folder / "file").read_text() == "made"
"""


def test_two_processes_at_once_build_once(tmp_path: Path) -> None:
    """Both start from no cache at all; the second waits for the first and takes what it made."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", BUILDER, str(tmp_path / "cache"), str(log)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        _, messages = process.communicate(timeout=60)
        assert process.returncode == 0, messages
    assert log.read_text() == "made\n"


def test_a_killed_builder_blocks_nobody(tmp_path: Path) -> None:
    """The lock ends with its process, and what it left half made is not taken for an entry."""
    root = tmp_path / "cache"
    killed = BUILDER.replace("time.sleep(0.5)", "import os; os.kill(os.getpid(), 9)")
    command = [sys.executable, "-c", killed, str(root), str(tmp_path / "log")]
    assert subprocess.run(command, timeout=60).returncode == -9
    make = Maker()
    assert Cache(root).list() == []
    assert Cache(root).get({"key": 1}, make).was_cached is False
    assert make.calls == 1
