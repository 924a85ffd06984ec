"""A grammar over single bytes: the same language as over any vocabulary, stepped in microseconds. Paths to an end are sought here."""

from __future__ import annotations

from typing import Any

from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

END = 256
"""The id after the 256 bytes: the end of the text."""


def _limits(step_lexer_fuel: int, step_max_items: int) -> LLParserLimits:
    return LLParserLimits(
        max_items_in_row=2_000,
        initial_lexer_fuel=500_000,
        step_lexer_fuel=step_lexer_fuel,
        step_max_items=step_max_items,
        max_lexer_states=20_000,
        max_grammar_size=100_000,
        precompute_large_lexemes=False,
        verbose_errors=False,
    )


LIMITS = _limits(100_000, 20_000)
"""What a compilation and a step may take: 10 ms a step at the worst. They do not bound every compilation: see helper.py."""

WALK_LIMITS = _limits(400_000, 40_000)
"""Of one path followed: more than a mask takes, so that what a mask allows is never refused for them."""

SEARCH_LIMITS = _limits(5_000, 2_000)
"""Of a step of a search between two tokens, which has thousands: under half a millisecond."""


class _Bytes:
    """The vocabulary as llguidance's wrapper wants it."""

    eos_token_id = END
    bos_token_id = None
    tokens = (*[bytes([value]) for value in range(256)], b"<end>")
    special_token_ids = (END,)

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


_tokenizer: list[LLTokenizer] = []


def byte_matcher(grammar: str, limits: LLParserLimits) -> LLMatcher:
    """A matcher of `grammar` over bytes and END, with a lexer of its own. Its errors are in `get_error`."""
    if not _tokenizer:
        wrapper: Any = TokenizerWrapper(_Bytes())
        _tokenizer.append(LLTokenizer(wrapper, slices=[]))
    return LLMatcher(_tokenizer[0], grammar, limits=limits, log_level=0)
