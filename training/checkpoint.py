"""Writes and reads nanochat's files, and the training state beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from training.model import ModelConfig, Nanochat


def save_nanochat(folder: Path, model: Nanochat, step: int, tokenizer: Path, **notes: Any) -> None:
    """`model_*.pt` (all tensors bf16), `meta_*.json` and `tokenizer.pkl`; older steps are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().to(torch.bfloat16).clone() for key, value in model.state_dict().items()}
    partial = folder / "model.partial"
    torch.save(state, partial)
    meta = {"step": step, "model_config": model.config.as_dict(), **notes}
    if (folder / "tokenizer.pkl").resolve() != tokenizer.resolve():
        shutil.copyfile(tokenizer, folder / "tokenizer.pkl")
    (folder / f"meta_{step:06d}.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")
    partial.rename(folder / f"model_{step:06d}.pt")
    for old in [*folder.glob("model_*.pt"), *folder.glob("meta_*.json")]:
        if f"_{step:06d}." not in old.name:
            old.unlink()


def load_nanochat(folder: Path) -> Nanochat:
    """The newest step in a folder, in float32."""
    path = max(folder.glob("model_*.pt"))
    meta = json.loads(path.with_name(path.name.replace("model_", "meta_").replace(".pt", ".json")).read_text())
    model = Nanochat(ModelConfig(**meta["model_config"]))
    state = torch.load(path, weights_only=True)
    model.load_state_dict({key: value.float() for key, value in state.items()})
    return model.eval()
