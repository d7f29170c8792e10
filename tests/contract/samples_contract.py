"""What every store must do with samples of answers. A subclass gives the fixture `url` of an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from rag.errors import NotFound
from rag.store import (
    JobItem,
    NewSample,
    PassageRef,
    SampledSentence,
    SampleScores,
    SampleTexts,
    Store,
    chunk_id,
    document_id,
)
from tests.contract.store_making import make_document

A, B = (document_id("c", source) for source in ("a.txt", "b.txt"))
TEXT = "The pump is rated for 16 bar."
START = datetime(2026, 11, 1, tzinfo=UTC)


def passage(document: str, text: str = TEXT) -> PassageRef:
    return PassageRef(document, 0, chunk_id(document, 0, text))


def sample(n: int = 0, *passages: PassageRef, collection: str = "c", **changed: Any) -> NewSample:
    """The n-th answer, an hour after the one before."""
    sentences = (SampledSentence(0, 33, "supported", 1.0), SampledSentence(34, 50, None, None))
    texts = SampleTexts(
        f"Question {n}?", "The pump is rated for 16 bar [1]. More follows.", passages, sentences
    )
    values: dict[str, Any] = {
        "collection": collection,
        "request_id": f"request-{n}",
        "created_at": START + timedelta(hours=n),
        "abstained": False,
        "reason": None,
        "route": "reader",
        "supported": 1.0,
        "timings": {"read": 40.0, "total": 70.5},
        "texts": texts,
    }
    return NewSample(**(values | changed))


def scored(key: int, **scores: float) -> SampleScores:
    return SampleScores(key, scores, {}, "judges-1")


class SamplesContract:
    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        with Store.open(url) as store:
            store.collections.create("c")
            store.documents.put(make_document("c", "a.txt"))
            yield store
            assert store.audit.problems() == []

    def test_a_sample_is_kept_scored_and_read(self, store: Store) -> None:
        assert store.samples.add([sample(0, passage(A)), sample(1, passage(A), supported=None)]) == 2
        (newest, texts), (oldest, _) = store.samples.waiting(10)
        assert texts == sample(1, passage(A)).texts
        store.samples.score([SampleScores(oldest, {"faithfulness": 0.25}, {"other": "not_judgeable"}, "j")])
        first, second = store.samples.newest("c", 10)
        assert (first.key, first.created_at, first.request_id) == (oldest, START, "request-0")
        assert (first.state, first.scores, first.problems) == (
            "scored", {"faithfulness": 0.25}, {"other": "not_judgeable"},
        )  # fmt: skip
        assert (first.supported, first.timings, first.judged_by) == (1.0, {"read": 40.0, "total": 70.5}, "j")
        assert (second.key, second.state, second.supported) == (newest, "waiting", None)
        assert [one.key for one in store.samples.newest("c", 1)] == [newest]
        assert store.samples.texts([oldest, newest, 99])[oldest] == sample(0, passage(A)).texts
        assert store.samples.count() == {("c", "scored"): 1, ("c", "waiting"): 1}
        assert [key for key, _ in store.samples.waiting(10)] == [newest]

    def test_a_reference_leads_to_its_passage_or_nowhere(self, store: Store) -> None:
        other = PassageRef(A, 0, chunk_id(A, 0, "Another text."))
        found = store.samples.passages([passage(A), other, passage(B)])
        assert {ref: (one.source, one.text) for ref, one in found.items()} == {passage(A): ("a.txt", TEXT)}
        assert store.samples.passages([]) == {}

    def test_samples_come_in_order_of_time(self, store: Store) -> None:
        store.samples.add([sample(2)])
        store.samples.add([sample(1), sample(3)])
        assert [one.request_id for one in store.samples.newest("c", 10)] == [
            "request-1",
            "request-2",
            "request-3",
        ]

    @pytest.mark.parametrize("change", ["delete", "replace", "move"])
    def test_what_quotes_a_document_goes_with_it_and_its_numbers_stay(
        self, store: Store, change: str
    ) -> None:
        store.documents.put(make_document("c", "b.txt"))
        store.samples.add([sample(0, passage(A), passage(B)), sample(1, passage(A)), sample(2, passage(B))])
        kept, scored_one, waiting = (one.key for one in reversed(store.samples.newest("c", 3)))
        store.samples.score([scored(scored_one, faithfulness=0.5)])
        if change == "delete":
            store.documents.delete(A)
        elif change == "replace":
            store.documents.put(make_document("c", "a.txt", "The pump is rated for 12 bar."))
        else:
            move(store, "a.txt", "moved.txt")
        assert set(store.samples.texts([kept, scored_one, waiting])) == {kept}
        store.samples.discard_unscorable()
        states = {one.key: (one.state, dict(one.scores)) for one in store.samples.newest("c", 3)}
        assert states == {
            kept: ("waiting", {}), scored_one: ("scored", {"faithfulness": 0.5}), waiting: ("gone", {}),
        }  # fmt: skip
        assert [key for key, _ in store.samples.waiting(3)] == [kept]

    def test_an_unchanged_document_takes_nothing_along(self, store: Store) -> None:
        store.samples.add([sample(0, passage(A))])
        assert store.documents.put(make_document("c", "a.txt")) == "unchanged"
        store.samples.discard_unscorable()
        assert len(store.samples.waiting(10)) == 1

    def test_an_answer_from_a_document_that_went_since_is_kept_without_texts(self, store: Store) -> None:
        store.samples.add([sample(0, passage(A), passage(B))])
        (one,) = store.samples.newest("c", 10)
        assert (one.state, one.supported, store.samples.texts([one.key])) == ("gone", 1.0, {})

    def test_a_deleted_collection_takes_its_samples_along(self, store: Store, url: str) -> None:
        store.collections.create("d")
        store.samples.add([sample(0, passage(A)), sample(1, collection="d")])
        store.collections.delete("c")
        assert store.samples.add([sample(2), sample(3, collection="none")]) == 0
        assert store.samples.count() == {("d", "waiting"): 1}
        with pytest.raises(NotFound):
            store.samples.newest("c", 10)
        store.collections.create("c")
        assert store.samples.newest("c", 10) == []
        assert rows(url, "sample_texts") == 1
        assert rows(url, "sample_documents") == 0

    def test_samples_are_forgotten(self, store: Store, url: str) -> None:
        store.collections.create("d")
        store.samples.add([sample(0, passage(A)), sample(1), sample(2, collection="d")])
        assert store.samples.forget("c") == 2
        assert store.samples.forget("c") == 0
        assert store.samples.count() == {("d", "waiting"): 1}
        assert (rows(url, "samples"), rows(url, "sample_texts"), rows(url, "sample_documents")) == (1, 1, 0)
        with pytest.raises(NotFound):
            store.samples.forget("none")

    def test_retention_holds_by_age_and_by_number_in_each_collection(self, store: Store) -> None:
        store.collections.create("d")
        store.samples.add([sample(n) for n in range(6)] + [sample(n, collection="d") for n in range(3)])
        assert store.samples.prune(100, START) == 0
        assert store.samples.prune(4, START + timedelta(hours=1)) == 3
        assert [one.request_id for one in store.samples.newest("c", 10)] == [
            f"request-{n}" for n in (2, 3, 4, 5)
        ]
        assert [one.request_id for one in store.samples.newest("d", 10)] == ["request-1", "request-2"]
        assert store.samples.prune(1, START + timedelta(days=9)) == 6

    def test_scores_of_a_forgotten_sample_are_dropped(self, store: Store) -> None:
        store.samples.add([sample(0)])
        ((key, _),) = store.samples.waiting(1)
        store.samples.forget("c")
        store.samples.score([scored(key, faithfulness=1.0)])
        assert store.samples.newest("c", 10) == []

    def test_text_that_no_database_holds_is_cleaned(self, store: Store) -> None:
        texts = SampleTexts("a\0b\ud800?", "c\0d", ())
        store.samples.add([sample(0, texts=texts)])
        ((_, kept),) = store.samples.waiting(1)
        assert "\0" not in kept.question + kept.response


def move(store: Store, old: str, new: str) -> None:
    """As a sync does that finds the same content at another place."""
    content = f"hash of {TEXT!r}"
    job = store.jobs.create("sync", "c", [JobItem(old, content), JobItem(new, content, "text/plain")], {})
    assert store.documents.move(job.id, new, content, "text/plain")


def rows(url: str, table: str) -> int:
    """The rows of a table, as the database has them."""
    named = url.replace("postgresql:", "postgresql+psycopg:")
    with sa.create_engine(named, poolclass=sa.NullPool).connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)
