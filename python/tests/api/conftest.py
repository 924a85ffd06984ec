from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.scripted_engine import Served, serving


@pytest.fixture(scope="session")
def running_server() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture
def served(running_server: Served) -> Served:
    """One server for all tests, with an engine as new."""
    running_server.engine.reset()
    return running_server
