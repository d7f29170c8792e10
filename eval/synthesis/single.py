"""Single-hop questions: one passage, one answer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from eval.synthesis.collection import Source
from eval.synthesis.drafts import drafts_of
from eval.synthesis.trip import Trip, alike
from eval.synthesis.types import Draft, Passage

_SHARE, _FREE = 0.25, 4
"""No rule makes more than this share of the questions while others can; the first few are free."""


_TURNS = 3
"""Questions about one passage, at most, before the cap falls."""


@dataclass
class Tally:
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
    trip: Trip
    seed: int
    tally: Tally
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


def fault_of(draft: Draft, trip: Trip, asked: Sequence[str]) -> str | None:
    """What is wrong with a draft, the cheap look first."""
    if any(alike(draft.question, other) for other in asked):
        return "duplicate"
    return trip.fault(draft)
