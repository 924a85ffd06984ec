"""Converted copies by the checksum of their source: found and mapped, or written once for all processes and then mapped.

A copy never replaces the original, and whatever goes wrong here costs the speed alone: the caller loads as it would
without. See docs/adr/0005-converted-copy.md.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from nanochat_engine.checkpoint.loader import Inspection
from nanochat_engine.checkpoint.mapping import map_parts
from nanochat_engine.kept.copy_file import CopyDamaged, Described, Progress, describe, map_copy, open_copy, write_copy
from nanochat_engine.kept.lock import FileLock
from nanochat_engine.kept.sources import Sources
from nanochat_engine.kernels.plan import Plan
from nanochat_engine.model.weights import Piece, pieces

_log = logging.getLogger(__name__)

# Changes with what `pieces` means, so that an older copy is not taken for a newer one.
VERSION = 2
SMALLEST_BYTES = 64 << 20
WAIT_SECONDS = 120.0

Background = Callable[[Callable[[], None]], None]


def in_background(work: Callable[[], None]) -> None:
    """Flushing 2 GB takes many seconds on a slow disk, and the model need not wait for it."""
    threading.Thread(target=work, name="keep-copy", daemon=True).start()


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies in `folder`. smallest: bytes of a checkpoint below which a copy saves nothing."""

    folder: Path
    smallest: int = SMALLEST_BYTES
    background: Background = in_background

    def pieces(
        self, inspection: Inspection, plan: Plan, progress: Progress = lambda share: None
    ) -> dict[str, Tensor] | None:
        """The model's pieces as `plan` keeps them, as views of a mapped copy; None where there is none and none can be written."""
        files = list(inspection.parts)
        try:
            if sum(path.stat().st_size for path in files) < self.smallest:
                return None
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sources = Sources(self.folder / "sources.json")
            wanted = pieces(inspection.architecture)
            shapes = {name: header.shape for name, header in inspection.headers.items()}
            described = describe(wanted, shapes, plan)
            path = self.folder / f"{sources.digest(files)}-{plan.key}-v{VERSION}.safetensors"
            found = _open(path, described, progress)
            return found or self._write(path, wanted, described, plan, inspection, sources, progress)
        except OSError as error:
            _log.warning(
                "no converted copy: the model is loaded from the checkpoint itself, which takes longer",
                extra={"reason": str(error)},
            )
            return None

    def _write(
        self,
        path: Path,
        wanted: list[Piece],
        described: Described,
        plan: Plan,
        inspection: Inspection,
        sources: Sources,
        progress: Progress,
    ) -> dict[str, Tensor] | None:
        lock = FileLock(path.with_suffix(".lock"))
        if not lock.acquire(WAIT_SECONDS):
            _log.warning("another process has been writing the converted copy for too long: loading without")
            return None
        flushing = False
        try:
            found = _open(path, described, progress)
            if found is not None:
                return found
            _log.info("writing a converted copy, which later starts map", extra={"copy": str(path)})
            partial = path.with_suffix(".partial")
            write_copy(partial, wanted, described, plan, map_parts(inspection.parts), progress)
            mapped = map_copy(partial)
            flushing = True
            self.background(lambda: self._keep(partial, path, lock, sources))
            return mapped
        finally:
            if not flushing:
                lock.release()

    def _keep(self, partial: Path, path: Path, lock: FileLock, sources: Sources) -> None:
        """Flush, and only then give the final name: a copy under that name is whole."""
        try:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
            self._sweep(path, sources)
            _log.info("converted copy written", extra={"copy": str(path)})
        except OSError as error:
            _log.warning("the converted copy could not be kept", extra={"reason": str(error)})
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        finally:
            lock.release()

    def _sweep(self, written: Path, sources: Sources) -> None:
        """Remove copies whose source is gone or has changed, and what a killed writer left; who has one mapped keeps it."""
        current = sources.current()
        for other in self.folder.glob("*.safetensors"):
            if other != written and other.name.partition("-")[0] not in current:
                other.unlink(missing_ok=True)
        for partial in self.folder.glob("*.partial"):
            lock = FileLock(partial.with_suffix(".lock"))
            if lock.acquire(0):
                partial.unlink(missing_ok=True)
                lock.release()


def _open(path: Path, described: Described, progress: Progress) -> dict[str, Tensor] | None:
    try:
        return open_copy(path, described, progress)
    except FileNotFoundError:
        return None
    except CopyDamaged as error:
        _log.warning("the converted copy is damaged and written anew", extra={"reason": str(error)})
        return None
