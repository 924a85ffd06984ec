"""Replaces a small file whole: a reader sees the old contents or the new, never a half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, contents: bytes) -> None:
    """Raises OSError; the file is then as it was."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
