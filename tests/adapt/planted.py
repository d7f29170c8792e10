"""Collections made to order: one whose users use other words than its documents."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from adapt.types import UserQuestion
from rag.service import Service
from rag.store import NewChunk, NewDocument
from rag.types import Document

THINGS = (
    "pump", "ferry", "canteen", "laptop", "bicycle", "printer", "tractor", "piano", "greenhouse", "elevator",
    "camera", "harbour",
)  # fmt: skip
JARGON = {
    "price": "quondle", "weight": "flerm", "warranty": "vostig", "noise": "brelka", "colour": "zintar",
    "repair": "mopuxi", "speed": "dravven", "safety": "kelotch",
}  # fmt: skip
"""The users' word and the documents' word."""


def gap(service: Service, collection: str) -> list[UserQuestion]:
    """A document for each thing and property, in jargon, and a question about each in plain words."""
    service.store.collections.create(collection)
    pairs = [(thing, plain) for thing in THINGS for plain in JARGON]
    texts = [f"The {JARGON[plain]} of the {thing} is described on this page." for thing, plain in pairs]
    put(service, collection, {f"{t}-{p}.md": text for (t, p), text in zip(pairs, texts, strict=True)})
    return [
        UserQuestion(f"What about the {plain} of our {thing}?", f"{thing}-{plain}.md")
        for thing, plain in pairs
    ]


def shuffled(given: Sequence[UserQuestion]) -> list[UserQuestion]:
    """The same questions with one another's sources: nothing can be learned from them."""
    sources = [one.source for one in given]
    random.Random(7).shuffle(sources)
    return [UserQuestion(one.question, source) for one, source in zip(given, sources, strict=True)]


def put(service: Service, collection: str, texts: dict[str, str]) -> None:
    """Each text as a document of one passage."""
    info = service.models.encoder.info
    encoded = service.models.encoder.encode_passages(list(texts.values()))
    for (source, text), passage in zip(texts.items(), encoded, strict=True):
        digest = hashlib.sha256(text.encode()).hexdigest()
        chunk = NewChunk(0, 0, len(text), None, (), passage.dense, passage.tokens)
        document = Document("", collection, source, "", "text/plain", digest)
        service.store.documents.put(NewDocument(document, text, digest, [chunk], info.name, info.revision))
