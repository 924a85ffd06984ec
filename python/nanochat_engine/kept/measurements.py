"""What a start has measured, kept for the next start on the same processor, library and model shape."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from nanochat_engine import __version__
from nanochat_engine.config import Settings
from nanochat_engine.kept.replace_file import replace_file
from nanochat_engine.kernels.plan import Plan
from nanochat_engine.model.architecture import Architecture

_log = logging.getLogger(__name__)

MAX_BYTES = 1 << 20
MAX_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """quantum: rows that steps are padded to for BATCH_INVARIANT, None where it is off. longest_step_seconds: of warm-up."""

    quantum: int | None
    longest_step_seconds: float


def conditions(settings: Settings, architecture: Architecture, plan: Plan, kernel: str) -> str:
    """A digest of everything that a measurement depends on: a change of any part means to measure anew.

    kernel: what computes, with its threads, as health tells it.
    """
    facts = (
        __version__,
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        _processor(),
        # MKL_, DNNL_ and ATEN_ variables choose other kernels.
        settings.kernel_environment,
        plan.key,
        kernel,
        settings.max_running,
        settings.step_tokens,
        settings.batch_invariant,
        (architecture.n_layer, architecture.n_head, architecture.n_kv_head, architecture.n_embd),
        (architecture.padded_vocab_size, architecture.gate_channels, architecture.smear),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Measurements:
    """One file of JSON by conditions."""

    file: Path

    def find(self, conditions: str) -> Measured | None:
        """What was measured under these conditions; None where nothing readable was."""
        known = self._read().get(conditions)
        if not isinstance(known, dict) or set(known) != {"quantum", "longest_step_seconds"}:
            return None
        quantum, longest = known["quantum"], known["longest_step_seconds"]
        if not (quantum is None or (type(quantum) is int and 1 <= quantum <= 64)):
            return None
        return Measured(quantum, longest) if type(longest) is float and 0 <= longest < 3600 else None

    def keep(self, conditions: str, measured: Measured) -> None:
        """Remember for the next start; a failure is logged and costs only that start's time."""
        entries = list((self._read() | {conditions: asdict(measured)}).items())[-MAX_ENTRIES:]
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self.file, json.dumps(dict(entries)).encode())
        except OSError as error:
            _log.warning("measurements could not be kept", extra={"reason": str(error)})

    def _read(self) -> dict[str, Any]:
        try:
            if self.file.stat().st_size > MAX_BYTES:
                return {}
            entries = json.loads(self.file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return entries if isinstance(entries, dict) else {}


def _processor() -> str:
    """Model, microcode-independent flags and caches of the first processor, as Linux tells them; elsewhere its name."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n", 1)[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    named = (
        "vendor_id",
        "cpu family",
        "model",
        "model name",
        "stepping",
        "cache size",
        "flags",
        "Features",
        "CPU part",
    )
    return "; ".join(line for line in first if line.partition(":")[0].strip() in named)
