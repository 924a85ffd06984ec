from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkpoint.forge import copy_golden


@pytest.fixture
def golden_copy(tmp_path: Path) -> Callable[[str], Path]:
    """A writable copy of a golden checkpoint."""
    return lambda name: copy_golden(name, tmp_path / name)
