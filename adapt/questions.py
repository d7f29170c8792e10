"""Which documents of a collection are asked about, and the questions: synthetic ones and a user's own."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from adapt.generate import Rarity, drafts, unlike
from adapt.types import Budget, JudgedQuestion, Kind, OnStage, Split, UserQuestion
from rag.errors import InvalidInput, NotFound
from rag.index.replica import lexical_text
from rag.service import Service
from rag.store import EmbeddedChunk, document_id
from rag.types import Document

_SPLITS: tuple[tuple[Split, float], ...] = (("held", 0.3), ("inner", 0.15), ("train", 0.55))
_PER_DOCUMENT = 12
_MOST_DOCUMENTS = 800


def split_of(document: str, seed: int, *, halves: bool = False) -> Split:
    """The split that all questions about a document belong to; `halves` gives half of them to the gates."""
    position = hash_fraction(f"{seed} {document}")
    splits = (("held", 0.5), ("inner", 0.1), ("train", 0.4)) if halves else _SPLITS
    for split, share in splits:
        if position < share:
            return split
        position -= share
    return "train"


def hash_fraction(key: str) -> float:
    """A number in [0, 1) that the key fixes. No CRC: those of like keys differ by a constant."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6]) / 2**48


def documents_of(service: Service, collection: str, seed: int) -> list[Document]:
    """Readable documents in an order of chance that the seed fixes."""
    records = service.store.documents.every(collection, status="ready")
    found = [record.document for record in records if record.chunks]
    return sorted(found, key=lambda one: hash_fraction(f"order {seed} {one.id}"))


def synthetic_questions(
    service: Service, collection: str, seed: int, budget: Budget, on_stage: OnStage
) -> list[JudgedQuestion]:
    """Questions over the collection's own passages, at most as many of each split as the budget says."""
    documents = {one.id: one for one in documents_of(service, collection, seed)[:_MOST_DOCUMENTS]}
    info = service.models.encoder.info
    embedded = service.store.changes.embedded(list(documents), info.name, info.revision)
    passages = [one for one in embedded if one.chunk.document_id in documents]
    texts = [lexical_text(one.chunk, documents[one.chunk.document_id]) for one in passages]
    rarity, room = Rarity.of(texts), {"train": budget.train, "inner": budget.inner, "held": budget.held}
    total, made = sum(room.values()), []
    for passage in _spread(passages, list(documents), seed):
        split = split_of(passage.chunk.document_id, seed)
        if room[split] > 0:
            fresh = list(
                islice(_about(service, collection, passage, documents, rarity, split, seed), room[split])
            )
            room[split] -= len(fresh)
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
    service: Service,
    collection: str,
    passage: EmbeddedChunk,
    documents: dict[str, Document],
    rarity: Rarity,
    split: Split,
    seed: int,
) -> Iterator[JudgedQuestion]:
    opened = service.searcher.open(collection, "lexical")

    def is_first(text: str) -> bool:
        found = opened.lexical(text, 1)
        return bool(found) and found[0].key == passage.key

    dice = random.Random(f"{seed} {passage.chunk.id}")
    title = documents[passage.chunk.document_id].title
    for draft in islice(drafts(passage.chunk, title, rarity, dice, is_first), 1):
        yield judged_question([passage], draft.text, draft.kind, split)


def judged_question(passages: Sequence[EmbeddedChunk], text: str, kind: Kind, split: Split) -> JudgedQuestion:
    """A question that each of these passages answers."""
    keys, chunks = frozenset(one.key for one in passages), frozenset(one.chunk.id for one in passages)
    return JudgedQuestion(text, passages[0].chunk.document_id, keys, chunks, kind, split)


def user_questions(
    service: Service, collection: str, questions: Sequence[UserQuestion], seed: int
) -> tuple[list[JudgedQuestion], int]:
    """A user's questions whose source or quote is in the collection, and how many are left out.

    With a quote the passages that hold its beginning are right, else every passage of the source. Half of
    them, document by document, is kept for the gates.
    """
    found = [_located(service, collection, one, seed) for one in questions]
    kept = [one for one in found if one is not None]
    return kept, len(found) - len(kept)


def _located(service: Service, collection: str, question: UserQuestion, seed: int) -> JudgedQuestion | None:
    info, store = service.models.encoder.info, service.store
    source = (
        document_id(collection, question.source)
        if question.source
        else _source_of(service, collection, question)
    )
    passages = store.changes.embedded([source], info.name, info.revision) if source else []
    holding = [one for one in passages if _flat(question.quote)[:80] in _flat(one.chunk.text)]
    right = holding if question.quote and holding else passages
    return (
        judged_question(right, question.question, "given", split_of(source, seed, halves=True))
        if right
        else None
    )


def _source_of(service: Service, collection: str, question: UserQuestion) -> str:
    """The document that holds the quote, looked for among the first hits of a search for it."""
    hits = service.searcher.open(collection, "lexical").lexical(question.quote, 20)
    found = service.store.chunks.hydrate([hit.key for hit in hits])
    wanted = _flat(question.quote)[:80]
    holders = (chunk.document_id for chunk, _ in found.values() if wanted in _flat(chunk.text))
    return next(holders, "") if wanted else ""


def _flat(text: str) -> str:
    return " ".join(text.split()).lower()


MAX_QUESTIONS = 20_000


def read_questions(path: Path) -> list[UserQuestion]:
    """Questions of a JSON Lines file: `question`, and `source`, `quote` or both; other fields are ignored.

    Raises NotFound `questions_not_found`, InvalidInput `questions_invalid` (with the line).
    """
    if not path.is_file():
        raise NotFound(f"There is no file of questions at {path}.", code="questions_not_found")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _invalid(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from error
    found = [
        parse_question(_decoded(line, n), f"line {n}") for n, line in enumerate(lines, 1) if line.strip()
    ]
    if not 0 < len(found) <= MAX_QUESTIONS:
        raise _invalid(f"{path} holds {len(found)} questions; 1 to {MAX_QUESTIONS} are taken.")
    return found


def parse_question(row: object, where: str) -> UserQuestion:
    """One question. Raises InvalidInput `questions_invalid`; `where` opens its message."""
    if not isinstance(row, Mapping):
        raise _invalid(f"{where}: a question is an object.")
    question, source, quote = (_text(row, key, where) for key in ("question", "source", "quote"))
    if not question:
        raise _invalid(f"{where}: the question is missing or empty.")
    if not source and not quote:
        raise _invalid(f"{where}: a source or a quote is needed.")
    return UserQuestion(question, source, quote)


def to_payload(questions: Sequence[UserQuestion]) -> bytes:
    """The questions as a job's payload."""
    return json.dumps([asdict(one) for one in questions]).encode()


def from_payload(payload: bytes | None) -> list[UserQuestion]:
    """What `to_payload` wrote; none without a payload."""
    return [parse_question(row, f"questions[{n}]") for n, row in enumerate(json.loads(payload or b"[]"))]


def _decoded(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise _invalid(f"line {number}: not JSON ({error}).") from error


def _text(row: Mapping[str, object], key: str, where: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise _invalid(f"{where}: {key} must be a string.")
    return value.strip()


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, code="questions_invalid")
