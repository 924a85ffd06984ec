from __future__ import annotations

from pathlib import Path

import pytest

from nanochat_engine.checkpoint.memory import total_memory


def test_the_limit_of_a_container_wins_over_the_machine(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1048576\n")
    assert total_memory((limit,)) == 1_048_576


@pytest.mark.parametrize("text", ["max\n", "", "what"])
def test_without_a_limit_the_machine_counts(tmp_path: Path, text: str) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(text)
    assert total_memory((limit, tmp_path / "absent")) == total_memory(())
