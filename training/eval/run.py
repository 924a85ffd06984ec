"""Asks the held-out prompts over several seeds and prints the score by skill and in all.

Every turn of a conversation is answered by the model itself; the last answer is judged.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Protocol

from training.eval.judge import judge
from training.eval.near import PROMPTS

MAX_TOKENS = 512


class Answerer(Protocol):
    def answer(self, messages: list[dict[str, str]], seed: int, max_tokens: int) -> tuple[str, str]: ...


def converse(model: Answerer, turns: list[str], seed: int) -> tuple[str, str]:
    messages: list[dict[str, str]] = []
    answer, finish = "", ""
    for turn in turns:
        messages.append({"role": "user", "content": turn})
        answer, finish = model.answer(messages, seed, MAX_TOKENS)
        messages.append({"role": "assistant", "content": answer})
    return answer, finish


def evaluate(model: Answerer, seeds: list[int], prompts: Path = PROMPTS) -> list[dict[str, Any]]:
    results = []
    for prompt in json.loads(prompts.read_text(encoding="utf-8")):
        for seed in seeds:
            answer, finish = converse(model, prompt["turns"], seed)
            verdict = judge(answer, prompt["turns"][-1], finish, prompt["rules"])
            results.append(
                {
                    "id": prompt["id"],
                    "skill": prompt["skill"],
                    "seed": seed,
                    "prompt": prompt["turns"][-1],
                    "answer": answer,
                    "passed": verdict.passed,
                    "broken": list(verdict.broken),
                }
            )
    return results


def report(results: list[dict[str, Any]]) -> dict[str, str]:
    """passed/asked and the share, by skill and in all."""
    skills: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        skills[result["skill"]].append(result["passed"])
        skills["all"].append(result["passed"])
    order = sorted(skills, key=lambda s: (s == "all", s))
    return {s: f"{sum(skills[s])}/{len(skills[s])} = {sum(skills[s]) / len(skills[s]):.1%}" for s in order}


def model_of(options: argparse.Namespace) -> Answerer:
    if options.base_url:
        from training.eval.remote import RemoteModel

        return RemoteModel(options.base_url, options.model)
    from training.eval.local import LocalModel  # needs torch; the server's way does not

    return LocalModel(options.checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--base-url", help="a server, such as http://127.0.0.1:3080")
    where.add_argument("--checkpoint", type=Path, help="a folder with model, meta and tokenizer")
    parser.add_argument("--model", default="nanochat", help="the model's name for the server")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--prompts", type=Path, default=PROMPTS, help="another set, such as training/eval/unseen.json")
    parser.add_argument("--out", type=Path, help="where the answers go, as JSON")
    options = parser.parse_args()
    results = evaluate(model_of(options), options.seeds, options.prompts)
    for result in results:
        if not result["passed"]:
            print(
                f"{result['id']} seed {result['seed']} {result['broken']}: {result['prompt']!r} -> {result['answer']!r}"
            )
    scores = report(results)
    for skill, score in scores.items():
        print(f"{skill:12} {score}")
    if options.out:
        options.out.write_text(json.dumps({"scores": scores, "results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
