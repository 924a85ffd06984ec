"""What has been measured so far, written after every part, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.options import Options

_FLAGS = (
    "avx2",
    "fma",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
    "amx_int8",
)
_ROOT = Path(__file__).resolve().parents[1]


class Record:
    """The result as JSON: about (commit, machine, options) and a value for each part, as `part` or `part/model`."""

    def __init__(self, options: Options) -> None:
        self._path = options.cache / f"{options.name}.progress.json"
        about = {
            "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
            **_commit(),
            "machine": machine(),
            "options": _plain(options),
        }
        self.result: dict[str, Any] = {"about": about, "parts": {}}
        if options.resume and self._path.exists():
            earlier = json.loads(self._path.read_text())
            same = all(earlier["about"][key] == about[key] for key in ("commit", "changed", "machine"))
            if same:
                self.result["parts"] = earlier["parts"]
            else:
                print("The earlier run was of another commit or machine: everything is measured anew.")

    def has(self, key: str) -> bool:
        return key in self.result["parts"]

    def part(self, key: str) -> dict[str, Any]:
        """What a part has measured; empty where it has not."""
        found: dict[str, Any] = self.result["parts"].get(key, {})
        return found

    def keep(self, key: str, value: dict[str, Any]) -> None:
        self.result["parts"][key] = value
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self.result, indent=1) + "\n")
        new.replace(self._path)


def machine() -> dict[str, Any]:
    """Processor, cores, the instructions that matter here, memory. Where /proc is missing, what Python knows."""
    names = ["model name", "flags", "Features"]
    try:
        lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
        about = {key.strip(): value.strip() for key, _, value in reversed(lines) if key.strip() in names}
        memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    except OSError:
        about, memory = {}, None
    flags = (about.get("flags") or about.get("Features") or "").split()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": about.get("model name") or platform.processor() or platform.machine(),
        "cores": cores,
        "flags": [flag for flag in _FLAGS if flag in flags],
        "memory_bytes": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _commit() -> dict[str, Any]:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    # Only what is measured: a change of the bench's own files makes no other engine.
    changed = git("status", "--porcelain", "--", "python/nanochat_engine", "src", "python/requirements.txt")
    return {"commit": git("rev-parse", "--short=12", "HEAD") or None, "changed": bool(changed)}


def _plain(options: Options) -> dict[str, Any]:
    fields = asdict(options)
    for private in ("results", "cache", "peer_python", "resume", "shapes"):
        fields.pop(private)
    return {**fields, "models": [shape.name for shape in options.shapes]}
