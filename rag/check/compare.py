"""A claim's values held against those that the evidence ties to the same thing.

Each value of a claim is compared with the values of its kind in the evidence, by how many of the words that
it is tied to stand with each: a value with fewer of them than a different one belongs to something else (the
next row, the other pump). Words that part the facts count for more (inverse document frequency).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from rag.check.clauses import clauses, is_negated, placed_stems, stems_of
from rag.check.facts import Fact, Words, facts_of
from rag.check.values import Value, compatible, differs, same, values_in
from rag.text.words import NEGATIONS, split_words
from rag.types import Span

TIED = 0.7
"""Least share of a claim's words that stand with a different value which contradicts it."""
NEAR = 0.55
"""Least share of them that stand with a value, where no other is the claim's, that keeps it from support."""
MARGIN = 0.12
"""How much larger the share of the words is that stand with the different value."""
LEANT = 0.6
"""What a word counts that the fact only leans on: of an earlier clause, a heading, another sentence."""
_LONGEST_FACT = 40
"""Words of a clause; what is longer is no clause, but text without marks."""
_FEWEST_WORDS = 2
_CHOICE = re.compile(r"\?|\b(?:or|oder)\b", re.IGNORECASE)
_RESTRICTING = NEGATIONS | frozenset(
    ("only", "except", "unless", "until", "if", "nur", "außer", "wenn", "falls", "bis", "nicht", "kein",
     "keine", "keinen", "keiner", "nie", "niemals", "ohne", "former", "formerly", "once", "and", "or",
     "than", "und", "oder", "als", "almost", "nearly")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clash:
    """A value of the claim, and the fact of the evidence that says another."""

    claimed: Span
    fact: Fact


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing values says of a claim.

    `clash` is the first value that the evidence contradicts. `is_missing`: it has values of the kind and not
    the claim's. `is_carried`: every value stands in it with every word of its clause, in their order.
    `matches` are the values that it has, each with its span in the claim and its place in the evidence.
    """

    clash: Clash | None = None
    is_missing: bool = False
    is_carried: bool = False
    matches: tuple[tuple[Span, Fact, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of the claim: its own stems and those of the parts in front of it."""

    text: str
    stems: tuple[str, ...]
    before: Words
    values: tuple[Value, ...]

    @property
    def is_open(self) -> bool:
        """Whether another value would not contradict it: it is negated, or leaves a choice."""
        return is_negated(self.text) or bool(_CHOICE.search(self.text))


def compare(claim: str, passages: Sequence[str]) -> Comparison:
    """Compare each value of a claim with the evidence; nothing is said of a claim without values."""
    if not values_in(claim):
        return Comparison()
    facts = facts_of(passages)
    matches: list[tuple[Span, Fact, Value]] = []
    is_missing, is_carried, before = False, True, frozenset[str]()
    for start, end in clauses(claim):
        text = claim[start:end]
        values = values_in(text)
        clause = _Clause(text, stems_of(text, values), before, values)
        before |= frozenset(clause.stems)
        for value in values:
            found = _find(value, clause, facts)
            span = Span(start + value.start, start + value.end)
            if isinstance(found, _Different) and text[value.start - 1 : value.start] != "(":
                if found.is_tied:
                    return Comparison(Clash(span, found.fact))
                is_missing = True
            elif isinstance(found, tuple):
                matches.append((span, *found))
                is_carried &= _carries(*found, value, clause, passages)
            is_carried &= isinstance(found, tuple)
    return Comparison(None, is_missing, is_carried and bool(matches), tuple(matches))


@dataclass(frozen=True, slots=True)
class _Different:
    """A fact with another value of the kind; `is_tied` where it is surely of the same thing."""

    fact: Fact
    is_tied: bool


def _find(value: Value, clause: _Clause, facts: Sequence[Fact]) -> tuple[Fact, Value] | _Different | None:
    """The fact that has the value, or one that has another in its place; None where neither is near."""
    having = [(fact, other) for fact in facts for other in fact.values if compatible(value, other)]
    against = [fact for fact in facts if _may_contradict(fact, value, clause)]
    weigh = _Weights(clause, [*(fact for fact, _ in having), *against])
    best = max(having, key=lambda one: (weigh.share(one[0]), same(value, one[1])), default=None)
    held = best if best is not None and same(value, best[1]) else None
    other = max(against, key=weigh.share, default=None)
    if other is None or weigh.total == 0:
        return held
    share = weigh.share(other)
    is_tied = share >= TIED and weigh.is_enough(other)
    if best is None:
        return _Different(other, is_tied) if share >= NEAR else None
    return _Different(other, True) if is_tied and share - weigh.share(best[0]) >= MARGIN else held


def _may_contradict(fact: Fact, value: Value, clause: _Clause) -> bool:
    """Whether a fact has another value of the kind, and none that the clause has anywhere.

    A negation or a choice ("1889 or 1890") on either side decides nothing; nor does a clause so long that
    anything stands in it.
    """
    if clause.is_open or fact.is_negated or len(fact.words) > _LONGEST_FACT:
        return False
    mine = [one for one in clause.values if one.kind == value.kind]
    return any(differs(value, other) for other in fact.values) and not any(
        compatible(one, other) for one in mine for other in fact.values
    )


class _Weights:
    """How much each word of a clause tells among some facts."""

    def __init__(self, clause: _Clause, facts: Sequence[Fact]) -> None:
        there = [fact.words | fact.around for fact in facts]
        own = frozenset(clause.stems)
        self._weights = {
            word: (1.0 if word in own else LEANT)
            * log(1 + len(facts) / max(1, sum(word in one for one in there)))
            for word in own | clause.before
        }
        self.total = sum(self._weights.values())

    def is_enough(self, fact: Fact) -> bool:
        """Whether enough words tie the fact to the clause: two, or all that there are."""
        found = sum(word in fact.words or word in fact.around for word in self._weights)
        return found >= min(_FEWEST_WORDS, len(self._weights))

    def share(self, fact: Fact) -> float:
        """The weight of the clause's words that stand with a fact, 0 to 1."""
        found = (
            weight * (1.0 if word in fact.words else LEANT)
            for word, weight in self._weights.items()
            if word in fact.words or word in fact.around
        )
        return sum(found) / self.total if self.total else 0.0


def _carries(fact: Fact, there: Value, claimed: Value, clause: _Clause, passages: Sequence[str]) -> bool:
    """Whether the fact has every word of the clause, in order where it is prose, and restricts it no more."""
    if claimed.bound != there.bound or any(differs(there, other) for other in fact.values):
        return False
    if not _beside(claimed, clause) & fact.words:
        return False
    if not clause.stems or not frozenset(clause.stems) <= fact.words | fact.around:
        return False
    places = [fact.stems.index(word) for word in clause.stems if word in fact.stems]
    said = passages[fact.context][fact.start : fact.end]
    return places == sorted(places) and _restrictions(said) == _restrictions(clause.text)


def _beside(value: Value, clause: _Clause) -> Words:
    """The stems next to a value, which say what it is a value of."""
    placed = list(placed_stems(clause.text, clause.values))
    before = [found for place, found in placed if place < value.start]
    after = [found for place, found in placed if place > value.start]
    return frozenset([*before[-1:], *after[:1]])


def _restrictions(text: str) -> frozenset[str]:
    words = (word.lower() for word in split_words(text))
    return frozenset(word for word in words if word in _RESTRICTING or word.endswith(("n't", "n’t")))
