"""Questions that a passage answers, made of its own words without a language model.

Three kinds: the heading with a word of the text, a few telling words, and a sentence with its key word and
some others left out (an inverse cloze task, Lee et al. 2019, https://arxiv.org/abs/1906.00300). Of half of
them, what would give the passage away to a search by words is dropped.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from adapt.types import Kind
from rag.text.sentences import evidence_sentences
from rag.text.words import content_words, is_content_word, split_words, stem
from rag.types import Chunk

_FRAMES = ("{}", "what is {}?", "how does {} work?", "how do I use {}?", "where is {} explained?")
_LEAST_WORDS = 12
_KEEP = 0.6
"""Chance of a word of a cloze sentence to stay."""
_EASY = 0.5
"""Share of the questions from which words are taken while the passage is the first hit of a word search."""
_MOST_DROPPED = 2

IsFirst = Callable[[str], bool]
"""Whether a search by words lists the passage first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question before it is known in which split it goes."""

    text: str
    kind: Kind


def drafts(
    chunk: Chunk, title: str, rarity: Rarity, dice: random.Random, is_first: IsFirst
) -> Iterator[Draft]:
    """Up to one question of each kind, in an order of chance."""
    if sum(map(is_content_word, split_words(chunk.text))) < _LEAST_WORDS:
        return
    kinds: list[tuple[Kind, str]] = [
        ("heading", _heading(chunk, title, rarity, dice)),
        ("phrases", _phrases(chunk, rarity, dice)),
        ("cloze", _cloze(chunk, rarity, dice)),
    ]
    dice.shuffle(kinds)
    for kind, text in kinds:
        if dice.random() < _EASY:
            text = harder(text, rarity, is_first)
        if sum(map(is_content_word, split_words(text))) >= 2:
            yield Draft(text, kind)


def harder(text: str, rarity: Rarity, is_first: IsFirst) -> str:
    """The question without the rarest words that make a search by words find the passage first."""
    for _ in range(_MOST_DROPPED):
        content = content_words(text)
        if len(content) <= 3 or not is_first(text):
            break
        given_away = max(content, key=rarity)
        text = " ".join(word for word in text.split() if given_away not in word)
    return text


def _heading(chunk: Chunk, title: str, rarity: Rarity, dice: random.Random) -> str:
    """The nearest heading, else the title, in a frame, with a telling word that it lacks."""
    heading = next(
        (h for h in reversed((title, *chunk.headings)) if any(map(is_content_word, split_words(h)))), ""
    )
    if not heading:
        return ""
    known = {word.lower() for word in split_words(heading)}
    further = [word for word in _telling(chunk.text, rarity, 6) if word.lower() not in known]
    subject = " ".join([*split_words(heading), *dice.sample(further, min(1, len(further)))])
    return dice.choice(_FRAMES).format(subject.lower())


def _phrases(chunk: Chunk, rarity: Rarity, dice: random.Random) -> str:
    """Three to five of the telling words, in their order; the most telling one is left out."""
    telling = _telling(chunk.text, rarity, 10)[1:]
    chosen = dice.sample(telling, min(dice.randint(3, 5), len(telling)))
    return " ".join(sorted(chosen, key=chunk.text.find)).lower()


def _cloze(chunk: Chunk, rarity: Rarity, dice: random.Random) -> str:
    """A sentence without its rarest word and without some of the others."""
    sentences = [split_words(chunk.text[start:end]) for start, end in evidence_sentences(chunk.text)]
    fitting = [words for words in sentences if 7 <= len(words) <= 40]
    if not fitting:
        return ""
    words = dice.choice(fitting)
    content = [word for word in words if is_content_word(word)]
    if len(content) < 4:
        return ""
    key = max(content, key=rarity)
    kept = [w for w in words if w != key and (not is_content_word(w) or dice.random() < _KEEP)]
    return "what " + " ".join(kept[:16]).lower()


def _telling(text: str, rarity: Rarity, most: int) -> list[str]:
    """The content words that are rare in the collection and frequent here, most telling first."""
    words = content_words(text)
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-rarity(word) * counts[word] ** 0.5, word))[:most]


def unlike(texts: Sequence[str]) -> list[bool]:
    """For each text, whether it is the first with these words."""
    seen: set[str] = set()
    fresh = []
    for text in texts:
        bare = " ".join(sorted({word.lower() for word in split_words(text)}))
        fresh.append(bare not in seen)
        seen.add(bare)
    return fresh


@dataclass(frozen=True)
class Rarity:
    """How rare a word is among the passages: ln(passages / passages with its stem)."""

    found: Counter[str]
    passages: int

    @classmethod
    def of(cls, passages: Sequence[str]) -> Rarity:
        """Count over these passages."""
        found = Counter(s for text in passages for s in {stem(word.lower()) for word in split_words(text)})
        return cls(found, len(passages))

    def __call__(self, word: str) -> float:
        return math.log((self.passages + 1) / (self.found[stem(word.lower())] + 0.5))
