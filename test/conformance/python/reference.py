"""Log-likelihoods by the training code's own forward pass in float32: no engine, no cache, no server.

reference.py FOLDER < [{"context": [ids], "continuation": [ids]}, ...] > [[log-likelihood, greedy], ...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from training.model import ModelConfig, Nanochat


def load(folder: Path) -> Nanochat:
    meta = json.loads(next(folder.glob("meta_*.json")).read_text())
    model = Nanochat(ModelConfig(**meta["model_config"]))
    state = torch.load(next(folder.glob("model_*.pt")), weights_only=True)
    model.load_state_dict({name.removeprefix("_orig_mod."): tensor.float() for name, tensor in state.items()})
    return model.eval()


@torch.no_grad()
def score(model: Nanochat, one: dict[str, Any]) -> tuple[float, bool]:
    """The sum of the continuation's log-probabilities, and whether each of its tokens is the likeliest."""
    context, continuation = one["context"], one["continuation"]
    logits = model(torch.tensor([context + continuation]))[0, len(context) - 1 : -1]
    ids = torch.tensor(continuation)
    chosen = torch.log_softmax(logits, dim=-1).gather(1, ids[:, None])
    return float(chosen.double().sum()), bool((logits.argmax(dim=-1) == ids).all())


if __name__ == "__main__":
    reference = load(Path(sys.argv[1]))
    json.dump([score(reference, one) for one in json.load(sys.stdin)], sys.stdout)
