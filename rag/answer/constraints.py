"""What a question demands of the part that answers it, where the part plainly fails it.

Conservative: a part is kept out only where it names the other one of a pair (southern for northern, yard B
for yard A), another year, another thing counted, a quantity of another kind, or says of a thing that it has
what is to be missing. What cannot be told is left to the models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answer.asked import pieces, stems
from rag.answer.quantities import asked_kind, kinds

_CONTRASTS = (
    "northern southern eastern western",
    "north south east west",
    "first second third fourth fifth",
    "upper lower middle",
    "inner outer",
    "left right",
    "minimum maximum",
    "gross net",
    "indoor outdoor",
    "morning afternoon evening",
    "spring summer autumn winter",
    "monday tuesday wednesday thursday friday saturday sunday",
)
_GROUPS = [stems(group) for group in _CONTRASTS]
_YEAR = re.compile(r"(?<![\d,.])(?:19|20)\d\d(?![\d,.]\d|\d)")
_COUNTED = re.compile(
    r"\bhow (?:much|many)\s+((?:[a-z-]+\s+){0,3}?[a-z-]+)"
    r"(?=\s+(?:is|are|was|were|do|does|did|has|have|can|could|will|would|should|may|must|in|on|at|of|for|per|to|from)\b|\s*\?|$)",
    re.IGNORECASE,
)
_NOTHING_COUNTED = frozenset([
    "is", "are", "was", "were", "do", "does", "did", "has", "have", "can", "could", "will", "would", "should",
    "may", "must", "time", "money", "of", "more", "less", "longer", "people", "persons", "staff",
])  # fmt: skip
_LABELLED = re.compile(r"\b([a-z]{3,}) ([A-Z])\b(?!\.\w)")
"""One of several things that letters tell apart: "yard A"."""
_NEGATED = re.compile(
    r"\b(?:no|without|lacks?|not (?:have|need|include|contain)(?: an?| any)?) ([a-z]{3,})\b"
)
_DENIES = re.compile(r"\b(?:not?|never|without|none|lacks?|neither)\b|n['’]t\b", re.IGNORECASE)
_ATTRIBUTES = {
    "money": "price cost fee fare rent expensive charge free nothing gratis included",
    "length": "height high tall depth deep width wide thick thickness broad",
    "mass": "weight mass weigh weighs heavy",
    "temperature": "temperature hot cold warm",
    "speed": "speed fast",
    "voltage": "voltage",
    "pressure": "pressure",
    "area": "area",
    "volume": "volume",
}
_NAMES = {kind: stems(words) for kind, words in _ATTRIBUTES.items()}


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a question demands: its words' stems, the one year, the thing counted and the kind of quantity,
    the letters that tell things apart by what they are, and the thing that is to be missing. Of year, thing
    counted and thing missing only what some of the passages can meet.
    """

    words: frozenset[str]
    year: str | None
    counted: str | None
    kind: str | None
    labels: Mapping[str, str]
    missing: str | None

    def fails(self, text: str, above: str, passage: str) -> bool:
        """Whether a part, under what stands above it and in its passage, surely does not answer."""
        return (
            self._other_side(text, above)
            or self._other_year(f"{text} {above}", passage)
            or (self.counted is not None and self.counted not in stems(f"{above} {passage}"))
            or self._other_kind(text, above)
            or self._other_label(f"{text} {above}")
            or (self.missing is not None and self.missing in stems(text) and not _DENIES.search(text))
        )

    def _other_side(self, text: str, above: str) -> bool:
        """Whether the part, or else what is above it, names another one of a group than the question."""
        groups = [group for group in _GROUPS if len(self.words & group) == 1]
        if not groups:  # most questions: the words of every part need not be looked at
            return False
        said, over = stems(text), stems(above)
        return any(
            (here := group & said or group & over) and not self.words & (here | group & over)
            for group in groups
        )

    def _other_year(self, text: str, passage: str) -> bool:
        """Whether it speaks of other years, in a passage that does not speak of the one asked for."""
        years = _YEAR.findall(text)
        return self.year is not None and bool(years) and self.year not in years and self.year not in passage

    def _other_label(self, text: str) -> bool:
        here: dict[str, set[str]] = {}
        for thing, label in _LABELLED.findall(text):
            here.setdefault(thing, set()).add(label)
        return any(thing in here and label not in here[thing] for thing, label in self.labels.items())

    def _other_kind(self, text: str, above: str) -> bool:
        """Whether it holds no quantity of the kind that is asked for, nor the name of what is measured."""
        if self.kind is None or self.kind in kinds(f"{text}\n{above}"):
            return False
        return not _NAMES[self.kind] & stems(text)


def constraints_of(question: str, passages: Sequence[str]) -> Constraints:
    """What the question demands, as far as some of the passages can meet it."""
    every = " ".join(passages)
    years = set(_YEAR.findall(question))
    year = years.pop() if len(years) == 1 else None
    counted = _COUNTED.search(question)
    head = counted[1].lower().split()[-1] if counted else ""  # of "paid vacation days" the days
    thing = head if head not in _NOTHING_COUNTED else None
    said = next((piece.stem for piece in pieces(thing)), None) if thing else None
    negated = _NEGATED.search(question)
    lacking = next((piece.stem for piece in pieces(negated[1])), None) if negated else None
    known = stems(every)
    return Constraints(
        stems(question),
        year if year and year in every else None,
        said if said in known else None,
        asked_kind(question),
        dict(_LABELLED.findall(question)),
        lacking if lacking in known and _DENIES.search(every) else None,
    )
