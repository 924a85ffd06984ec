"""A folder that appears whole or not at all: written under a temporary name beside its place, then renamed into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nanochat_engine.errors import SettingsError


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield the temporary folder; on success it becomes `out`, on any failure it is gone.

    Raises SettingsError where `out` is there already: nothing is ever overwritten.
    """
    if out.exists():
        raise SettingsError(f"{out} is there already; nothing is overwritten, so give a new name")
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.absolute().parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        for path in temporary.iterdir():
            _flush(path)
        try:
            # A folder is renamed onto nothing or onto an empty folder, never over contents.
            os.rename(temporary, out)
        except OSError as error:
            if out.exists():
                raise SettingsError(f"{out} has appeared meanwhile; nothing is overwritten") from error
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
