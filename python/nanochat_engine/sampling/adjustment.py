"""What has to be changed in one sequence's logits before its next token is drawn: a function of (prompt, generated ids), kept step by step.

No torch, so that sequences can own it; adjust.py applies it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from nanochat_engine.request import SamplingParams

# The tokens that may come next, a bit each: id i is bit i % 32 of word i // 32. None where all may.
Mask = Callable[[], npt.NDArray[np.int32] | None]


class Occurrences:
    """Which tokens a sequence holds, and how often each was generated; a token more costs the same however long the sequence is.

    ids: int64, in the order of their first appearance. counts: float32, beside them; 0 for tokens of the prompt alone.
    """

    def __init__(self, prompt: Iterable[int] = ()) -> None:
        self.ids = array("q", dict.fromkeys(prompt))
        self.counts = array("f", bytes(4 * len(self.ids)))
        self._places = {token: place for place, token in enumerate(self.ids)}

    def add(self, token: int) -> None:
        """Count a generated token."""
        place = self._places.setdefault(token, len(self.ids))
        if place == len(self.ids):
            self.ids.append(token)
            self.counts.append(0.0)
        self.counts[place] += 1.0


class Adjustment:
    """One sequence's. generated: tokens so far; `push` counts each, those of a replay and forced ones included.

    held_back: ids that end the choice, which must not come before params.min_tokens. mask: set by whoever constrains the
    sequence; it is asked once a token, just before the drawing.
    """

    def __init__(
        self, params: SamplingParams, prompt: Iterable[int], ending: Iterable[int], mask: Mask | None = None
    ) -> None:
        self.params = params
        self.mask = mask
        self.generated = 0
        self.bias_ids = array("q", [token for token, _ in params.logit_bias])
        self.biases = array("f", [bias for _, bias in params.logit_bias])
        self.occurrences: Occurrences | None = None
        if params.repetition_penalty != 1.0:
            self.occurrences = Occurrences(prompt)
        elif params.presence_penalty or params.frequency_penalty:
            self.occurrences = Occurrences()
        self._ending = array("q", sorted(ending))

    def push(self, token: int) -> None:
        """Observe the token just appended to the sequence."""
        self.generated += 1
        if self.occurrences is not None:
            self.occurrences.add(token)

    @property
    def held_back(self) -> array[int]:
        return self._ending if self.generated < self.params.min_tokens else array("q")


def adjustment_of(
    params: SamplingParams, prompt: Iterable[int], ending: Iterable[int], mask: Mask | None = None
) -> Adjustment | None:
    """The adjustment of a sequence with these parameters; None where its logits are drawn from as they are."""
    plain = (
        mask is None
        and params.repetition_penalty == 1.0
        and not (params.presence_penalty or params.frequency_penalty or params.logit_bias or params.min_tokens)
        and not (params.min_p and params.temperature)
    )
    return None if plain else Adjustment(params, prompt, ending, mask)
