from __future__ import annotations

from pathlib import Path

import pytest

from .scratch import ScratchTree


@pytest.fixture
def tree(tmp_path: Path) -> ScratchTree:
    """A copy of the sources to break and run."""
    return ScratchTree(tmp_path)
