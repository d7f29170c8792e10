"""One case of a run: what came back, and what each metric said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.types import Label


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be computed: a stable code and a text for the user."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage."""

    source: str
    title: str
    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Footnote:
    """What a marker of the answer stands for: a span of the document `source`, and its text; `passage`
    is the place of the retrieved passage (from 0) that it is in.
    """

    marker: int
    source: str
    start: int
    end: int
    quote: str
    page: int | None = None
    passage: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the answer with the markers that it cites and the verdict it got live; `support` is the
    probability of being supported. None where it was not checked.
    """

    text: str
    citations: tuple[int, ...] = ()
    label: Label | None = None
    support: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What something cost: tokens of an LLM, and money in the currency of the settings."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One case with its answer and scores.

    A metric is in exactly one of `scores`, `skipped` (it does not apply; the value is the reason, e.g.
    `no_reference`) and `errors` (it applies and could not be computed). `response` has no footnote markers,
    `sentences` have; in `cited` they count the passages from 1 instead. `confidence` is what the answer's
    route was sure of, also where it abstained; `route` the step that answered, or `none`. `slices` are what
    results are compared by: `type`, `source`, `length`. Times are milliseconds, `judge_ms` by metric.
    `failure` is why the question could not be asked.
    """

    id: str
    question: str
    reference: str | None
    response: str
    abstained: bool
    reason: str | None
    sources: tuple[str, ...]
    scores: Mapping[str, float]
    skipped: Mapping[str, str]
    errors: Mapping[str, Failure]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    judge_ms: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    route: str = "none"
    sentences: tuple[Checked, ...] = ()
    footnotes: tuple[Footnote, ...] = ()
    passages: tuple[Passage, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    synthetic: bool = False
    spent: Spent = Spent()
    judge_spent: Spent = Spent()
    failure: Failure | None = None
    cited: str = ""
