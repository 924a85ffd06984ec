"""Judges one answer to one held-out prompt. Knows the rules and text only: no model, no server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

DEFAULT_MAX_WORDS = 60
ECHO_RATIO = 0.9
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Verdict:
    """Whether an answer passes, and the names of the rules that it breaks."""

    passed: bool
    broken: tuple[str, ...]


def words(text: str) -> list[str]:
    """Lower-case words and numbers of `text`, without punctuation."""
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower().replace("’", "'"))


def sentences(text: str) -> list[str]:
    return [s.strip() for s in re.split(r"[.!?]+(?:\s|$|[\"'])", text) if words(s)]


def is_looping(text: str) -> bool:
    """True if a word comes four times running, four words come three times, or a sentence twice."""
    w = words(text)
    if any(len(set(w[i : i + 4])) == 1 for i in range(len(w) - 3)):
        return True
    fours = [tuple(w[i : i + 4]) for i in range(len(w) - 3)]
    if any(fours.count(f) >= 3 for f in set(fours)):
        return True
    long = [" ".join(words(s)) for s in sentences(text) if len(words(s)) >= 3]
    return len(long) != len(set(long))


def is_echo(answer: str, prompt: str) -> bool:
    """True if the answer has no word of its own, or is nearly the prompt again."""
    a, p = words(answer), words(prompt)
    if set(a) <= set(p):
        return True
    return SequenceMatcher(None, " ".join(a), " ".join(p)).ratio() >= ECHO_RATIO


def numbers(text: str) -> list[float]:
    return [float(n.replace(",", "")) for n in NUMBER.findall(text)]


def general_faults(answer: str, prompt: str, finish_reason: str, rules: dict[str, Any]) -> list[str]:
    """The faults that fail any answer, whatever it was asked."""
    if not words(answer):
        return ["empty"]
    faults = []
    if finish_reason != "stop":
        faults.append("not-stopped")
    if len(words(answer)) > rules.get("max_words", DEFAULT_MAX_WORDS):
        faults.append("over-long")
    if is_looping(answer):
        faults.append("looping")
    if is_echo(answer, prompt):
        faults.append("echo")
    return faults


def number_faults(answer: str, prompt: str, result: float) -> list[str]:
    """The result has to be there, and no number that is neither the result nor in the prompt."""
    found = numbers(answer)
    if result not in found:
        return ["number"]
    allowed = {result, *numbers(prompt)}
    return ["other-number"] if any(n not in allowed for n in found) else []


def rule_faults(answer: str, prompt: str, rules: dict[str, Any]) -> list[str]:
    """The faults against the prompt's own rules: all, any, none, number, min_words, min_sentences."""

    def has(pattern: str) -> bool:
        return re.search(pattern, answer.replace("’", "'"), re.IGNORECASE) is not None

    faults = []
    if not all(has(p) for p in rules.get("all", [])):
        faults.append("all")
    if rules.get("any") and not any(has(p) for p in rules["any"]):
        faults.append("any")
    if any(has(p) for p in rules.get("none", [])):
        faults.append("none")
    if "number" in rules:
        faults += number_faults(answer, prompt, float(rules["number"]))
    if len(words(answer)) < rules.get("min_words", 1):
        faults.append("too-short")
    if len(sentences(answer)) < rules.get("min_sentences", 1):
        faults.append("too-few-sentences")
    return faults


def judge(answer: str, prompt: str, finish_reason: str, rules: dict[str, Any]) -> Verdict:
    """Judge the last answer of a conversation; `prompt` is the last user turn."""
    broken = general_faults(answer, prompt, finish_reason, rules)
    if "empty" not in broken:
        broken += rule_faults(answer, prompt, rules)
    return Verdict(not broken, tuple(broken))
