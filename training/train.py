"""Trains the embedded model on the CPU, from generated chats; resumable, a checkpoint every few minutes.

Two stages: short rows of packed chats, then long rows of joined chats, so that long contexts work too.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from training.batches import Batch, Packer
from training.checkpoint import save_nanochat
from training.data.mix import chats, long_chats
from training.initialise import initialise
from training.model import ModelConfig, Nanochat
from training.muon import Muon
from training.render import Renderer

WARMUP, MOMENTUM = 40, (0.85, 0.95)


def optimizers(model: Nanochat) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices; AdamW for embeddings, head, gates and scalars."""
    groups: dict[str, list[Tensor]] = {"matrix": [], "embed": [], "head": [], "small": []}
    for name, p in model.named_parameters():
        if name.startswith(("transformer.wte", "value_embeds")):
            groups["embed"].append(p)
        elif name.startswith("lm_head"):
            groups["head"].append(p)
        elif ".h." in name and "ve_gate" not in name:
            groups["matrix"].append(p)
        else:
            groups["small"].append(p)
    rates = {"embed": 0.06, "head": 0.004, "small": 0.02}
    adam = [{"params": groups[k], "lr": lr, "weight_decay": 0.0} for k, lr in rates.items()]
    found: list[torch.optim.Optimizer] = [
        Muon(groups["matrix"], lr=0.02, weight_decay=0.02),
        torch.optim.AdamW(adam, betas=(0.85, 0.97), eps=1e-10, fused=True),
    ]
    for optimizer in found:
        for group in optimizer.param_groups:
            group["base"] = group["lr"]
    return found


def rate(step: int, steps: int, cooldown: float) -> float:
    """Share of the base learning rate: a short warm-up, a plateau, then a line down to nearly zero."""
    left = (steps - step) / max(1.0, cooldown * steps)
    return min(1.0, (step + 1) / WARMUP, 0.02 + 0.98 * left)


class Run:
    """The state of a training run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.renderer = Renderer.load(options.tokenizer)
        config = ModelConfig(2048, self.renderer.encoding.n_vocab, options.depth, 4, 2, options.width)
        self.model = Nanochat(config)
        initialise(self.model, options.seed)
        self.optimizers = optimizers(self.model)
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        self.hidden = torch.compile(self.model.hidden, dynamic=False) if options.compile else self.model.hidden

    def stream(self, long: bool) -> Packer:
        """The data depends on the seed and the step at which it starts."""
        rng = random.Random(f"{self.options.seed}/{self.step}/{long}")
        if long:
            return Packer(long_chats(rng, 24), self.renderer, self.options.long_row, stock=8)
        return Packer(chats(rng), self.renderer, self.options.row)

    def loss(self, batch: Batch) -> Tensor:
        """Mean cross-entropy over the tokens that the model would say itself."""
        short = batch.idx.size(1) == self.options.row
        forward = self.hidden if short else self.model.hidden  # a second shape is not worth compiling
        hidden = forward(batch.idx, batch.first, batch.masks(self.model.config))
        return F.cross_entropy(self.model.head(hidden[batch.learn]), batch.target[batch.learn])

    def update(self, batch: Batch, share: float) -> float:
        loss = self.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * share
                if "momentum" in group:
                    low, high = MOMENTUM
                    group["momentum"] = low + (high - low) * min(1.0, self.step / 200)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    def save(self) -> None:
        notes = {"tokens": self.tokens, "seconds": round(self.seconds)}
        save_nanochat(self.options.out, self.model, self.step, self.options.tokenizer, **notes)
        state = {
            "model": self.model.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "counters": (self.step, self.tokens, self.seconds),
        }
        torch.save(state, self.options.out / "train_state.partial")
        (self.options.out / "train_state.partial").rename(self.options.out / "train_state.pt")

    def resume(self) -> None:
        state = torch.load(self.options.out / "train_state.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            bases = [group["base"] for group in optimizer.param_groups]
            optimizer.load_state_dict(saved)
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["base"] = base
        self.step, self.tokens, self.seconds = state["counters"]

    def go(self) -> None:
        options = self.options
        total = options.steps + options.long_steps
        saved, packer, was_long = time.monotonic(), None, None
        while self.step < total:
            start = time.monotonic()
            long = self.step >= options.steps
            if packer is None or long != was_long:
                packer, was_long = self.stream(long), long
            row = options.long_row if long else options.row
            batch = packer.batch(max(1, options.batch_tokens // row))
            loss = self.update(batch, rate(self.step, total, options.cooldown))
            self.step += 1
            self.tokens += int((batch.chat > 0).sum())
            self.seconds += time.monotonic() - start
            if self.step % 20 == 0:
                speed = batch.idx.numel() / (time.monotonic() - start)
                print(f"step {self.step}/{total} loss {loss:.3f} tokens {self.tokens} {speed:.0f}/s", flush=True)
            if time.monotonic() - saved > options.save_minutes * 60 or self.step == total:
                self.save()
                saved = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3400, help="steps on short rows")
    parser.add_argument("--long-steps", type=int, default=150, help="steps on long rows, at the end")
    parser.add_argument("--row", type=int, default=256)
    parser.add_argument("--long-row", type=int, default=1024)
    parser.add_argument("--batch-tokens", type=int, default=5120)
    parser.add_argument("--cooldown", type=float, default=0.5, help="share of the run in which the rate falls")
    parser.add_argument("--save-minutes", type=float, default=4.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = Run(options)
    if options.resume:
        run.resume()
    run.go()


if __name__ == "__main__":
    main()
