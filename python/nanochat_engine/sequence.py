"""One choice of a request while it is generated: its ids, where its keys and values are, its text.

Everything but the blocks is a function of (prompt, token ids): replaying the ids of an interrupted run gives the same state,
which is how resumption and preemption work. It knows no torch and no other sequence.
"""

from __future__ import annotations

from collections.abc import Sequence as Several

from nanochat_engine.cache.blocks import root_key
from nanochat_engine.cache.manager import BlockTable
from nanochat_engine.errors import InvalidRequest
from nanochat_engine.grammar.state import GrammarState
from nanochat_engine.request import (
    ChoiceDelta,
    ChoiceResume,
    FinishReason,
    GenerateRequest,
    PromptLogprobs,
    TokenLogprob,
)
from nanochat_engine.sampling.adjustment import adjustment_of
from nanochat_engine.tokenizer.incremental import TextStream
from nanochat_engine.tokenizer.tokenizer import Tokenizer
from nanochat_engine.tools.tool_loop import CalculatorLoop


class Sequence:
    """ids: prompt and generated tokens. computed: how many of them have their keys and values in the blocks of `table`.

    cached_tokens: tokens of the prompt whose keys and values were there when it first ran, None before.
    grammar: the state of its constraint, at the start. adjustment: what its logits need before a token is drawn from them, None for most sequences.
    after: a choice of the same request whose prompt is scored before this one starts.
    """

    def __init__(
        self,
        request: GenerateRequest,
        index: int,
        max_tokens: int,
        tokenizer: Tokenizer,
        grammar: GrammarState | None = None,
    ) -> None:
        self.request_id = request.request_id
        self.index = index
        self.params = request.params
        self.prompt_tokens = len(request.prompt_ids)
        self.ids = list(request.prompt_ids)
        self.computed = 0
        self.table = BlockTable(self.ids, self.prompt_tokens, root=root_key(request.cache_salt))
        self.cached_tokens: int | None = None
        # A choice of no tokens takes a step only where its prompt is scored.
        over = max_tokens == 0 and request.prompt_logprobs is None
        self.finish_reason: FinishReason | None = "length" if over else None
        self.after: Sequence | None = None
        self.prompt_logprobs = request.prompt_logprobs or 0
        self._scores: list[TokenLogprob] | None = None
        self._max_tokens = max_tokens
        self._tokenizer = tokenizer
        self._text = TextStream(request.params.stop)
        eos = frozenset[int]() if self.params.ignore_eos else tokenizer.stop_ids
        self._ending = eos | self.params.stop_token_ids
        self._grammar = grammar
        mask = grammar.mask if grammar is not None else None
        self.adjustment = adjustment_of(self.params, self.ids, self._ending, mask)
        self._calculator = CalculatorLoop(tokenizer) if request.calculator else None
        self._released = 0
        resume = request.resume.get(index)
        # What a resumed choice owes before its next token: text that was not released yet, or its end.
        self.opening = self._delta((), "") if over else None
        if resume is not None:
            self.opening = self._replay(resume)

    @property
    def generated(self) -> int:
        return len(self.ids) - self.prompt_tokens

    @property
    def pending(self) -> int:
        """Tokens that the next steps have to compute; one, the newest, while it is decoding."""
        return len(self.ids) - self.computed

    @property
    def scoring(self) -> bool:
        """Whether log-probabilities of its prompt are still missing: it needs the logits of all rows, and so finds none computed."""
        return self._scores is not None

    def score_prompt(self) -> None:
        """Gather the prompt's log-probabilities; call it before the sequence is scheduled."""
        self._scores = []

    def unscored(self, start: int, length: int) -> range:
        """The positions of [start, start + length) whose logits are wanted, as a token of the prompt comes after them."""
        if self._scores is None:
            return range(0)
        return range(max(start, len(self._scores)), min(start + length, self.prompt_tokens - 1))

    def score(self, logprobs: Several[TokenLogprob]) -> PromptLogprobs | None:
        """Take those of the tokens after unscored positions; returns all once they are complete."""
        if self._scores is None:
            return None
        self._scores += logprobs
        if len(self._scores) < self.prompt_tokens - 1:
            return None
        scores, self._scores = self._scores, None
        return PromptLogprobs(self.request_id, tuple(scores))

    def start(self, found: int) -> None:
        """Begin, or begin anew, with keys and values for the first `found` tokens."""
        self.computed = found
        if self.cached_tokens is None:
            self.cached_tokens = min(found, self.prompt_tokens)

    def append(self, sampled: int, logprob: TokenLogprob | None = None) -> ChoiceDelta:
        """Take the next token: the calculator's forced one where there is one, else the sampled; none where none is wanted.

        logprob: of the one taken.
        """
        if self._max_tokens == 0:
            self.finish_reason = "length"
            return self._delta((), "")
        token = self.next_forced()
        token = sampled if token is None else token
        text = self._absorb(token)
        self._released += len(text)
        return self._delta((token,), text, () if logprob is None else (logprob,))

    def choose(self, drawn: int) -> int:
        """The token to append for the drawn one: another where the grammar could not end in time after it. Call it once a token."""
        return drawn if self._grammar is None else self._grammar.take(drawn)

    def next_forced(self) -> int | None:
        """The token that the calculator forces next, if any."""
        return self._calculator.next_forced if self._calculator is not None else None

    def _replay(self, resume: ChoiceResume) -> ChoiceDelta | None:
        """Run the ids of an interrupted run through the same state; text up to text_offset is not sent again.

        Raises InvalidRequest where the ids can't be what a run with these parameters gave.
        """
        param = f"resume.choices[{self.index}]"
        text = ""
        for position, token in enumerate(resume.token_ids):
            if self.finish_reason is not None:
                raise InvalidRequest(
                    f"The choice had already finished after {position} tokens.", param=f"{param}.token_ids"
                )
            if self._grammar is not None and not self._grammar.replay((token,)):
                raise InvalidRequest(
                    f"The constraint does not allow the token at {position}.", param=f"{param}.token_ids"
                )
            text += self._absorb(token)
        if resume.text_offset > len(text):
            raise InvalidRequest(
                f"The tokens give {len(text)} characters, fewer than text_offset.", param=f"{param}.text_offset"
            )
        self._released = len(text)
        owed = text[resume.text_offset :]
        return self._delta((), owed) if owed or self.finish_reason is not None else None

    def _absorb(self, token: int) -> str:
        """Add one token to the state and return the text that it releases."""
        self.ids.append(token)
        if self.adjustment is not None:
            self.adjustment.push(token)
        endable = self.generated >= self.params.min_tokens
        visible = True
        if self._calculator is not None:
            self._calculator.push(token)
            visible = self._calculator.visible
        text = ""
        ended = self._grammar is not None and self._grammar.ended
        if ended or (endable and token in self._ending):
            self.finish_reason = "stop"
        elif visible:
            text = self._text.feed(self._tokenizer.token_bytes(token), stoppable=endable)
            if self._text.stopped:
                self.finish_reason = "stop"
        if self.finish_reason is None and self.generated >= self._max_tokens:
            self.finish_reason = "length"
        if self.finish_reason is not None:
            text += self._text.finish()
            if self._text.stopped:
                self.finish_reason = "stop"
        return text

    def _delta(self, token_ids: tuple[int, ...], text: str, logprobs: tuple[TokenLogprob, ...] = ()) -> ChoiceDelta:
        calculation = self._calculator.calculation if token_ids and self._calculator is not None else None
        return ChoiceDelta(
            self.request_id,
            self.index,
            token_ids,
            text,
            self._released,
            self.finish_reason,
            logprobs,
            () if calculation is None else (calculation,),
            self._text.found,
        )
