from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nanochat_engine.kernels.build import find_compiler
from nanochat_engine.kernels.library import NC_ABI_VERSION

_HEADER = """
#pragma once
#define NC_EXPORT __attribute__((visibility("default")))
"""
_DISPATCH = """
#include "stub.h"
#include <string.h>
NC_EXPORT int nc_abi_version(void) { return %d; }
NC_EXPORT int nc_variant_supported(const char *name) {
  if (!strcmp(name, "avx2")) return %d && NC_HAVE_AVX2;
  return !strcmp(name, "generic");
}
NC_EXPORT int nc_have_avx512(void) { return NC_HAVE_AVX512; }
"""
# The same source gives every variant a number of its own, so that a test sees which one was called.
_VARIANT = """
#include "stub.h"
#define NAMED(name, variant) name##_##variant
#define EXPANDED(name, variant) NAMED(name, variant)
#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX2__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
NC_EXPORT int EXPANDED(nc_width, NC_VARIANT)(int factor) { return factor * WIDTH; }
"""


@pytest.fixture
def compiler() -> None:
    """Skips where there is no C compiler."""
    if find_compiler(os.environ) is None:
        pytest.skip("this machine has no C compiler")


@pytest.fixture
def stub_sources(tmp_path: Path) -> Callable[..., Path]:
    """Writes C sources of the kernels' layout: `abi` is what they speak, `avx2` says whether they claim the processor has it."""

    def write(*, abi: int = NC_ABI_VERSION, avx2: bool = False, name: str = "native") -> Path:
        native = tmp_path / name
        (native / "variant").mkdir(parents=True)
        (native / "stub.h").write_text(_HEADER)
        (native / "dispatch.c").write_text(_DISPATCH % (abi, avx2))
        (native / "variant" / "width.c").write_text(_VARIANT)
        return native

    return write


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes an executable shell script."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return write
