"""The native kernels at run time: the shared library that set-up built, for this processor."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanochat_engine.errors import InternalError, SettingsError
from nanochat_engine.kernels.recipe import BUILT, NATIVE, VARIANT_NAMES, hash_of_sources, library_name

# The interface of native/nanochat.h that this package speaks.
NC_ABI_VERSION = 1

_log = logging.getLogger(__name__)


class _Absent(Exception):
    """Why there is no library, and the way out."""


@dataclass(frozen=True)
class Library:
    """path: the file. variant: the instruction set whose functions are used: avx512, avx2 or generic."""

    path: Path
    variant: str
    _handle: ctypes.CDLL

    def function(self, name: str, argtypes: Sequence[Any], restype: Any) -> Any:
        """The C function `<name>_<variant>` (nc_forward_avx2, say), typed. A call lets the interpreter go.

        Raises InternalError where the library lacks it.
        """
        return self._typed(f"{name}_{self.variant}", argtypes, restype)

    def shared_function(self, name: str, argtypes: Sequence[Any], restype: Any) -> Any:
        """The C function `name` that is the same for all variants. Raises InternalError where the library lacks it."""
        return self._typed(name, argtypes, restype)

    def _typed(self, symbol: str, argtypes: Sequence[Any], restype: Any) -> Any:
        # By index every call gives a function of its own, whose types are nobody else's.
        try:
            function = self._handle[symbol]
        except AttributeError as error:
            raise InternalError(f"{self.path.name} has no function {symbol}") from error
        function.argtypes, function.restype = list(argtypes), restype
        return function


def load_library(wanted: str = "auto", *, built: Path = BUILT, sources: Path = NATIVE) -> Library | None:
    """The library for `wanted`, a value of KERNELS: auto, native, torch, or the name of a variant.

    torch loads nothing; auto gives None, with a line in the log, where no library can be had.
    Raises SettingsError where `wanted` asks for a native one and it can't be had.
    """
    if wanted == "torch":
        return None
    try:
        return _load(wanted, built, sources)
    except _Absent as absent:
        if wanted != "auto":
            raise SettingsError(
                f"KERNELS={wanted} can't be had: {absent}. KERNELS=auto takes what is there."
            ) from absent
        _log.warning("native CPU kernels are not used, PyTorch's are, which is several times slower: %s", absent)
        return None


def _load(wanted: str, built: Path, sources: Path) -> Library:
    """Raises _Absent."""
    path = _find(built, sources)
    try:
        handle = ctypes.CDLL(str(path))
    except OSError as error:
        raise _Absent(f"{path.name} can't be loaded ({error}); remove it and run npm run setup") from error
    try:
        spoken: int = handle.nc_abi_version()
        supported = handle.nc_variant_supported
    except AttributeError as error:
        raise _Absent(f"{path.name} is no library of kernels; remove it and run npm run setup") from error
    if spoken != NC_ABI_VERSION:
        raise _Absent(f"{path.name} speaks interface {spoken}, not {NC_ABI_VERSION}; run npm run setup")
    supported.argtypes, supported.restype = [ctypes.c_char_p], ctypes.c_int
    there = [name for name in reversed(VARIANT_NAMES) if supported(name.encode())]
    if wanted in ("auto", "native") and there:
        return Library(path, there[0], handle)
    if wanted in there:
        return Library(path, wanted, handle)
    raise _Absent(f"this processor and {path.name} have {', '.join(there) or 'no variant'} in common")


def _find(built: Path, sources: Path) -> Path:
    """The library of the present sources; where there are no sources (an image), the only one there. Raises _Absent."""
    wanted = hash_of_sources(sources)
    found = sorted(built.glob(library_name(wanted or "*", "*")))
    if len(found) == 1 or (found and wanted):
        return found[0]
    if found:
        raise _Absent(f"{built} holds {len(found)} libraries and there are no sources to choose by")
    if wanted and any(built.glob(library_name("*", "*"))):
        raise _Absent("they were built from other sources; run npm run setup")
    raise _Absent("they are not built; install a C compiler (Debian: apt install gcc libc6-dev) and run npm run setup")
