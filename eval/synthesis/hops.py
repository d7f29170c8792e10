"""Single-hop questions: one passage, one answer."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from eval.cases import Case
from eval.synthesis.passages import TYPES, Draft, Kind, Passage, Source
from eval.synthesis.round_trip import RoundTrip, alike
from eval.synthesis.rules import drafts_of
from rag.models.types import Encoder

_SHARE, _FREE = 0.25, 4
"""No rule makes more than this share of the questions while others can; the first few are free."""


_TURNS = 3
"""Questions about one passage, at most, before the cap falls."""


@dataclass
class DraftCounts:
    """What happened to the drafts so far."""

    drafts: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def kept(self, fault: str | None) -> bool:
        """Count one more draft; whether it is good."""
        self.drafts += 1
        if fault is not None:
            self.dropped[fault] += 1
        return fault is None


@dataclass
class Singles:
    """Makes good drafts, spread over the passages, with no rule far ahead of the others."""

    source: Source
    trip: RoundTrip
    seed: int
    tally: DraftCounts
    used: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[Draft]:
        """One of every passage first, then another one; in the end what the cap held back."""
        for capped in (True, False):
            for _ in range(_TURNS):
                for passage in self.source.spread(self.seed):
                    draft = self._of(passage, capped=capped)
                    if draft is not None:
                        yield draft

    def _of(self, passage: Passage, *, capped: bool) -> Draft | None:
        drafts = [one for one in self._drafts(passage) if one.question not in self.tried]
        for draft in sorted(drafts, key=lambda draft: self.used[draft.rule]):
            if capped and self._is_ahead(draft.rule):
                continue
            self.tried.add(draft.question)
            if self.tally.kept(fault_of(draft, self.trip, self.asked)):
                self.used[draft.rule] += 1
                self.asked.append(draft.question)
                return draft
        return None

    def _drafts(self, passage: Passage) -> list[Draft]:
        drafts = list(drafts_of(passage, self.source.lexicon))
        random.Random(f"{self.seed} {passage.chunk.id}").shuffle(drafts)
        return drafts

    def _is_ahead(self, rule: str) -> bool:
        return self.used[rule] > _FREE + _SHARE * self.used.total()


def fault_of(draft: Draft, trip: RoundTrip, asked: Sequence[str]) -> str | None:
    """What is wrong with a draft, the cheap look first."""
    if any(alike(draft.question, other) for other in asked):
        return "duplicate"
    return trip.fault(draft)


_IS_A = re.compile(r"(?:an?|the|one of the) ([a-z][^,]{15,90})", re.IGNORECASE)
_FIGURE = re.compile(r"(?:\D*\s)?(\d[\d,]*(?:\.\d+)?) ?([a-zA-Z%]+)")
_MANY = re.compile(r"How many (.+?) (?:does|do|did) \{\} ([a-z]+) ?(.*)\?")
_NEAR, _SAME = 0.55, 0.88
"""Cosine of two questions that belong together, and of two that ask the same."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A question made of two drafts; of a bridge the first one is the definition."""

    question: str
    reference: str
    rule: str
    one: Draft
    other: Draft


def joined(drafts: Sequence[Draft], definitions: Sequence[Draft], encoder: Encoder) -> Iterator[Joined]:
    """Bridges first, then comparisons, then pairs; each draft is used once."""
    used: set[str] = set()
    makers: tuple[Callable[[], Iterator[Joined]], ...] = (
        lambda: _bridges(drafts, definitions),
        lambda: _comparisons(drafts),
        lambda: _pairs(drafts, encoder),
    )
    for maker in makers:
        for found in maker():
            both = {found.one.question, found.other.question}
            if not both & used:
                used |= both
                yield found


def _bridges(drafts: Sequence[Draft], definitions: Sequence[Draft]) -> Iterator[Joined]:
    """A question about X, where X is put as what another document defines it to be."""
    for known in definitions:
        told = _IS_A.fullmatch(known.reference)
        if not told or len(known.subject.split()) < 2:
            continue
        name = re.compile(rf"(?<![\w-]){re.escape(known.subject)}(?![\w-])")
        for draft in drafts:
            if _apart(known, draft) and draft.rule != "definition" and name.search(draft.question):
                question = name.sub(f"the {told[1]}", draft.question, count=1)
                yield Joined(question.replace("the the ", "the "), draft.reference, "bridge", known, draft)


def _comparisons(drafts: Sequence[Draft]) -> Iterator[Joined]:
    """Two figures of one unit in the same frame."""
    told = [draft for draft in drafts if draft.rule in ("default", "amount", "value")]
    for a, b in combinations(told, 2):
        x, y = _FIGURE.fullmatch(a.reference), _FIGURE.fullmatch(b.reference)
        question = _which(a, b) if a.frame == b.frame and _apart(a, b) else None
        if question and x and y and x[2] == y[2] and _number(x[1]) != _number(y[1]):
            more, less = (a, b) if _number(x[1]) > _number(y[1]) else (b, a)
            subject = more.subject[:1].upper() + more.subject[1:]
            yield Joined(
                question, f"{subject}: {more.reference}, against {less.reference}", "comparison", a, b
            )


def _which(a: Draft, b: Draft) -> str | None:
    if a.rule == "default":
        return f"Which has the higher default value, {a.subject} or {b.subject}?"
    found = _MANY.fullmatch(a.frame)
    if found:
        verb = "has" if found[2] == "have" else re.sub(r"(?<=[^aeiou])y$", "ie", found[2]) + "s"
        return " ".join(f"Which {verb} more {found[1]} {found[3]}".split()) + f", {a.subject} or {b.subject}?"
    return None


def _pairs(drafts: Sequence[Draft], encoder: Encoder) -> Iterator[Joined]:
    """The questions that are most like each other without asking the same, joined by "and"."""
    if len(drafts) < 2:
        return
    vectors = np.stack([one.dense for one in encoder.encode_queries([draft.question for draft in drafts])])
    near = vectors @ vectors.T
    for one, other in sorted(combinations(range(len(drafts)), 2), key=lambda pair: -near[pair]):
        a, b = drafts[one], drafts[other]
        if _NEAR <= near[one, other] <= _SAME and _apart(a, b):
            yield Joined(_both(a, b), f"{_stopped(a.reference)} {_stopped(b.reference)}", "pair", a, b)


def _both(a: Draft, b: Draft) -> str:
    """Two questions as one; of what both ask in the same words only once."""
    if a.frame and a.frame == b.frame and a.rule in ("default", "definition", "parameter", "used_for"):
        frame = a.frame.replace("the default value of", "the default values of")
        frame = re.sub(r"\bis\b", "are", re.sub(r"\bdoes\b", "do", frame))
        return frame.replace("{}", f"{a.subject} and {b.subject}")
    return f"{a.question[:-1]}, and {b.question[:1].lower()}{b.question[1:]}"


def _apart(one: Draft, other: Draft) -> bool:
    return one.passage.document.id != other.passage.document.id


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def case_of(kind: Kind, question: str, reference: str | None, passages: Sequence[Passage]) -> Case:
    """The case. One that cannot be answered has no relevant source, only what comes nearest as context."""
    contexts = tuple(one.text for one in passages)
    case = Case(question, reference, contexts=contexts, type=TYPES[kind], synthetic=True)
    if kind == "unanswerable":
        return replace(case, answerable=False)
    sources = tuple(dict.fromkeys(one.document.source for one in passages))
    return replace(case, relevant_sources=sources, answerable=True)
