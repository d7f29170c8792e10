"""Reranking in the shape that Cohere's and Jina's clients share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.http.limits import MAX_PASSAGES
from api.http.schemas.base import Out, Passage, Question, example


class RerankText(BaseModel):
    """A document given as an object."""

    text: Passage


class RerankIn(BaseModel):
    """Fields that only one of the two APIs knows are ignored; `model` names the encoder (default) or the
    reader."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "footnote-encoder",
                    "query": "What pressure is the pump rated for?",
                    "documents": ["The motor draws 4 kW.", "The pump is rated for 16 bar."],
                    "top_n": 1,
                    "return_documents": True,
                }
            ]
        }
    )
    model: str = ""
    query: Question
    documents: Annotated[list[Passage | RerankText], Field(min_length=1, max_length=MAX_PASSAGES)]
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool = False

    def texts(self) -> list[str]:
        """The documents' texts in order."""
        return [d if isinstance(d, str) else d.text for d in self.documents]


class RerankDocument(Out):
    """A document as it came."""

    text: str


class RerankResult(Out):
    """The place of a document in the request and its relevance in [0, 1]."""

    index: int
    relevance_score: float
    document: RerankDocument | None = None


class RerankOut(Out):
    """Best first."""

    model_config = example(
        {
            "id": "0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
            "object": "list",
            "model": "footnote-encoder",
            "results": [
                {"index": 1, "relevance_score": 0.94, "document": {"text": "The pump is rated for 16 bar."}}
            ],
            "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
            "usage": {"total_tokens": 23},
        }
    )
    id: str
    object: str = "list"
    model: str
    results: list[RerankResult]
    meta: dict[str, dict[str, str | int]]
    usage: dict[str, int]
