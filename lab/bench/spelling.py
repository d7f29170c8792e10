"""Typos mended: `python -m lab.bench.spelling FOLDER… --seeds 3`, each a BEIR folder of corpus and queries.

The queries as they stand must stay so; with one or two random slips each, the words should come back: a
letter left out, typed twice, swapped with the next, taken for a key beside it, or a space left out. Queries
of the other folders show what becomes of questions that a collection does not answer. Only the words are
indexed: no model runs.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean

import numpy as np

from eval.corpus import BeirFolder, load_beir
from eval.report.wording import table
from rag.index.tantivy import TantivyIndex
from rag.index.types import Batch, IndexedChunk, IndexSpec
from rag.search.spelling import Speller
from rag.text.edits import are_neighbours

LEAST = 4
MOST_QUERIES = 500
"""Of each folder, drawn by the seed."""
_WORD = re.compile(r"(?<![\w-])[a-z]{4,}(?![\w-])")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Slipped:
    """A question with typos, and the words that they were made of."""

    text: str
    words: tuple[tuple[str, str], ...]


def speller_of(data: BeirFolder) -> Speller:
    """A speller on the folder's texts."""
    index = TantivyIndex(None, IndexSpec(data.name, "none", "", 1))
    vector = np.ones(1, np.float32)
    texts = [document.full for document in data.documents]
    added = tuple(IndexedChunk(n, str(n), text, vector) for n, text in enumerate(texts, start=1))
    index.apply(Batch(1, (), added, ()))
    return Speller(index.vocabulary())


def slip(word: str, random: Random) -> str:
    """The word with a random slip."""
    n = random.randrange(len(word) - 1)
    beside = [letter for letter in _ALPHABET if letter != word[n] and are_neighbours(letter, word[n])]
    return random.choice(
        [
            word[:n] + word[n + 1 :],
            word[: n + 1] + word[n:],
            word[:n] + word[n + 1] + word[n] + word[n + 2 :],
            word[:n] + random.choice(beside) + word[n + 1 :],
        ]
    )


def slipped(question: str, random: Random) -> Slipped | None:
    """The question with one or two slips in its longer words; None where it has none."""
    places = [match.span() for match in _WORD.finditer(question)]
    if not places:
        return None
    text, words = question, []
    for start, end in sorted(random.sample(places, min(len(places), random.choice((1, 2)))), reverse=True):
        typed = slip(question[start:end], random)
        if typed != question[start:end]:
            text = text[:start] + typed + text[end:]
            words.append((question[start:end], typed))
    return Slipped(text, tuple(words))


def changed(speller: Speller, questions: Sequence[str], shown: int) -> float:
    """The share of well-spelt questions that are changed."""
    wrong = [(one, speller.corrected(one)) for one in questions]
    wrong = [(one, read) for one, read in wrong if one != read]
    for one, read in wrong[:shown]:
        pairs = [(a, b) for a, b in zip(one.split(), read.split(), strict=False) if a != b]
        print("   ", pairs[:3], "|", one[:90], flush=True)
    return len(wrong) / max(1, len(questions))


def restored(speller: Speller, questions: Sequence[Slipped], shown: int) -> tuple[float, float, float, float]:
    """Of the words with a slip the shares restored, left alone and turned into another word; milliseconds."""
    right = kept = wrong = 0
    started = time.perf_counter()
    read = [speller.corrected(one.text) for one in questions]
    spent = (time.perf_counter() - started) * 1000 / max(1, len(questions))
    for one, text in zip(questions, read, strict=True):
        present = re.findall(r"\w+", text)
        for word, typed in one.words:
            if word in present:
                right += 1
            elif typed in present:
                kept += 1
            else:
                wrong += 1
                if wrong <= shown:
                    print("   ", word, typed, "|", text[:90], flush=True)
    total = max(1, right + kept + wrong)
    return right / total, kept / total, wrong / total, spent


def main() -> None:
    """Print a row for each folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--show", type=int, default=0, help="print that many mistakes of each kind")
    args = parser.parse_args()
    data = [load_beir(folder) for folder in args.folders]
    rows = []
    for one in data:
        speller = speller_of(one)
        own = sorted(one.queries.values())
        others = sorted(text for other in data if other is not one for text in other.queries.values())
        figures = []
        for seed in range(args.seeds):
            random = Random(seed)
            asked = random.sample(own, min(len(own), MOST_QUERIES))
            typos = [slipped(text.lower(), random) for text in asked]
            show = args.show if seed == 0 else 0
            figures.append(
                (
                    changed(speller, asked, show),
                    changed(speller, random.sample(others, min(len(others), MOST_QUERIES)), show),
                    *restored(speller, [typo for typo in typos if typo], show),
                )
            )
        columns = list(zip(*figures, strict=True))
        shares = [f"{mean(c):.1%} ({min(c):.1%}–{max(c):.1%})" for c in columns[:-1]]
        rows.append([one.name, f"{len(speller.vocabulary.words)}", *shares, f"{mean(columns[-1]):.1f} ms"])
    print(table(("folder", "words", "changed", "others changed", "restored", "left", "wrong", "time"), rows))


if __name__ == "__main__":
    main()
