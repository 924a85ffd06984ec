"""The embedded model with its matrices rounded to 8 bits, as a user starts it: it tells so, and still tells a story."""

from __future__ import annotations

import httpx

from tests.process.engine_child import DEADLINE, PYTHON_FOLDER, EngineChild
from training.eval.judge import judge

EMBEDDED = PYTHON_FOLDER.parent / "models" / "embedded"
QUESTION = "Tell me a brief story about a fox."
RULES = {"all": [r"\bfox"], "min_words": 30, "min_sentences": 3, "max_words": 200}


def test_in_8_bits_it_says_so_and_tells_a_story() -> None:
    with EngineChild(model=EMBEDDED, variables={"QUANTIZATION": "int8"}) as child:
        child.wait_until("ready")
        assert child.health()["quantization"] == "int8"
        body = {"model": "nanochat", "messages": [{"role": "user", "content": QUESTION}], "temperature": 0}
        answer = httpx.post(f"{child.url}/v1/chat/completions", json=body, timeout=DEADLINE, trust_env=False)
        assert answer.status_code == 200, answer.text
        choice = answer.json()["choices"][0]
    assert judge(choice["message"]["content"], QUESTION, choice["finish_reason"], RULES).broken == ()
