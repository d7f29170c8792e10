"""Which documents of a collection are asked about, and the questions: synthetic ones and a user's own."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from itertools import islice

from adapt.collection.questions import drafts, unlike
from adapt.collection.types import Asked, Budget, Given, Kind, OnStage, Part
from adapt.collection.words import Rarity
from rag.answer.engine import Engine
from rag.index.replica import lexical_text
from rag.store import EmbeddedChunk, document_id
from rag.types import Document

_SHARES: tuple[tuple[Part, float], ...] = (("held", 0.3), ("inner", 0.15), ("train", 0.55))
_PER_DOCUMENT = 12
_MOST_DOCUMENTS = 800


def part_of(document: str, seed: int, *, halves: bool = False) -> Part:
    """The part that all questions about a document belong to; `halves` gives half of them to the gates."""
    place = chance(f"{seed} {document}")
    shares = (("held", 0.5), ("inner", 0.1), ("train", 0.4)) if halves else _SHARES
    for part, share in shares:
        if place < share:
            return part
        place -= share
    return "train"


def chance(key: str) -> float:
    """A number in [0, 1) that the key fixes. No CRC: those of like keys differ by a constant."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6]) / 2**48


def documents_of(engine: Engine, collection: str, seed: int) -> list[Document]:
    """Readable documents in an order of chance that the seed fixes."""
    records = engine.store.every_document(collection, status="ready")
    found = [record.document for record in records if record.chunks]
    return sorted(found, key=lambda one: chance(f"order {seed} {one.id}"))


def synthetic(engine: Engine, collection: str, seed: int, budget: Budget, on_stage: OnStage) -> list[Asked]:
    """Questions over the collection's own passages, at most as many of each part as the budget says."""
    documents = {one.id: one for one in documents_of(engine, collection, seed)[:_MOST_DOCUMENTS]}
    info = engine.encoder.info
    embedded = engine.store.embedded(list(documents), info.name, info.revision)
    passages = [one for one in embedded if one.chunk.document_id in documents]
    texts = [lexical_text(one.chunk, documents[one.chunk.document_id]) for one in passages]
    rarity, room = Rarity.of(texts), {"train": budget.train, "inner": budget.inner, "held": budget.held}
    total, made = sum(room.values()), []
    for passage in _spread(passages, list(documents), seed):
        part = part_of(passage.chunk.document_id, seed)
        if room[part] > 0:
            fresh = list(
                islice(_about(engine, collection, passage, documents, rarity, part, seed), room[part])
            )
            room[part] -= len(fresh)
            made += fresh
        if not any(room.values()):
            break
        if len(made) % 10 == 0:
            on_stage("questions", len(made), total)
    return [one for one, fresh in zip(made, unlike([one.text for one in made]), strict=True) if fresh]


def _spread(passages: Sequence[EmbeddedChunk], order: Sequence[str], seed: int) -> Iterator[EmbeddedChunk]:
    """One passage of every document, then a second one of each, and so on."""
    of: dict[str, list[EmbeddedChunk]] = {document: [] for document in order}
    for passage in passages:
        of[passage.chunk.document_id].append(passage)
    for document, own in of.items():
        random.Random(f"{seed} {document}").shuffle(own)
    for turn in range(_PER_DOCUMENT):
        yield from (own[turn] for own in of.values() if turn < len(own))


def _about(
    engine: Engine,
    collection: str,
    passage: EmbeddedChunk,
    documents: dict[str, Document],
    rarity: Rarity,
    part: Part,
    seed: int,
) -> Iterator[Asked]:
    def is_first(text: str) -> bool:
        found = engine.indexes.search_lexical(collection, text, 1)
        return bool(found) and found[0].key == passage.key

    dice = random.Random(f"{seed} {passage.chunk.id}")
    title = documents[passage.chunk.document_id].title
    for draft in islice(drafts(passage.chunk, title, rarity, dice, is_first), 1):
        yield asked([passage], draft.text, draft.kind, part)


def asked(passages: Sequence[EmbeddedChunk], text: str, kind: Kind, part: Part) -> Asked:
    """A question that each of these passages answers."""
    keys, chunks = frozenset(one.key for one in passages), frozenset(one.chunk.id for one in passages)
    return Asked(text, passages[0].chunk.document_id, keys, chunks, kind, part)


def given_questions(
    engine: Engine, collection: str, given: Sequence[Given], seed: int
) -> tuple[list[Asked], int]:
    """A user's questions whose source or quote is in the collection, and how many are left out.

    With a quote the passages that hold its beginning are right, else every passage of the source. Half of
    them, document by document, is kept for the gates.
    """
    found = [_placed(engine, collection, one, seed) for one in given]
    kept = [one for one in found if one is not None]
    return kept, len(found) - len(kept)


def _placed(engine: Engine, collection: str, given: Given, seed: int) -> Asked | None:
    info, store = engine.encoder.info, engine.store
    source = document_id(collection, given.source) if given.source else _source_of(engine, collection, given)
    passages = store.embedded([source], info.name, info.revision) if source else []
    holding = [one for one in passages if _flat(given.quote)[:80] in _flat(one.chunk.text)]
    right = holding if given.quote and holding else passages
    return asked(right, given.question, "given", part_of(source, seed, halves=True)) if right else None


def _source_of(engine: Engine, collection: str, given: Given) -> str:
    """The document that holds the quote, looked for among the first hits of a search for it."""
    hits = engine.indexes.search_lexical(collection, given.quote, 20)
    found = engine.store.hydrate([hit.key for hit in hits])
    wanted = _flat(given.quote)[:80]
    holders = (chunk.document_id for chunk, _ in found.values() if wanted in _flat(chunk.text))
    return next(holders, "") if wanted else ""


def _flat(text: str) -> str:
    return " ".join(text.split()).lower()
