"""Builds checkpoints for the tests at run time, whole or broken in one way, in a temporary folder."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from nanochat_engine.config import Settings
from tests.golden import GOLDEN

Tensors = dict[str, Any]
Change = Callable[[Tensors], None]


def settings(directory: Path, **changes: Any) -> Settings:
    return Settings(directory, "forged", device="cpu", **changes)


def copy_golden(name: str, directory: Path) -> Path:
    """A writable copy of a golden checkpoint, flat."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in ("model_000001.pt", "meta_000001.json", "tokenizer.pkl"):
        shutil.copyfile(GOLDEN / name / file, directory / file)
    return directory


def change_config(directory: Path, **changes: Any) -> None:
    """Set keys of model_config; a value of `...` removes one."""
    path = directory / "meta_000001.json"
    meta = json.loads(path.read_text())
    for key, value in changes.items():
        meta["model_config"][key] = value
        if value is ...:
            del meta["model_config"][key]
    path.write_text(json.dumps(meta))


def change_tensors(directory: Path, change: Change) -> None:
    """Load the state dict with torch, change it, save it again."""
    path = directory / "model_000001.pt"
    tensors: Tensors = torch.load(path, weights_only=True)
    change(tensors)
    torch.save(tensors, path)


def change_pickle(directory: Path, change: Callable[[bytes], bytes]) -> None:
    """Rewrite the pickle inside the model's archive and leave every other record as it is."""
    path = directory / "model_000001.pt"
    with zipfile.ZipFile(path) as archive:
        records = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in records.items():
            archive.writestr(name, change(data) if name.endswith("/data.pkl") else data)


class RunsOnLoad:
    """Pickles into a call that a plain pickle.load would make."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._call


def hostile_pickle(function: Callable[..., object], *arguments: object, protocol: int = 2) -> bytes:
    return pickle.dumps({"lm_head.weight": RunsOnLoad(function, *arguments)}, protocol=protocol)
