"""Samples of live answers: kept for scoring, read for drift, forgotten in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from rag.errors import NotFound
from rag.store.collections import live
from rag.store.database import Part, Row
from rag.store.records import (
    NewSample,
    PassageRef,
    SampledPassage,
    SampledSentence,
    SampleRecord,
    SampleScores,
    SampleState,
    SampleTexts,
)
from rag.store.rows import sliced
from rag.store.schema import chunks, collections, documents, sample_documents, sample_texts, samples
from rag.store.values import clean

_RECORD: tuple[sa.ColumnElement[Any], ...] = (
    samples.c.key, samples.c.request_id, samples.c.created_at, samples.c.state, samples.c.abstained,
    samples.c.reason, samples.c.route, samples.c.supported, samples.c.timings, samples.c.scores,
    samples.c.problems, samples.c.judged_by,
)  # fmt: skip


class Samples(Part):
    """Samples of live answers, for scoring and drift."""

    def add(self, new: Sequence[NewSample]) -> int:
        """Keep samples; how many, as those of a collection that is gone are not.

        One transaction a collection, after which no document that was deleted or replaced since the answer
        is quoted: such a sample is kept without its texts.
        """
        ordered = sorted(new, key=attrgetter("collection"))
        return sum(self._add(name, list(part)) for name, part in groupby(ordered, attrgetter("collection")))

    def _add(self, collection: str, new: Sequence[NewSample]) -> int:
        with self._db.write() as connection:
            try:
                row = live(connection, collection, lock=True)  # no document goes meanwhile
            except NotFound:
                return 0
            there = set(_passages(connection, [each for one in new for each in one.texts.passages]))
            for one in new:
                _insert(connection, row.id, one, whole=there.issuperset(one.texts.passages))
            return len(new)

    def newest(self, collection: str, limit: int) -> list[SampleRecord]:
        """The `limit` newest samples, oldest first; raises NotFound `collection_not_found`."""
        with self._db.read() as connection:
            row = live(connection, collection)
            query = sa.select(*_RECORD).where(samples.c.collection_id == row.id)
            found = connection.execute(query.order_by(samples.c.key.desc()).limit(limit)).all()
        return sorted((SampleRecord(*each) for each in found), key=lambda one: (one.created_at, one.key))

    def texts(self, keys: Iterable[int]) -> dict[int, SampleTexts]:
        """What these samples say; those whose texts are gone are absent."""
        found: dict[int, SampleTexts] = {}
        with self._db.read() as connection:
            for part in sliced(keys):
                query = sa.select(sample_texts).where(sample_texts.c.sample_key.in_(part))
                found |= {row.sample_key: _texts(row) for row in connection.execute(query)}
        return found

    def passages(self, wanted: Iterable[PassageRef]) -> dict[PassageRef, SampledPassage]:
        """The passages behind these references; what is gone or in quarantine is absent."""
        with self._db.read() as connection:
            return _passages(connection, wanted)

    def waiting(self, limit: int) -> list[tuple[int, SampleTexts]]:
        """Samples that no judge has seen, with their keys, newest first: what is watched is the present."""
        query = (
            sa.select(sample_texts)
            .join(samples, samples.c.key == sample_texts.c.sample_key)
            .where(samples.c.state == "waiting")
            .order_by(samples.c.key.desc())
            .limit(limit)
        )
        with self._db.read() as connection:
            return [(row.sample_key, _texts(row)) for row in connection.execute(query)]

    def score(self, given: Sequence[SampleScores]) -> None:
        """Write what the judges said; a sample that is gone by now stays gone."""
        with self._db.write() as connection:
            for one in given:
                values = {"scores": dict(one.scores), "problems": dict(one.problems)}
                values |= {"judged_by": one.judged_by, "state": "scored"}
                connection.execute(sa.update(samples).where(samples.c.key == one.key).values(**values))

    def discard_unscorable(self) -> None:
        """Give up on samples that wait for judges and have no texts any more: they are `gone`."""
        texts = sa.select(sample_texts.c.sample_key).where(sample_texts.c.sample_key == samples.c.key)
        lost = (samples.c.state == "waiting") & ~texts.exists()
        with self._db.read() as connection:
            if connection.scalar(sa.select(samples.c.key).where(lost).limit(1)) is None:
                return
        with self._db.write() as connection:
            connection.execute(sa.update(samples).where(lost).values(state="gone"))

    def count(self) -> dict[tuple[str, SampleState], int]:
        """How many samples there are by collection and state."""
        query = (
            sa.select(collections.c.name, samples.c.state, sa.func.count())
            .select_from(samples.join(collections))
            .group_by(collections.c.name, samples.c.state)
        )
        with self._db.read() as connection:
            return {(name, state): count for name, state, count in connection.execute(query)}

    def prune(self, keep: int, since: datetime) -> int:
        """Delete samples of before `since`, and of each collection all but the `keep` newest; how many."""
        with self._db.read() as connection:
            old = connection.scalars(_too_old(since)).all()
            held = connection.scalars(sa.select(samples.c.collection_id).distinct()).all()
            over = {each: connection.scalar(_first_too_many(each, keep)) for each in held}
        if not old and not any(over.values()):
            return 0
        gone = 0
        with self._db.write() as connection:
            gone += connection.execute(sa.delete(samples).where(samples.c.created_at < since)).rowcount
            for collection, last in over.items():
                if last is not None:
                    many = (samples.c.collection_id == collection) & (samples.c.key <= last)
                    gone += connection.execute(sa.delete(samples).where(many)).rowcount
        return gone

    def forget(self, collection: str) -> int:
        """Delete every sample of a collection; how many. Raises NotFound `collection_not_found`."""
        with self._db.write() as connection:
            row = live(connection, collection, lock=True)
            return connection.execute(sa.delete(samples).where(samples.c.collection_id == row.id)).rowcount


def _passages(connection: sa.Connection, wanted: Iterable[PassageRef]) -> dict[PassageRef, SampledPassage]:
    columns = (documents.c.source, documents.c.title, chunks.c.text, chunks.c.page)
    place = (chunks.c.document_id, chunks.c.ordinal, chunks.c.id)
    found: dict[PassageRef, SampledPassage] = {}
    for part in sliced(dict.fromkeys(wanted)):
        query = sa.select(*place, *columns).select_from(chunks.join(documents))
        query = query.where(chunks.c.quarantine.is_(None))
        for column, values in zip(place, zip(*map(astuple, part), strict=True), strict=True):
            query = query.where(column.in_(set(values)))  # an index has the first two; the third is decisive
        found |= {PassageRef(*row[:3]): SampledPassage(*row[3:]) for row in connection.execute(query)}
    return found


def _insert(connection: sa.Connection, collection: int, new: NewSample, *, whole: bool) -> None:
    values = {
        "collection_id": collection,
        "request_id": clean(new.request_id),
        "created_at": new.created_at,
        "state": "waiting" if whole else "gone",
        "abstained": new.abstained,
        "reason": new.reason,
        "route": new.route,
        "supported": new.supported,
        "timings": dict(new.timings),
        "scores": {},
        "problems": {},
    }
    key = connection.scalar(sa.insert(samples).values(**values).returning(samples.c.key))
    if not whole:
        return
    texts = {"question": clean(new.texts.question), "response": clean(new.texts.response)}
    lists = {
        "passages": [astuple(one) for one in new.texts.passages],
        "sentences": [asdict(one) for one in new.texts.sentences],
    }
    connection.execute(sa.insert(sample_texts).values(sample_key=key, **texts, **lists))
    owners = dict.fromkeys(one.document_id for one in new.texts.passages)
    quoted = [{"sample_key": key, "document_id": each} for each in owners]
    if quoted:
        connection.execute(sa.insert(sample_documents), quoted)


def _texts(row: Row) -> SampleTexts:
    sentences = tuple(SampledSentence(**one) for one in row.sentences)
    passages = tuple(PassageRef(*one) for one in row.passages)
    return SampleTexts(row.question, row.response, passages, sentences)


def _too_old(since: datetime) -> sa.Select[int]:
    return sa.select(samples.c.key).where(samples.c.created_at < since).limit(1)


def _first_too_many(collection: int, keep: int) -> sa.Select[int]:
    """The newest sample of a collection that is one too many."""
    query = sa.select(samples.c.key).where(samples.c.collection_id == collection)
    return query.order_by(samples.c.key.desc()).offset(keep).limit(1)
