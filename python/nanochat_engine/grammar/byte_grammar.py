"""A grammar over single bytes: the same language as over any vocabulary, stepped in microseconds. Paths to an end are sought here."""

from __future__ import annotations

from typing import Any

from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

END = 256
"""The id after the 256 bytes: the end of the text."""

LIMITS = LLParserLimits(
    max_items_in_row=2_000,
    initial_lexer_fuel=500_000,
    step_lexer_fuel=100_000,
    step_max_items=20_000,
    max_lexer_states=20_000,
    max_grammar_size=100_000,
    precompute_large_lexemes=False,
    verbose_errors=False,
)
"""What a compilation and a step may take: 10 ms a step at the worst. They do not bound every compilation: see helper.py."""


class _Bytes:
    """The vocabulary as llguidance's wrapper wants it."""

    eos_token_id = END
    bos_token_id = None
    tokens = (*[bytes([value]) for value in range(256)], b"<end>")
    special_token_ids = (END,)

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


_tokenizer: list[LLTokenizer] = []


def byte_matcher(grammar: str) -> LLMatcher:
    """A matcher of `grammar` over bytes and END. Its errors are in `get_error`."""
    if not _tokenizer:
        wrapper: Any = TokenizerWrapper(_Bytes())
        _tokenizer.append(LLTokenizer(wrapper, slices=[]))
    return LLMatcher(_tokenizer[0], grammar, limits=LIMITS, log_level=0)


def completes(matcher: LLMatcher, path: bytes) -> bool:
    """Whether `path` leads from the matcher's state to an end."""
    return matcher.validate_tokens([*path, END]) == len(path) + 1


def take(matcher: LLMatcher, text: bytes) -> bool:
    """Consume all of `text`, or nothing."""
    taken = matcher.try_consume_tokens(list(text))
    if taken == len(text):
        return True
    if taken:
        matcher.rollback(taken)
    return False
