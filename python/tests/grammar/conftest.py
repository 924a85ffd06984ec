from __future__ import annotations

from collections.abc import Iterator

import pytest

from nanochat_engine.grammar.checker import Checker
from nanochat_engine.grammar.compiler import Compiler
from tests.grammar.drawing import vocabulary


@pytest.fixture(scope="session")
def compiler() -> Iterator[Compiler]:
    """One with time enough on any machine: what it refuses it refuses for what it is."""
    compiler = Compiler(vocabulary(), Checker(cpu_seconds=5))
    yield compiler
    compiler.close()


@pytest.fixture(scope="session")
def hasty() -> Iterator[Compiler]:
    """One as the engine has it, for what can only be refused by time."""
    compiler = Compiler(vocabulary())
    yield compiler
    compiler.close()
