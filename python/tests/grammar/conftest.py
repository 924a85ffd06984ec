from __future__ import annotations

from collections.abc import Iterator

import pytest

from nanochat_engine.grammar.compiler import Compiler
from tests.grammar.drawing import vocabulary


@pytest.fixture(scope="session")
def compiler() -> Iterator[Compiler]:
    compiler = Compiler(vocabulary())
    yield compiler
    compiler.close()
