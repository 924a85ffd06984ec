"""lm-eval's `local-completions` on a small multiple-choice task, held against a direct computation by the model's own equations."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, ClassVar

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
# The harness must ask no hub for anything.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": os.environ["CONFORMANCE_OUT"] + "/hf"}

from checks import FAKE_URL, REAL_URL, check, failing, script, told
from lm_eval.evaluator import simple_evaluate
from lm_eval.models.openai_completions import LocalCompletionsAPI
from requests import HTTPError
from tenacity import RetryError

CLOSE = 1e-4
TIE = 1e-3
TASK = {
    "task": "questions",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": str(HERE.parent / "data" / "questions.jsonl")}},
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "{{question}}",
    "doc_to_choice": "choices",
    "doc_to_target": "answer",
    "metric_list": [{"metric": "acc"}],
}
ARGUMENTS: dict[str, Any] = {"model": "nanochat", "tokenizer_backend": "remote", "num_concurrent": 1, "max_retries": 1}


class Recording(LocalCompletionsAPI):
    """The harness's own client; it remembers the ids it asks about."""

    asked: ClassVar[list[Any]] = []

    def _loglikelihood_tokens(self, requests: Any, **more: Any) -> Any:
        answers = super()._loglikelihood_tokens(requests, **more)
        for (texts, context, continuation), (value, greedy) in zip(requests, answers, strict=True):
            one = {"texts": texts, "context": context, "continuation": continuation}
            self.asked.append({**one, "value": value, "greedy": greedy})
        return answers


def client_of(url: str, **more: Any) -> Recording:
    return Recording(base_url=f"{url}/v1/completions", batch_size=1, **{**ARGUMENTS, **more})


def direct(asked: list[Any]) -> list[Any]:
    """(log-likelihood, greedy) of each, computed without the server in the engine's environment."""
    command = [os.environ["ENGINE_PYTHON"], str(HERE / "reference.py"), str(ROOT / "models" / "embedded")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, env=environment)
    if answer.returncode:
        raise RuntimeError(answer.stderr[-500:])
    return json.loads(answer.stdout)


@check("the harness finds tokenizer and completions by itself, and runs the task")
def _() -> None:
    results = simple_evaluate(model=client_of(REAL_URL), tasks=[TASK], log_samples=True, bootstrap_iters=0)
    score, samples = results["results"]["questions"]["acc,none"], results["samples"]["questions"]
    asked = Recording.asked
    assert len(asked) == sum(len(sample["doc"]["choices"]) for sample in samples)
    expected = direct(asked)
    differences = [abs(one["value"] - value) for one, (value, _) in zip(asked, expected, strict=True)]
    worst = max(differences)
    told(
        f"each of {len(asked)} log-likelihoods is within {CLOSE} of the direct computation",
        worst <= CLOSE,
        f"the largest difference is {worst:.2e}",
        f"largest difference of a log-likelihood {worst:.1e}",
    )
    wrong = sum(one["greedy"] != greedy for one, (_, greedy) in zip(asked, expected, strict=True))
    told("what was greedy is told as greedy", wrong == 0, f"{wrong} of {len(asked)} differ")
    by_texts = {tuple(one["texts"]): value for one, (value, _) in zip(asked, expected, strict=True)}
    right, ties = 0, []
    for sample in samples:
        doc = sample["doc"]
        values = [by_texts[doc["question"], " " + choice] for choice in doc["choices"]]
        first, second = sorted(values, reverse=True)[:2]
        right += values.index(first) == doc["answer"]
        if first - second < TIE:
            ties.append(f"'{doc['question']}' ({first - second:.1e})")
    own = right / len(samples)
    told(
        "the score is that of the direct computation",
        abs(score - own) < 1e-9,
        f"{score} through the server, {own} directly",
        f"score {right} of {len(samples)}, ties under {TIE}: {', '.join(ties) or 'none'}",
    )


@check("generate_until gives text that ends before its stop string")
def _() -> None:
    task = {
        "task": "continued",
        "dataset_path": "json",
        "dataset_kwargs": TASK["dataset_kwargs"],
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{choices[answer]}}",
        "generation_kwargs": {"until": ["."], "max_gen_toks": 24, "temperature": 0},
        "metric_list": [{"metric": "exact_match"}],
    }
    results = simple_evaluate(model=client_of(REAL_URL), tasks=[task], limit=8, log_samples=True, bootstrap_iters=0)
    texts = [sample["resps"][0][0] for sample in results["samples"]["continued"]]
    assert len(texts) == 8 and not any("." in text for text in texts)


@check("a refusal reaches the harness as the HTTP error that it is")
def _() -> None:
    with failing(HTTPError, RetryError):
        client = client_of(REAL_URL, model="gpt-9")
        client.model_call([[1, 2, 3]], generate=True, gen_kwargs={"max_gen_toks": 4})


@check("an engine that fails in mid-answer reaches the harness as an HTTP error, never as half an answer")
def _() -> None:
    script(errorAfterTokens=3)
    with failing(HTTPError, RetryError):
        client = client_of(FAKE_URL, tokenizer_backend=None)
        client.model_call(["Hello"], generate=True, gen_kwargs={"max_gen_toks": 16})
