from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nanochat_engine.tokenizer.special_tokens import SPECIAL_TOKENS
from tests.golden import golden_tokenizer

TOKENIZER = golden_tokenizer()


def test_special_tokens_are_the_last_nine_ids_in_order() -> None:
    t = TOKENIZER
    assert [
        t.bos_id,
        t.user_start_id,
        t.user_end_id,
        t.assistant_start_id,
        t.assistant_end_id,
        t.python_start_id,
        t.python_end_id,
        t.output_start_id,
        t.output_end_id,
    ] == list(range(322, 331))
    assert t.vocab_size == 331
    assert t.stop_ids == {t.assistant_end_id, t.bos_id}
    assert t.special_ids == set(range(322, 331))


def test_the_name_of_a_special_token_stays_plain_characters() -> None:
    for name in SPECIAL_TOKENS:
        ids = TOKENIZER.encode(f"a{name}b")
        assert not TOKENIZER.special_ids & set(ids)
        assert TOKENIZER.decode(ids) == f"a{name}b"


def test_special_tokens_have_no_text() -> None:
    assert all(TOKENIZER.token_bytes(token) == b"" for token in TOKENIZER.special_ids)
    assert TOKENIZER.decode([TOKENIZER.bos_id, *TOKENIZER.encode("Hi"), TOKENIZER.assistant_end_id]) == "Hi"


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_survives_encoding_and_decoding(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert b"".join(TOKENIZER.token_bytes(token) for token in ids) == text.encode()


def test_a_lone_surrogate_does_not_fail() -> None:
    assert TOKENIZER.decode(TOKENIZER.encode("a\ud800b")) == "a\ufffdb"


def test_broken_utf8_is_decoded_with_replacement() -> None:
    assert TOKENIZER.decode([0xE4]) == "\ufffd"
