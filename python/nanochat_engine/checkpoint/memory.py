"""How much memory this process may use at most, so that a model that can never fit is refused before it is read."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def total_memory(limits: tuple[Path, ...] = CGROUP_LIMITS) -> int | None:
    """Bytes of the machine's memory or of the container's limit, the smaller; None where the system does not say."""
    known = [limit for limit in (_physical(), *(_cgroup(path) for path in limits)) if limit is not None]
    return min(known, default=None)


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _cgroup(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
