"""Collections."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict

from api.http.schemas.base import In, Out, example
from rag.types import Collection


class NewCollection(In):
    """A name of letters, digits, dot, dash and underscore, up to 64."""

    model_config = example({"name": "manuals", "description": "Manuals of the pumps"})
    name: str
    description: Annotated[str, Field(max_length=2_000)] = ""


_EXAMPLE: JsonDict = {
    "name": "manuals",
    "description": "Manuals of the pumps",
    "documents": 12,
    "chunks": 480,
    "version": 14,
    "created_at": "2026-11-21T08:00:00Z",
    "encoder": "footnote-encoder",
    "encoder_revision": "f62011993767",
}


class CollectionOut(Out):
    """A collection with what it holds; `version` counts its changes, `encoder` made its vectors (null while
    there are none).
    """

    model_config = example(_EXAMPLE)
    name: str
    description: str
    documents: int
    chunks: int
    version: int
    created_at: datetime
    encoder: str | None
    encoder_revision: str | None

    @classmethod
    def of(cls, collection: Collection) -> CollectionOut:
        """From the store's record."""
        return cls(
            name=collection.name,
            description=collection.description,
            documents=collection.documents,
            chunks=collection.chunks,
            version=collection.version,
            created_at=collection.created_at,
            encoder=collection.encoder.name if collection.encoder else None,
            encoder_revision=collection.encoder.revision if collection.encoder else None,
        )


class CollectionsOut(Out):
    """The collections that the key covers."""

    model_config = example({"collections": [_EXAMPLE]})
    collections: list[CollectionOut]


class ReembedIn(In):
    """Without an encoder, that of the settings."""

    model_config = example({"encoder": "footnote-edge"})
    encoder: Annotated[
        str | None, Field(max_length=200, description="A shipped encoder, or the one in the settings.")
    ] = None
