"""Why a hit has its score."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from api.http.schemas.base import CollectionName, Count, FilterJson, In, Out, Question, example
from rag.models.types import Reading
from rag.search.explain import Occlusion, Window
from rag.types import Explanation, Hit, Mode, Span, TermMatch, TokenMatch

EXPLANATION: JsonDict = {
    "parts": {
        "dense": {"score": 0.71, "rank": 1, "weight": 0.7, "contribution": 1.2},
        "lexical": {"score": 9.2, "rank": 2, "weight": 0.35, "contribution": 0.6},
        "fused": {"score": 2.4, "rank": 1, "weight": None, "contribution": None},
        "late": {"score": 0.83, "rank": 1, "weight": 0.75, "contribution": 1.3},
    },
    "terms": [
        {"term": "pump", "score": 3.4, "count": 1, "idf": 2.9, "tf": 1.17, "spans": [{"start": 4, "end": 8}]}
    ],
    "tokens": [
        {
            "query": {"start": 8, "end": 16},
            "passage": {"start": 25, "end": 41},
            "similarity": 0.91,
            "share": 0.18,
        }
    ],
}


class SpanOut(Out):
    """Characters [start, end)."""

    start: int
    end: int

    @classmethod
    def of(cls, span: Span) -> SpanOut:
        """From the answer's span."""
        return cls(start=span.start, end=span.end)


class StageOut(Out):
    """One stage's score and rank, and what it adds to the hit's: `weight` times its standardised score.

    Null where the stage has none: `fused` is the sum of `dense` and `lexical`, and a passage that the lexical
    search did not find counts with the lowest score that it gave.
    """

    score: float | None
    rank: int | None
    weight: float | None
    contribution: float | None


class TermOut(Out):
    """A word of the query in the passage: `score` is idf · tf · count, the scores add up to BM25's.

    `spans` are offsets in the passage's text; none where only its title or headings have the word.
    """

    term: str
    score: float
    count: int
    idf: float
    tf: float
    spans: list[SpanOut]

    @classmethod
    def of(cls, match: TermMatch) -> TermOut:
        """From the answer's match."""
        spans = [SpanOut.of(span) for span in match.spans]
        return cls(
            term=match.term, score=match.score, count=match.count, idf=match.idf, tf=match.tf, spans=spans
        )


class TokenOut(Out):
    """A token of the query, and what in the passage is most like it; the shares add up to the late score.

    `query` is null for the marks of beginning and end, `passage` also where it lies in title or headings.
    """

    query: SpanOut | None
    passage: SpanOut | None
    similarity: float
    share: float

    @classmethod
    def of(cls, match: TokenMatch) -> TokenOut:
        """From the answer's match."""
        return cls(
            query=match.query and SpanOut.of(match.query),
            passage=match.passage and SpanOut.of(match.passage),
            similarity=match.similarity,
            share=match.share,
        )


class ExplanationOut(Out):
    """The contributions of the parts add up to the hit's score; offsets count in the passage's text."""

    model_config = example(EXPLANATION)
    parts: dict[str, StageOut]
    terms: list[TermOut]
    tokens: list[TokenOut]

    @classmethod
    def of(cls, hit: Hit, found: Explanation) -> ExplanationOut:
        """From the answer's hit and its explanation."""
        stages = dict.fromkeys([*hit.parts, *hit.shares])
        return cls(
            parts={stage: _stage(hit, stage) for stage in stages},
            terms=[TermOut.of(match) for match in found.terms],
            tokens=[TokenOut.of(match) for match in found.tokens],
        )


def _stage(hit: Hit, stage: str) -> StageOut:
    part, share = hit.parts.get(stage), hit.shares.get(stage)
    return StageOut(
        score=part.score if part else None,
        rank=part.rank if part else None,
        weight=share.weight if share else None,
        contribution=share.contribution if share else None,
    )


class ExplainIn(In):
    """A search, as for POST /v1/search, and the passage to look at."""

    model_config = example(
        {
            "collection": "manuals",
            "query": "working pressure of the pump",
            "chunk_id": "0a1b2c3d4e5f60718293a4b5",
            "unit": "words",
        }
    )
    collection: CollectionName
    query: Question
    chunk_id: Annotated[str, Field(min_length=1, max_length=64)]
    k: Count = 10
    mode: Mode = "hybrid"
    rerank: bool = True
    filters: FilterJson = None
    unit: Literal["words", "sentence"] = "words"


class WindowOut(Out):
    """A part of the passage: what the reader's relevance (a logit) and the answer's probability lose without
    it; below zero where they gain.
    """

    start: int
    end: int
    relevance: float
    answer: float | None

    @classmethod
    def of(cls, window: Window) -> WindowOut:
        """From the model's window."""
        return cls(start=window.start, end=window.end, relevance=window.relevance, answer=window.answer)


class AnswerSpanOut(Out):
    """The reader's best answer in the passage."""

    start: int
    end: int
    text: str
    probability: float

    @classmethod
    def of(cls, reading: Reading) -> AnswerSpanOut:
        """From the reader's reading."""
        return cls(start=reading.start, end=reading.end, text=reading.text, probability=reading.probability)


class OcclusionOut(Out):
    """The reader on the whole passage, and what it loses without each window: these do not add up."""

    relevance: float
    answer: AnswerSpanOut | None
    windows: list[WindowOut]

    @classmethod
    def of(cls, found: Occlusion) -> OcclusionOut:
        """From the model's occlusion."""
        return cls(
            relevance=found.relevance,
            answer=found.answer and AnswerSpanOut.of(found.answer),
            windows=[WindowOut.of(window) for window in found.windows],
        )
