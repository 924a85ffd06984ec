"""What rounding costs the embedded model: perplexity and greedy answers on chats that it was not trained on: workers/quality.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from bench.context import Context
from bench.server import ROOT
from bench.shapes import Shape
from bench.worker import WorkerFailed

MODEL = ROOT / "models" / "embedded"
CHATS = ROOT / "training" / "eval" / "unseen_chats.json"
GREEDY = 300
# What every other is compared with.
BASE = "bfloat16"


async def measure(context: Context, shape: Shape, quantizations: tuple[str, ...]) -> dict[str, Any]:
    """Figures by what the weights are kept in. The measured model's random weights have no quality, so `shape` plays no part."""
    ways = {
        BASE: (BASE, "none"),
        "float32": ("float32", "none"),
        **{kind: (BASE, kind) for kind in quantizations if kind != "none"},
    }
    told: dict[str, dict[str, Any]] = {}
    for name, (dtype, quantization) in ways.items():
        kept = str(context.options.cache / "kept")
        settings = {"QUANTIZATION": quantization, "DTYPE": dtype, "NANOCHAT_DIR": kept, "DEVICE": "cpu"}
        worker = await context.worker("bench.workers.quality", sys.executable, f"quality-{name}", **settings)
        try:
            told[name] = await worker.ask("measure", model=str(MODEL), chats=str(CHATS), greedy=GREEDY)
        except WorkerFailed as error:
            context.skip(f"quality of {name}", str(error))
        finally:
            await worker.stop()
        if name in told and BASE in told:
            context.say(f"  {name}: perplexity of answers {told[name]['answer_perplexity']:.5f}")
    return {"model": "embedded", "chats": CHATS.name, "ways": compared(told)} if BASE in told else {}


def compared(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The figures of each way beside those of BASE: perplexities over its own less 1, and shares of what is the same."""
    base = told[BASE]
    return {
        name: {
            **{key: value for key, value in one.items() if key not in ("predicted", "answers")},
            "answer_perplexity_change": one["answer_perplexity"] / base["answer_perplexity"] - 1,
            "perplexity_change": one["perplexity"] / base["perplexity"] - 1,
            "same_token_share": _share(one["predicted"], base["predicted"]),
            "same_answer_share": _share(one["answers"], base["answers"]),
            "answers": len(one["answers"]),
        }
        for name, one in told.items()
    }


def _share(these: Sequence[object], those: Sequence[object]) -> float:
    return sum(this == that for this, that in zip(these, those, strict=True)) / len(those)
