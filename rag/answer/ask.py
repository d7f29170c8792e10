"""A question's way to its Answer: the pipeline run, and what came out of it laid out for the caller."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from rag.answer.cite import assemble
from rag.answer.flow import Draft
from rag.types import Answer, AnswerMode, CheckPolicy, Filter, Hit, Step, Usage


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with everything decided about how to answer it."""

    question: str
    collection: str
    k: int
    mode: AnswerMode
    check: CheckPolicy
    filters: Filter | None
    empty: bool = False


def to_answer(draft: Draft, hits: tuple[Hit, ...], started: float) -> Answer:
    """Number the footnotes, count the time; a draft without claims becomes an abstention with its reason."""
    cited = assemble(draft.claims, hits)
    abstained = not cited.sentences
    reason = (draft.reason or "no_relevant_passage") if abstained else None
    timings = {**draft.timings, "total": (perf_counter() - started) * 1000}
    return Answer(
        text=cited.text,
        sentences=cited.sentences,
        citations=cited.citations,
        hits=hits,
        abstained=abstained,
        reason=reason,
        route=draft.route or (_nothing_found(reason),),
        usage=draft.usage,
        timings=timings,
    )


def empty(reason: str, started: float) -> Answer:
    """An abstention before anything was searched."""
    timings = {"total": (perf_counter() - started) * 1000}
    return Answer("", (), (), (), True, reason, (_nothing_found(reason),), Usage(), timings)


def _nothing_found(reason: str | None) -> Step:
    return Step("retrieve", "", None, False, reason)
