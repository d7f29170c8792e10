"""Search."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.http.schemas.base import (
    CollectionName,
    Count,
    FilterJson,
    In,
    MetadataJson,
    Out,
    Question,
    example,
    plain_metadata,
)
from api.http.schemas.documents import FlagOut
from api.http.schemas.explain import EXPLANATION, ExplanationOut, OcclusionOut
from rag.search.explain import ExplainedChunk
from rag.types import Corrected, Hit, Mode, Searched

HIT: JsonDict = {
    "chunk_id": "0a1b2c3d4e5f60718293a4b5",
    "document_id": "5f2b8c1d9e0a4b3c7d6e5f4a",
    "source": "manuals/pump.pdf",
    "title": "Pump manual",
    "text": "The pump is rated for a working pressure of 16 bar.",
    "start": 18190,
    "end": 18241,
    "page": 12,
    "headings": ["Operation", "Pressure"],
    "score": 3.1,
    "parts": {
        "dense": {"score": 0.71, "rank": 1},
        "lexical": {"score": 9.2, "rank": 2},
        "fused": {"score": 2.4, "rank": 1},
        "late": {"score": 0.83, "rank": 1},
    },
    "terms": ["pump", "pressure"],
    "metadata": {"year": 2024},
    "flags": [],
}


class SearchIn(In):
    """What to look for. `explain` adds to every hit what each stage, word and token did for its score."""

    model_config = example(
        {
            "collection": "manuals",
            "query": "working pressure of the pump",
            "k": 10,
            "mode": "hybrid",
            "rerank": True,
            "filters": {"year": {"gte": 2020}},
            "explain": False,
        }
    )
    collection: CollectionName
    query: Question
    k: Count = 10
    mode: Mode = "hybrid"
    rerank: bool = True
    filters: FilterJson = None
    explain: bool = False


class PartOut(Out):
    """One stage's score and 1-based rank."""

    score: float
    rank: int | None


class HitOut(Out):
    """A passage that was found; offsets count code points in the document's text.

    `explanation` is there when `explain` was asked for; its offsets count in the passage's own text.
    """

    model_config = example(HIT)
    chunk_id: str
    document_id: str
    source: str
    title: str
    text: str
    start: int
    end: int
    page: int | None
    headings: list[str]
    score: float
    parts: dict[str, PartOut]
    terms: list[str]
    metadata: MetadataJson
    flags: list[FlagOut]
    explanation: ExplanationOut | None = None

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """From the answer's hit."""
        chunk, document = hit.chunk, hit.document
        return cls(
            chunk_id=chunk.id,
            document_id=document.id,
            source=document.source,
            title=document.title,
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            page=chunk.page,
            headings=list(chunk.headings),
            score=hit.score,
            parts={stage: PartOut(score=part.score, rank=part.rank) for stage, part in hit.parts.items()},
            terms=list(hit.terms),
            metadata=plain_metadata(document.metadata),
            flags=[FlagOut.of(finding) for finding in chunk.findings],
            explanation=ExplanationOut.of(hit, hit.explanation) if hit.explanation else None,
        )


class CorrectedOut(Out):
    """A question with typos, and how it was read."""

    model_config = ConfigDict(
        populate_by_name=True,
        serialize_by_alias=True,
        json_schema_extra={"examples": [{"from": "presure of the pump", "to": "pressure of the pump"}]},
    )
    asked: str = Field(alias="from")
    read: str = Field(alias="to")

    @classmethod
    def of(cls, corrected: Corrected | None) -> CorrectedOut | None:
        """From the question; None where it was read as it stands."""
        return cls(asked=corrected.asked, read=corrected.read) if corrected else None


class SearchOut(Out):
    """Hits best first, and the milliseconds of each stage; `corrected` is null where the query was read as it
    stands, `unknown_fields` are those of the filter that no document has.
    """

    model_config = example(
        {
            "hits": [{**HIT, "explanation": EXPLANATION}],
            "timings_ms": {"embed": 3.1, "retrieve": 2.2, "total": 6.4},
            "corrected": None,
            "unknown_fields": [],
        }
    )
    hits: list[HitOut]
    timings_ms: dict[str, float]
    corrected: CorrectedOut | None
    unknown_fields: list[str]

    @classmethod
    def of(cls, found: Searched) -> SearchOut:
        """From the search."""
        return cls(
            hits=[HitOut.of(hit) for hit in found.hits],
            timings_ms=dict(found.timings),
            corrected=CorrectedOut.of(found.corrected),
            unknown_fields=list(found.unknown_fields),
        )


class ExplainOut(Out):
    """`rank` is the passage's place among the hits; null where it is none of them, and then it has no score
    and no parts.
    """

    model_config = example(
        {
            "rank": 1,
            "hit": {**HIT, "explanation": EXPLANATION},
            "reader": {
                "relevance": 3.5,
                "answer": {"start": 44, "end": 50, "text": "16 bar", "probability": 0.93},
                "windows": [
                    {"start": 0, "end": 21, "relevance": 1.1, "answer": 0.2},
                    {"start": 22, "end": 40, "relevance": 2.4, "answer": 0.8},
                ],
            },
        }
    )
    rank: int | None
    hit: HitOut
    reader: OcclusionOut

    @classmethod
    def of(cls, found: ExplainedChunk) -> ExplainOut:
        """From the search."""
        return cls(rank=found.rank, hit=HitOut.of(found.hit), reader=OcclusionOut.of(found.reader))
