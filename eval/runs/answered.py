"""A live answer as a row, and a row as what judges look at."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from eval.cases import Case
from eval.judges.answers import cited_response
from eval.runs.row import Checked, Failure, Footnote, Passage, Row, Spent
from rag.types import Answer, Citation, Sentence

MARKER = re.compile(r"\s*\[(\d+(?:\s*,\s*\d+)*)\]")
SHORT, LONG = 8, 16
"""Words of a question up to which it is short, and beyond which it is long."""


def answered(case: Case, answer: Answer) -> Row:
    """The row of a case that was asked, without scores yet. The case has an id."""
    row = failed(case, None)
    return replace(
        row,
        response=wording(answer),
        cited="" if answer.abstained else cited_response(answer),
        abstained=answer.abstained,
        reason=answer.reason,
        sources=tuple(dict.fromkeys(hit.document.source for hit in answer.hits)),
        timings_ms=answer.timings,
        confidence=_confidence(answer),
        route=next((step.step for step in reversed(answer.route) if step.taken), "none"),
        sentences=tuple(_checked(sentence) for sentence in answer.sentences),
        footnotes=_footnotes(answer),
        passages=tuple(
            Passage(hit.document.source, hit.document.title, hit.chunk.text, hit.chunk.page)
            for hit in answer.hits
        ),
        spent=Spent(answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.cost),
    )


def failed(case: Case, failure: Failure | None, metrics: tuple[str, ...] = ()) -> Row:
    """The row of a case that could not be asked: every metric has the failure."""
    return Row(
        id=case.id or "",
        question=case.question,
        reference=case.reference,
        response="",
        abstained=False,
        reason=None,
        sources=(),
        scores={},
        skipped={},
        errors=dict.fromkeys(metrics, failure) if failure else {},
        slices=slices(case),
        synthetic=case.synthetic,
        failure=failure,
    )


def slices(case: Case) -> dict[str, str]:
    """What results are compared by: `type` and `answerable` where known, `source` (the folder of the first
    relevant one), `length` of the question, and `synthetic`.
    """
    words = len(case.question.split())
    found = {"length": "short" if words <= SHORT else "medium" if words <= LONG else "long"}
    if case.type:
        found["type"] = case.type
    if case.answerable is not None:
        found["answerable"] = "yes" if case.answerable else "no"
    folder = PurePosixPath(case.relevant_sources[0]).parent if case.relevant_sources else None
    if folder and folder.name:
        found["source"] = str(folder)
    if case.synthetic:
        found["synthetic"] = "yes"
    return found


def wording(answer: Answer) -> str:
    """An answer's text without the markers of its footnotes; empty when it abstained."""
    known = {citation.marker for citation in answer.citations}
    return "" if answer.abstained else without_markers(answer.text, known)


def without_markers(text: str, known: set[int]) -> str:
    """The text without the markers `[n]` of known footnotes."""

    def unmarked(match: re.Match[str]) -> str:
        return "" if {int(marker) for marker in match[1].split(",")} <= known else match[0]

    return MARKER.sub(unmarked, text).strip()


def _footnotes(answer: Answer) -> tuple[Footnote, ...]:
    chunks = {hit.chunk.id: place for place, hit in enumerate(answer.hits)}
    return tuple(_footnote(citation, chunks.get(citation.chunk_id)) for citation in answer.citations)


def _footnote(found: Citation, passage: int | None) -> Footnote:
    return Footnote(found.marker, found.source, found.start, found.end, found.quote, found.page, passage)


def _checked(sentence: Sentence) -> Checked:
    verdict = sentence.verdict
    label, support = (verdict.label, verdict.support) if verdict else (None, None)
    return Checked(sentence.text, sentence.citations, label, support)


def _confidence(answer: Answer) -> float | None:
    """What the step that answered was sure of; of an abstention, what the surest step was."""
    sure = [step.confidence for step in answer.route if step.confidence is not None]
    taken = [step.confidence for step in answer.route if step.taken and step.confidence is not None]
    return taken[-1] if taken else max(sure, default=None)
