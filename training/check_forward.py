"""Compares this model's logits with a reference checkpoint's: `golden.json` beside the model files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from training.model import ModelConfig, Nanochat


def largest_difference(folder: Path) -> float:
    """The largest absolute difference of any logit at the reference's positions."""
    meta = json.loads(next(folder.glob("meta_*.json")).read_text())
    model = Nanochat(ModelConfig(**meta["model_config"]))
    state = torch.load(next(folder.glob("model_*.pt")), weights_only=True)
    model.load_state_dict({k: v.float() for k, v in state.items()})
    golden = json.loads((folder / "golden.json").read_text())
    with torch.no_grad():
        logits = model(torch.tensor([golden["tokens"]]))[0, golden["positions"]]
    return float((logits - torch.tensor(golden["logits"])).abs().max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    difference = largest_difference(parser.parse_args().folder)
    print(f"largest difference of a logit: {difference:.2e}")
    raise SystemExit(difference > 1e-4)


if __name__ == "__main__":
    main()
