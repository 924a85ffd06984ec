from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.tokenizer.incremental import IncrementalDecoder, StopMatcher, TextStream

TEXT = "Grüße, 世界 🌍 — naïve"


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """data cut at the given places, which may repeat."""
    places = sorted(min(cut, len(data)) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def run(stream: TextStream, tokens: Sequence[bytes]) -> str:
    """What a caller shows: it feeds until stopped, then finishes."""
    text = ""
    for token in tokens:
        text += stream.feed(token)
        if stream.stopped:
            return text
    return text + stream.finish()


def one_shot(data: bytes, stops: Sequence[str]) -> str:
    """The definition: the decoded text up to where the first stop string in it starts."""
    text = data.decode("utf-8", errors="replace")
    return text[: min([text.find(stop) for stop in stops if stop in text], default=len(text))]


def test_a_character_is_released_when_its_last_byte_arrives() -> None:
    decoder = IncrementalDecoder()
    assert [decoder.feed(bytes([byte])) for byte in "ü🌍".encode()] == ["", "ü", "", "", "", "🌍"]


def test_a_byte_that_can_not_become_a_character_is_replaced_at_once() -> None:
    decoder = IncrementalDecoder()
    assert decoder.feed(b"\xff") == "\ufffd"
    assert decoder.feed(b"\xe4") == ""
    assert decoder.feed(b"a") == "\ufffda"


def test_a_character_cut_short_at_the_end_is_replaced() -> None:
    decoder = IncrementalDecoder()
    assert decoder.feed(b"a\xf0\x9f") == "a"
    assert decoder.finish() == "\ufffd"


def test_text_that_may_become_a_stop_string_is_held_back_until_decided() -> None:
    matcher = StopMatcher(["END"])
    assert matcher.feed("a E") == "a "
    assert matcher.feed("N") == ""
    assert matcher.feed("?") == "EN?"
    assert matcher.feed("EN") == ""
    assert matcher.feed("D more") == ""
    assert matcher.stopped
    assert matcher.feed("ignored") == ""
    assert matcher.finish() == ""


def test_text_held_back_is_released_at_the_end() -> None:
    matcher = StopMatcher(["END"])
    matcher.feed("EN")
    assert matcher.finish() == "EN"
    assert not matcher.stopped


def test_the_stop_string_that_starts_first_wins() -> None:
    matcher = StopMatcher(["b", "ab"])
    assert matcher.feed("xab") == "x"
    assert matcher.found == "ab"


def test_of_stop_strings_that_start_together_the_one_that_is_complete_first_is_named() -> None:
    matcher = StopMatcher(["abc", "ab"])
    assert matcher.feed("xabc") == "x"
    assert matcher.found == "ab"


def test_a_complete_stop_string_waits_for_one_that_started_before_it() -> None:
    matcher = StopMatcher(["abcd", "bc"])
    assert matcher.feed("abc") == ""
    assert not matcher.stopped
    assert matcher.feed("d") == ""
    assert matcher.stopped


def test_a_complete_stop_string_is_taken_when_the_one_before_it_fails() -> None:
    matcher = StopMatcher(["abcd", "bc"])
    matcher.feed("abc")
    assert matcher.feed("e") == "a"
    assert matcher.found == "bc"


def test_the_end_settles_a_stop_string_that_waited() -> None:
    stream = TextStream(["abcd", "bc"])
    assert stream.feed(b"abc") == ""
    assert stream.finish() == "a"
    assert stream.stopped


def test_a_self_overlapping_stop_string_is_found() -> None:
    stream = TextStream(["aab"])
    assert run(stream, [b"a", b"a", b"a", b"b"]) == "a"
    assert stream.stopped


def test_a_stop_string_is_found_across_tokens_and_inside_characters() -> None:
    stream = TextStream(["世界"])
    assert run(stream, [bytes([byte]) for byte in TEXT.encode()]) == "Grüße, "
    assert stream.stopped


def test_without_stop_strings_nothing_is_held_back() -> None:
    assert TextStream(["", ""]).feed(b"abc") == "abc"


def test_released_counts_characters() -> None:
    stream = TextStream(["|"])
    stream.feed("ü世".encode())
    assert stream.released == 2
    stream.feed(b"a|b")
    assert stream.released == 3


def test_memory_is_bounded_by_the_stop_strings() -> None:
    matcher = StopMatcher(["a" * 63 + "b", "aab" * 20])
    for _ in range(1000):
        matcher.feed("a" * 50)
        assert len(matcher._held) < 64


@given(st.text(), st.lists(st.integers(0, 60)))
def test_decoding_does_not_depend_on_where_tokens_end(text: str, cuts: list[int]) -> None:
    data = text.encode("utf-8", errors="replace")
    decoder = IncrementalDecoder()
    released = [decoder.feed(piece) for piece in pieces(data, cuts)]
    assert "".join(released) + decoder.finish() == data.decode("utf-8", errors="replace")


@given(st.binary(), st.lists(st.integers(0, 60)))
def test_broken_bytes_decode_alike_however_they_are_split(data: bytes, cuts: list[int]) -> None:
    assert run(TextStream(), pieces(data, cuts)) == data.decode("utf-8", errors="replace")


@given(
    st.text(alphabet="abé", max_size=40),
    st.lists(st.text(alphabet="abé", min_size=1, max_size=5), max_size=4),
    st.lists(st.integers(0, 60)),
)
def test_released_text_does_not_depend_on_where_tokens_end(text: str, stops: list[str], cuts: list[int]) -> None:
    data = text.encode()
    stream = TextStream(stops)
    before = one_shot(data, stops)
    assert run(stream, pieces(data, cuts)) == before
    there = [stop for stop in stops if text.startswith(stop, len(before))]
    assert stream.found == min(there, key=len, default=None)
    assert stream.stopped == bool(there)


@given(st.binary(max_size=30), st.lists(st.text(alphabet="ab\ufffd", min_size=1, max_size=3), max_size=4))
def test_a_replayed_stream_stands_where_the_first_one_stood(data: bytes, stops: list[str]) -> None:
    tokens = [bytes([byte]) for byte in data]
    whole, replayed = TextStream(stops), TextStream(stops)
    half = len(tokens) // 2
    for token in tokens[:half]:
        whole.feed(token)
        replayed.feed(token)
    assert whole.released == replayed.released
    assert [whole.feed(token) for token in tokens[half:]] == [replayed.feed(token) for token in tokens[half:]]


@pytest.mark.parametrize("stop", ["x" * 64, "🌍" * 64])
def test_the_longest_stop_strings_are_found(stop: str) -> None:
    stream = TextStream([stop])
    assert run(stream, [bytes([byte]) for byte in f"before{stop}after".encode()]) == "before"
