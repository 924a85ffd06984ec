"""The lines of a /generate answer. Written out, since a step's is made for each token: only texts need an encoder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nanochat_engine.api.bridge import End, Step
from nanochat_engine.api.compact_json import encode
from nanochat_engine.api.error_response import error_body
from nanochat_engine.request import ChoiceDelta, RequestFailed, TokenLogprob
from nanochat_engine.tokenizer.tokenizer import Tokenizer


def step_line(step: Step, tokenizer: Tokenizer) -> str:
    return f'{{"choices":[{",".join([_choice(delta, tokenizer) for delta in step])}]}}\n'


def prompt_line(ids: Sequence[int], logprobs: Sequence[TokenLogprob] | None, tokenizer: Tokenizer) -> str:
    """logprobs: of each token but the first, which nothing comes before; None where they were not asked for.

    Of a long prompt it takes tens of milliseconds: keep it off the event loop.
    """
    told = "null"
    if logprobs is not None:
        first = f'{_token(ids[0], None, tokenizer)},"top":[]}}'
        told = f"[{','.join([first, *_entries(ids[1:], logprobs, tokenizer)])}]"
    text = encode(tokenizer.decode(ids))
    return f'{{"prompt":{{"token_ids":[{_numbers(ids)}],"text":{text},"logprobs":{told}}}}}\n'


def end_line(end: End) -> str:
    if isinstance(end, RequestFailed):
        return encode(error_body(end.error)) + "\n"
    usage = {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "cached_tokens": end.cached_tokens,
    }
    return encode({"usage": usage}) + "\n"


def _choice(delta: ChoiceDelta, tokenizer: Tokenizer) -> str:
    finish = "null" if delta.finish_reason is None else f'"{delta.finish_reason}"'
    extra = ""
    if delta.logprobs:
        extra = f',"logprobs":[{",".join(_entries(delta.token_ids, delta.logprobs, tokenizer))}]'
    if delta.calculations:
        extra += f',"calculations":{encode([calculation._asdict() for calculation in delta.calculations])}'
    if delta.stop is not None:
        extra += f',"stop":{encode(delta.stop)}'
    return (
        f'{{"index":{delta.index},"token_ids":[{_numbers(delta.token_ids)}],"text":{encode(delta.text)},'
        f'"text_offset":{delta.text_offset},"finish_reason":{finish}{extra}}}'
    )


def _entries(ids: Sequence[int], logprobs: Sequence[TokenLogprob], tokenizer: Tokenizer) -> Iterable[str]:
    for token, (logprob, top_ids, top_logprobs) in zip(ids, logprobs, strict=True):
        top = ",".join(
            [f"{_token(other, value, tokenizer)}}}" for other, value in zip(top_ids, top_logprobs, strict=True)]
        )
        yield f'{_token(token, logprob, tokenizer)},"top":[{top}]}}'


def _token(token: int, logprob: float | None, tokenizer: Tokenizer) -> str:
    """An object yet to be closed."""
    told = "null" if logprob is None else repr(logprob)
    return f'{{"id":{token},"bytes":[{_numbers(tokenizer.spelling(token))}],"logprob":{told}'


def _numbers(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
