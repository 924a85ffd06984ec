"""Which device and dtype the model runs in, from the settings and what this machine has."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from nanochat_engine.config import Settings
from nanochat_engine.errors import SettingsError

# Below this many parameters a second thread costs more in waking and waiting than it computes, measured at 8 million.
_TINY = 16_000_000


def choose_device(settings: Settings) -> torch.device:
    """The configured device; `auto` takes CUDA, then MPS, then the CPU. Raises SettingsError where it isn't there."""
    wanted = settings.device
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise SettingsError(
            f"DEVICE={wanted}: this process sees {torch.cuda.device_count()} CUDA devices (CUDA_VISIBLE_DEVICES limits them)."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise SettingsError("DEVICE=mps: Metal is not available here; use cpu.")
    return torch.device("cuda:0") if wanted == "cuda" else device


def choose_dtype(settings: Settings, device: torch.device, parameters: int, native: bool) -> torch.dtype:
    """The configured dtype; `auto` is bfloat16 where the device multiplies it natively, else float32.

    native: the native kernels compute, which widen bfloat16 as they read it on any CPU; a tiny model gains nothing by it.
    """
    if settings.dtype != "auto":
        return torch.bfloat16 if settings.dtype == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type != "cpu" or parameters <= _TINY:
        return torch.float32
    # Without AVX-512 BF16 or AMX torch emulates a bf16 product on the CPU, slower than float32.
    fast = native or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def use_threads(settings: Settings, parameters: int) -> int:
    """Give torch its threads: the setting, else every processor that this process may run on, but one for a tiny model.

    A decision by size and not by measurement, so that every worker takes the same and gives the same bits.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = settings.threads or (available if parameters > _TINY else 1)
    torch.set_num_threads(threads)
    return threads


def free_memory(device: torch.device) -> int:
    """Bytes that a new allocation on the device may take: on the CPU what the system, and the container's limit, leave."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    free = [size for size in (_system_memory(), _container_memory()) if size is not None]
    return min(free, default=4 << 30)


def _system_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _container_memory() -> int | None:
    """What cgroup v2 leaves, where it sets a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((group / "memory.current").read_text())
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        # Pages of files count as used, and go when memory is wanted.
        reclaimable = int(counts.get("inactive_file", 0)) + int(counts.get("active_file", 0))
    except (OSError, ValueError):
        return None
    return int(limit) - used + reclaimable
