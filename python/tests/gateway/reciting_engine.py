"""The engine as it is, but for two things: its model says what a script says, and it can be held at a token, to be killed there.

All else is the engine's own: forward pass, sampling, log-probabilities, grammar, calculator, stop strings, text, HTTP. A program
for INFERENCE_SERVER_PATH calls `main`; it is no test itself.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from nanochat_engine import __main__ as process
from nanochat_engine import engine
from nanochat_engine.process.exit_codes import leave
from nanochat_engine.scheduler import Scheduler, Work
from nanochat_engine.sequence import Sequence
from nanochat_engine.tokenizer.tokenizer import Tokenizer

# The likeliest token's logit is exceeded by so much: greedy decoding takes the script's, and its log-probability stays a number of note.
_AHEAD = 1.0
_HELD_SECONDS = 0.002

# By a word of the prompt, what each choice says: a text's tokens, {"special": name} for one, null where the model itself decides.
Script = dict[str, list[list[Any]]]


def main(script: Script, hold: Path) -> None:
    """Run the engine. hold: while this file holds the process's id, no choice takes more tokens than its request's seed."""
    _recite(script)
    _hold(hold)
    leave(process.main(sys.argv[1:]))


def _recite(script: Script) -> None:
    load = engine.Engine._load

    def patched(self: engine.Engine) -> None:
        # Here, not above: importing torch takes seconds, and health has to answer meanwhile.
        from nanochat_engine import loading

        class Reciting(loading.Runner):
            def logits(self, work: list[Work]) -> Any:
                logits = super().logits(work)
                ending = [item.sequence for item in work if item.start + item.length == len(item.sequence.ids)]
                for row, sequence in enumerate(ending):
                    token = _scripted(script, sequence)
                    if token is not None:
                        logits[row, token] = logits[row].max() + _AHEAD
                return logits

        loading.Runner = Reciting  # type: ignore[misc]
        load(self)

    engine.Engine._load = patched  # type: ignore[method-assign]


def _scripted(script: Script, sequence: Sequence) -> int | None:
    tokenizer = sequence._tokenizer
    prompt = tokenizer.decode(sequence.ids[: sequence.prompt_tokens])
    for word, choices in script.items():
        if word in prompt:
            tokens = _tokens(choices[sequence.index], tokenizer)
            return tokens[sequence.generated] if sequence.generated < len(tokens) else None
    return None


def _tokens(pieces: list[Any], tokenizer: Tokenizer) -> list[int | None]:
    tokens: list[int | None] = []
    for piece in pieces:
        if piece is None:
            tokens.append(None)
        elif isinstance(piece, dict):
            tokens.append(tokenizer.encoding.encode_single_token(piece["special"]))
        else:
            tokens += tokenizer.encode(piece)
    return tokens


def _hold(file: Path) -> None:
    class Holding(Scheduler):
        def schedule(self) -> list[Work]:
            if file.read_text() != str(os.getpid()):
                return super().schedule()
            # Aside, so that they take nothing of the step's budget; one that joins in this very step only loses its turn.
            held = [sequence for sequence in self.running if _full(sequence)]
            self.running = [sequence for sequence in self.running if not _full(sequence)]
            work = [item for item in super().schedule() if not _full(item.sequence)]
            self.running = held + self.running
            if not work:
                time.sleep(_HELD_SECONDS)
            return work

    engine.Scheduler = Holding  # type: ignore[misc]


def _full(sequence: Sequence) -> bool:
    return sequence.generated >= sequence.params.seed
