"""The SHA-256 of a checkpoint's model files, remembered by size and time so that 2 GB are not hashed at each start."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanochat_engine.kept.replace_file import replace_file

CHUNK = 4 << 20
MAX_INDEX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Sources:
    """The index in one file of JSON: by the first file's path, what all files looked like and their common digest."""

    index: Path

    def digest(self, files: Sequence[Path]) -> str:
        """The digest of the files' contents, in order. Raises OSError where they or the index can't be read or written."""
        looks = _looks(files)
        key = str(files[0].resolve())
        known = self._read().get(key)
        if isinstance(known, dict) and known.get("looks") == looks and isinstance(known.get("sha256"), str):
            return str(known["sha256"])
        sha256 = _hash(files)
        if _looks(files) != looks:
            raise OSError(f"{files[0]} was changed while it was read")
        # Two processes may write at once: the one that loses hashes again next time.
        replace_file(self.index, json.dumps(self._read() | {key: {"looks": looks, "sha256": sha256}}).encode())
        return sha256

    def current(self) -> set[str]:
        """Digests of the sources that are still there and look the same."""
        return {str(known["sha256"]) for key, known in self._read().items() if _is_current(key, known)}

    def _read(self) -> dict[str, Any]:
        try:
            if self.index.stat().st_size > MAX_INDEX_BYTES:
                return {}
            index = json.loads(self.index.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}  # absent or damaged: everything is hashed anew
        return index if isinstance(index, dict) else {}


def _looks(files: Sequence[Path]) -> list[list[Any]]:
    looks = [(path.resolve(), path.stat()) for path in files]
    return [[str(path), seen.st_size, seen.st_mtime_ns, seen.st_ino] for path, seen in looks]


def _is_current(key: str, known: Any) -> bool:
    try:
        return bool(_looks([Path(look[0]) for look in known["looks"]]) == known["looks"]) and "sha256" in known
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _hash(files: Sequence[Path]) -> str:
    """One file: its own SHA-256. Several: that of their hashes one after the other."""
    digests = []
    for path in files:
        digest = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            buffer = bytearray(CHUNK)
            while count := file.readinto(buffer):
                digest.update(memoryview(buffer)[:count])
        digests.append(digest)
    return (
        digests[0].hexdigest()
        if len(digests) == 1
        else hashlib.sha256(b"".join(d.digest() for d in digests)).hexdigest()
    )
