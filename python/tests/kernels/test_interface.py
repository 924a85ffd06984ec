"""Python and C agree about the interface between them."""

from __future__ import annotations

import re

from nanochat_engine.kernels.library import NC_ABI_VERSION
from nanochat_engine.kernels.recipe import NATIVE


def test_the_headers_interface_is_the_one_spoken_here() -> None:
    defined = re.search(r"#define NC_ABI_VERSION (\d+)", (NATIVE / "nanochat.h").read_text())
    assert defined is not None
    assert int(defined[1]) == NC_ABI_VERSION
