"""Synthetic claims over real passages: sentences that are supported, and sentences with one planted error
each.

The planted errors follow the kinds that people find in model-written answers (numbers, names, negation,
opposite words, sentences from elsewhere, invented additions); every changed word is marked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.recipes.checker.reword import NUMBER_WORDS, join_next, reword
from lab.recipes.records import ClaimRow, QaRow, clean
from rag.text.sentences import split_sentences

OPPOSITES = {
    "more": "less", "less": "more", "first": "last", "last": "first", "before": "after", "after":
    "before", "increase": "decrease", "decrease": "increase", "increased": "decreased", "decreased":
    "increased", "higher": "lower", "lower": "higher", "largest": "smallest", "smallest": "largest",
    "north": "south", "south": "north", "east": "west", "west": "east", "always": "never", "never":
    "always", "all": "none of the", "most": "few", "older": "younger", "younger": "older", "won":
    "lost", "lost": "won", "allow": "forbid", "allowed": "forbidden", "begin": "end", "began": "ended",
    "begins": "ends", "early": "late", "late": "early", "with": "without", "without": "with", "above":
    "below", "below": "above", "good": "bad", "bad": "good", "high": "low", "low": "high", "male":
    "female", "female": "male", "husband": "wife", "wife": "husband", "father": "mother", "mother":
    "father", "true": "false", "enable": "disable", "enabled": "disabled", "minimum": "maximum",
    "maximum": "minimum", "before,": "after,", "largest,": "smallest,", "both": "neither",
}  # fmt: skip
STRONGER = {
    "some": "all", "many": "all", "often": "always", "may": "will", "might": "will", "could": "will",
    "usually": "always", "sometimes": "always", "about": "exactly", "most": "all", "suggests": "proves",
    "several": "all",
    "partly": "wholly", "mainly": "only", "mostly": "only", "one": "the only", "likely": "certainly",
    "possible": "certain", "among": "first among", "typically": "always", "generally": "always",
}  # fmt: skip
AUXILIARIES = {
    "is",
    "was",
    "are",
    "were",
    "can",
    "could",
    "will",
    "would",
    "has",
    "have",
    "had",
    "should",
    "may",
    "must",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """A claim as words, with a mark on each word that the evidence does not support."""

    words: list[str]
    unsupported: list[bool]
    label: str


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, their white space made plain."""
    return [" ".join(text[span.start : span.end].split()) for span in split_sentences(text)]


def names_in(text: str) -> list[str]:
    """Capitalised names that do not open a sentence."""
    return re.findall(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*", text)


def replace_at(words: Sequence[str], start: int, end: int, new: Sequence[str], label: str) -> Edit:
    """Words with [start, end) replaced by marked words; trailing punctuation of the old text is kept."""
    tail = re.search(r"[.,;:!?)]*$", words[end - 1])
    fresh = [*new[:-1], new[-1] + (tail.group() if tail else "")]
    unsupported = [False] * start + [True] * len(fresh) + [False] * (len(words) - end)
    return Edit([*words[:start], *fresh, *words[end:]], unsupported, label)


def swap_number(words: Sequence[str], others: Sequence[str], rng: random.Random) -> Edit | None:
    """Another number in place of one: from the passage, or near the true one."""
    places = [i for i, w in enumerate(words) if re.fullmatch(r"[(]?\d[\d,]*(\.\d+)?%?[.,;:)]*", w)]
    if not places:
        return None
    place = rng.choice(places)
    digits = re.sub(r"[^\d]", "", words[place])
    value = int(digits[:9])
    near = (
        str(max(0, value + rng.choice([-10, -3, -2, -1, 1, 2, 3, 10])))
        if rng.random() < 0.7
        else str(value * 2 + 1)
    )
    numbers = [n for n in others if n != digits and abs(len(n) - len(digits)) <= 1]
    new = rng.choice(numbers) if numbers and rng.random() < 0.5 else near
    percent = "%" if "%" in words[place] else ""
    return None if new == digits else replace_at(words, place, place + 1, [new + percent], "contradiction")


def swap_month(words: Sequence[str], rng: random.Random) -> Edit | None:
    """Another month in place of one."""
    places = [i for i, w in enumerate(words) if w.strip(".,;:()") in MONTHS]
    if not places:
        return None
    place = rng.choice(places)
    others = [m for m in MONTHS if m not in words[place]]
    return replace_at(words, place, place + 1, [rng.choice(others)], "contradiction")


def swap_name(words: Sequence[str], names: Sequence[str], rng: random.Random) -> Edit | None:
    """Another name in place of one."""
    found = names_in(" ".join(words))
    choices = [n for n in names if n not in " ".join(words)]
    if not found or not choices:
        return None
    old = rng.choice(found).split()
    bare = [w.strip(".,;:()'\"") for w in words]
    starts = [i for i in range(1, len(words)) if bare[i : i + len(old)] == old]
    if not starts:
        return None
    return replace_at(words, starts[0], starts[0] + len(old), rng.choice(choices).split(), "not_entailment")


def swap_pair(words: Sequence[str], rng: random.Random) -> Edit | None:
    """Two names of the sentence in each other's place ("A beat B", "B beat A"); not where they are only
    listed.
    """
    bare = [w.strip(".,;:()'\"") for w in words]
    known = {*names_in(" ".join(words))} - {*MONTHS}
    places = [i for i, w in enumerate(bare) if i and w in known]
    pairs = [
        (a, b)
        for a in places
        for b in places
        if a + 2 < b and bare[a] != bare[b] and not {"and", "or"} & set(bare[a:b])
    ]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    fresh = list(words)
    fresh[a], fresh[b] = words[a].replace(bare[a], bare[b]), words[b].replace(bare[b], bare[a])
    return Edit(fresh, [i in (a, b) for i in range(len(fresh))], "not_entailment")


def swap_verb(words: Sequence[str], others: Sequence[str], rng: random.Random) -> Edit | None:
    """Another verb in the past in place of one."""
    places = [i for i, w in enumerate(words) if i and re.fullmatch(r"[a-z]{2,}ed", w)]
    choices = [w for w in others if w not in words]
    if not places or not choices:
        return None
    place = rng.choice(places)
    return replace_at(words, place, place + 1, [rng.choice(choices)], "not_entailment")


def strengthen(words: Sequence[str], rng: random.Random) -> Edit | None:
    """A stronger word than the evidence allows: "some" becomes "all", "may" becomes "will"."""
    places = [i for i, w in enumerate(words) if w in STRONGER]
    if not places:
        return None
    place = rng.choice(places)
    return replace_at(words, place, place + 1, STRONGER[words[place]].split(), "not_entailment")


def swap_number_word(words: Sequence[str], rng: random.Random) -> Edit | None:
    """Another number word in place of one."""
    places = [i for i, w in enumerate(words) if w.strip(".,;:") in NUMBER_WORDS[1:]]
    if not places:
        return None
    place = rng.choice(places)
    others = [w for w in NUMBER_WORDS[1:] if w not in words[place]]
    return replace_at(words, place, place + 1, [rng.choice(others)], "contradiction")


def negate(words: Sequence[str], rng: random.Random) -> Edit | None:
    """Take a "not" out, or put one behind an auxiliary verb."""
    places = [i for i, w in enumerate(words[:-1]) if w.lower() in AUXILIARIES]
    if not places:
        return None
    place = rng.choice(places)
    if words[place + 1] == "not":
        return Edit(
            [*words[: place + 1], *words[place + 2 :]],
            [i == place for i in range(len(words) - 1)],
            "contradiction",
        )
    return replace_at(words, place, place + 1, [words[place], "not"], "contradiction")


def oppose(words: Sequence[str], rng: random.Random) -> Edit | None:
    """An opposite in place of a word."""
    places = [i for i, w in enumerate(words) if w in OPPOSITES]
    if not places:
        return None
    place = rng.choice(places)
    return replace_at(words, place, place + 1, OPPOSITES[words[place]].split(), "contradiction")


def extend(words: Sequence[str], foreign: str, rng: random.Random) -> Edit | None:
    """The sentence with the tail of a foreign sentence added: partly supported."""
    tail = foreign.split()[-rng.randint(4, 9) :]
    if len(tail) < 4:
        return None
    joined = rng.choice(["and", "which", "because", "with", "in"])
    head = [*words[:-1], words[-1].rstrip(".!?") + ","]
    return Edit([*head, joined, *tail], [False] * len(head) + [True] * (len(tail) + 1), "not_entailment")


def shorten(words: Sequence[str], rng: random.Random) -> list[str]:
    """A supported variant: brackets dropped, or one clause cut at a comma, or the words as they are."""
    text = " ".join(words)
    if rng.random() < 0.4:
        text = re.sub(r"\s*[(\[][^)\]]*[)\]]", "", text)
    clauses = text.split(", ")
    if len(clauses) > 2 and rng.random() < 0.4:
        text = ", ".join(clauses[:-1]).rstrip(".,") + "."
    return text.split()


@dataclass(frozen=True)
class Source:
    """A passage with what an edit may borrow from it."""

    row: QaRow
    sentences: list[str]
    names: list[str]
    numbers: list[str]
    verbs: list[str]


def source_of(row: QaRow) -> Source:
    """Split a passage once."""
    text = clean(row.context)
    numbers = [re.sub(r"[^\d]", "", n) for n in re.findall(r"\b\d[\d,]*\b", text)]
    verbs = re.findall(r"(?<= )[a-z]{2,}ed(?= )", text)
    return Source(row, sentences_of(text), names_in(text), numbers, verbs)


KINDS = {
    "number": 5, "name": 5, "negate": 3, "oppose": 3, "extend": 2, "month": 1, "pair": 2,
    "verb": 3, "stronger": 2, "number_word": 1,
}  # fmt: skip
"""The kinds of planted errors with their weights."""


def edit(words: list[str], own: Source, other: Source, rng: random.Random) -> Edit | None:
    """One planted error of a random kind, or None where the sentence does not allow it."""
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    makers: dict[str, Callable[[], Edit | None]] = {
        "number": lambda: swap_number(words, own.numbers, rng),
        "name": lambda: swap_name(words, own.names if rng.random() < 0.6 else other.names, rng),
        "negate": lambda: negate(words, rng),
        "oppose": lambda: oppose(words, rng),
        "extend": lambda: extend(words, rng.choice(other.sentences), rng),
        "month": lambda: swap_month(words, rng),
        "pair": lambda: swap_pair(words, rng),
        "verb": lambda: swap_verb(words, [*own.verbs, *other.verbs], rng),
        "stronger": lambda: strengthen(words, rng),
        "number_word": lambda: swap_number_word(words, rng),
    }
    return makers[kind]()


def sentence_claim(own: Source, other: Source, rng: random.Random) -> ClaimRow | None:
    """A claim made from a sentence: supported, spoilt, taken from elsewhere, or with its sentence taken
    away.
    """
    usable = [i for i, s in enumerate(own.sentences) if 5 <= len(s.split()) <= 45]
    if not usable:
        return None
    place = rng.choice(usable)
    words, evidence = shorten(own.sentences[place].split(), rng), own.sentences
    gold: tuple[int, ...] = (place,)
    if rng.random() < 0.15 and place + 1 in usable:
        words, gold = join_next(words, own.sentences[place + 1].split()), (place, place + 1)
    words = reword(words, own.row.title, own.row.context, rng)
    if len(words) < 3:
        return None
    roll = rng.random()
    if roll < 0.24:
        made: Edit | None = Edit(words, [False] * len(words), "entailment")
    elif roll < 0.84:
        made = edit(words, own, other, rng)
    elif roll < 0.93 and other.row.context != own.row.context:
        words = rng.choice(other.sentences).split()[:45]
        made, gold = Edit(words, [True] * len(words), "neutral"), ()
    else:
        evidence = [s for i, s in enumerate(own.sentences) if i not in gold]
        made, gold = Edit(words, [], "neutral"), ()
    if made is None or not evidence or len(made.words) < 3:
        return None
    question = own.row.question if rng.random() < 0.3 else ""
    claim = " ".join(made.words)
    unsupported = tuple(made.unsupported)
    return ClaimRow(
        "synthetic",
        "train",
        own.row.context,
        claim,
        tuple(evidence),
        made.label,
        question,
        gold,
        tuple(made.words),
        unsupported,
    )


def answer_claim(own: Source, rng: random.Random) -> ClaimRow | None:
    """A short answer to the passage's question: the true one, or another name or number of the passage."""
    if not own.row.spans:
        return None
    span = rng.choice(own.row.spans)
    answer = clean(own.row.context[span.start : span.end])
    wrong = [c for c in [*own.names, *own.numbers] if c not in answer and answer not in c and len(c) > 1]
    same_kind = [c for c in wrong if c[0].isdigit() == answer[0].isdigit()]
    if rng.random() < 0.5:
        return ClaimRow(
            "synthetic",
            "train",
            own.row.context,
            answer,
            tuple(own.sentences),
            "entailment",
            own.row.question,
        )
    if not same_kind:
        return None
    claim = rng.choice(same_kind)
    return ClaimRow(
        "synthetic", "train", own.row.context, claim, tuple(own.sentences), "not_entailment", own.row.question
    )


def synthesise(rows: Sequence[QaRow], count: int, seed: int) -> list[ClaimRow]:
    """`count` synthetic claims over the passages of `rows`; foreign sentences come from the same title when
    it has others.
    """
    rng = random.Random(seed)
    sources = [source_of(row) for row in rows if len(row.context) > 80]
    titles: dict[str, list[Source]] = {}
    for source in sources:
        titles.setdefault(source.row.title or source.row.source, []).append(source)
    made: list[ClaimRow] = []
    for _ in range(count * 4):
        own = rng.choice(sources)
        other = rng.choice(titles[own.row.title or own.row.source])
        claim = answer_claim(own, rng) if rng.random() < 0.15 else sentence_claim(own, other, rng)
        made += [claim] if claim else []
        if len(made) == count:
            break
    return made
