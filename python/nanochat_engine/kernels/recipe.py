"""What the shared library is made from and how it is named: known to the build and to the loader alike. Standard library only."""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

NATIVE = Path(__file__).parent / "native"
BUILT = Path(__file__).parent / "built"

# -ffast-math would change results; -march=native would tie an image to the machine it was built on.
FLAGS = (
    *("-O3", "-std=gnu11", "-fPIC", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"),
    *("-fvisibility=hidden", "-pthread", "-Wall", "-Wextra", "-Werror=implicit-function-declaration"),
)
_AVX2 = ("-mavx2", "-mfma")
_AVX512 = ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mavx512bf16")
# Instruction sets from the slowest to the fastest; `generic` is what every processor of its kind has.
_VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {"generic": (), "avx2": _AVX2, "avx512": (*_AVX2, *_AVX512)},
    "aarch64": {"generic": ()},
}
VARIANT_NAMES = ("generic", "avx2", "avx512")


def machine() -> str:
    """This processor's kind: x86_64, aarch64, or what the platform calls it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def variants() -> dict[str, tuple[str, ...]]:
    """Each variant of this processor's kind with its compiler flags; another kind has `generic` alone."""
    return _VARIANTS.get(machine(), {"generic": ()})


def source_files(native: Path) -> list[Path]:
    """All C sources and headers, in a fixed order."""
    return sorted(path for path in native.rglob("*") if path.suffix in (".c", ".h"))


def hash_of_sources(native: Path = NATIVE) -> str | None:
    """16 hexadecimal digits of the sources, the flags and the platform; None where there are no sources.

    The compiler is not in it: the loader runs none.
    """
    files = source_files(native)
    if not files:
        return None
    digest = hashlib.sha256(repr((FLAGS, variants(), machine(), sys.platform)).encode())
    for path in files:
        digest.update(f"\n{path.relative_to(native).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def library_name(sources: str, compiler: str) -> str:
    """The file's name, of the two hashes; `*` as `compiler` is a pattern for every compiler's."""
    return f"libnanochat-{sources}-{compiler}.so"
