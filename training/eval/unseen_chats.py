"""Writes `unseen_chats.json`: chats of the generator that training did not draw, for measuring what quantization costs.

    python -m training.eval.unseen_chats

Another seed, and no message of a user that also stands in a sample of training's own stream: new names, sums, wordings and mixtures
of the skills that were trained. A chat is a list of [kind, text] in order: user, text, python and output.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from training.data.chat import Chat
from training.data.mix import chats

PATH = Path(__file__).with_name("unseen_chats.json")
_COUNT = 1000
_SEED = "unseen"
# Training's first stream (train.py), and how much of it is compared.
_TRAINED = "1/0/False"
_SAMPLE = 100_000


def unseen() -> Iterator[Chat]:
    """Endless chats without a user's message of the sample."""
    trained = {turn.user for chat in islice(chats(random.Random(_TRAINED)), _SAMPLE) for turn in chat}
    for chat in chats(random.Random(_SEED)):
        if not any(turn.user in trained for turn in chat):
            yield chat


def main() -> None:
    lines = [
        json.dumps([part for turn in chat for part in (("user", turn.user), *turn.parts)], ensure_ascii=False)
        for chat in islice(unseen(), _COUNT)
    ]
    PATH.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
