"""A row that a person has judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eval.judges.sample import Sample
from rag.types import Label


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was judged, and what the person said of it.

    `truth` is 1 or 0, or a grade; `kind` is the label as it was written; `verdict` is that label as one of
    the checker's three, where the set tells them apart. Rows of one `group` (a claim, a question) are no
    independent evidence. `scores` are those that came with the row, `fields` what the row is sliced by,
    `line` where it stands in its file.
    """

    sample: Sample
    truth: float
    kind: str
    group: str
    source: str
    line: int
    verdict: Label | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
