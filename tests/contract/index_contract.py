"""What every index must do. A subclass says how to open one; `average_length` is what its BM25 takes for the
mean.
"""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rag.errors import IndexMismatch
from rag.index.filters import matches
from rag.index.types import DenseIndex, Index, IndexSpec, LexicalIndex, Scored
from rag.types import And, Equals, Filter, In, Metadata, Not, Or, Range
from tests.contract.index_making import (
    DIMENSION,
    FILTERS,
    METADATA,
    SPEC,
    make_batch,
    make_chunk,
    make_document,
    unit,
)
from tests.contract.index_oracle import Oracle

EVERYTHING = 10_000
# One inherited test runs on every subclass, which keeps no state between examples.
_UNHEALTHY = [HealthCheck.too_slow, HealthCheck.differing_executors]
quick = settings(max_examples=60, deadline=None, suppress_health_check=_UNHEALTHY)


def keys(found: Sequence[Scored]) -> list[int]:
    return [scored.key for scored in found]


def assert_same(found: Sequence[Scored], expected: Sequence[Scored]) -> None:
    """Same chunks in the same order, but for chunks whose scores only rounding tells apart."""
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-4)
    scores = {one.key: one.score for one in expected}
    assert [scores.get(one.key) for one in found] == pytest.approx([one.score for one in found], abs=1e-4)
    assert len(set(keys(found))) == len(found)


class IndexContract:
    """What dense and lexical indexes have in common."""

    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> Index:
        """An index kept in the folder, or in memory."""
        raise NotImplementedError

    def all_keys(self, index: Index, filters: Filter | None = None) -> list[int]:
        """The keys of all (matching) chunks that a search finds, in order of key. Every text has `plain`."""
        raise NotImplementedError

    refuses_strangers = True
    """Whether two collections of one name meet in one place, so that the second has to be refused."""

    def closed(self, index: Index) -> None:
        """Close an index so that its folder can be opened again."""
        index.close()

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "index"

    def test_a_new_index_is_empty(self, home: Path) -> None:
        index = self.open(home)
        assert (index.count(), index.position, index.spec) == (0, 0, SPEC)
        assert self.all_keys(index) == []
        assert self.all_keys(index, Equals("year", 1)) == []

    def test_a_batch_is_searchable_at_once(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(3, [make_chunk(7, "d1"), make_chunk(9, "d2")]))
        assert (index.position, index.count(), self.all_keys(index)) == (3, 2, [7, 9])

    def test_a_deleted_document_is_gone(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1"), make_chunk(2, "d1"), make_chunk(3, "d2")]))
        index.apply(make_batch(2, removed=["d1", "never there"]))
        assert (index.position, index.count(), self.all_keys(index)) == (2, 1, [3])

    def test_a_replaced_document_has_its_new_chunks_and_metadata(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1"), make_chunk(2, "d2")], metadata={"d1": {"year": 1}}))
        index.apply(make_batch(2, [make_chunk(5, "d1"), make_chunk(6, "d1")], metadata={"d1": {"year": 2}}))
        assert (index.count(), self.all_keys(index)) == (3, [2, 5, 6])
        assert self.all_keys(index, Equals("year", 1)) == []
        assert self.all_keys(index, Equals("year", 2)) == [5, 6]

    def test_everything_may_be_deleted_and_come_back(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(key, f"d{key}") for key in range(1, 40)]))
        index.apply(make_batch(2, removed=[f"d{key}" for key in range(1, 40)]))
        assert (index.count(), self.all_keys(index)) == (0, [])
        index.apply(make_batch(3, [make_chunk(50, "d1")]))
        assert self.all_keys(index) == [50]

    def test_an_old_batch_changes_nothing(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(2, [make_chunk(5, "d1")]))
        index.apply(make_batch(1, [make_chunk(4, "d1")]))
        assert (index.position, self.all_keys(index)) == (2, [5])

    def test_it_reopens_as_it_was_closed(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(key, f"d{key % 5}") for key in range(1, 41)]))
        index.apply(make_batch(2, [make_chunk(50, "d2")], ["d3"], {"d2": {"tags": ["x", "y"]}}))
        before = self.all_keys(index)
        self.closed(index)
        again = self.open(home)
        assert (again.position, again.count(), self.all_keys(again)) == (2, len(before), before)
        assert self.all_keys(again, In("tags", ("y",))) == [50]
        again.apply(make_batch(3, removed=["d2"]))
        assert self.all_keys(again) == [key for key in before if key != 50]

    def test_a_crash_after_the_snapshot_loses_nothing(self, home: Path, tmp_path: Path) -> None:
        """The folder as it was at the crash is copied; what it lacks is applied again, and nothing is
        doubled.
        """
        index = self.open(home)
        batches = [
            make_batch(1, [make_chunk(key, f"d{key % 4}") for key in range(1, 13)]),
            make_batch(2, [make_chunk(20, "d1")], ["d2"], {"d1": {"year": 2}}),
            make_batch(3, [make_chunk(21, "d9")], ["d0"], {"d9": {"year": 9}}),
        ]
        index.apply(batches[0])
        index.flush()
        for batch in batches[1:]:
            index.apply(batch)
        expected = self.all_keys(index)
        shutil.copytree(home, tmp_path / "crashed")
        self.closed(index)
        again = self.open(tmp_path / "crashed")
        assert again.position in (1, 2, 3)
        for batch in batches:
            again.apply(batch)
        assert (again.position, self.all_keys(again), again.count()) == (3, expected, len(expected))
        assert self.all_keys(again, Range("year", gt=1)) == [20, 21]

    @pytest.mark.parametrize("known", [True, False])
    def test_a_filter_never_lets_through_what_a_crash_left(
        self, home: Path, tmp_path: Path, *, known: bool
    ) -> None:
        """Chunks written after the last snapshot are there, but their metadata may not be known yet."""
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(key, f"d{key}") for key in range(1, 6)]))
        index.flush()
        late = "d3" if known else "d8"
        index.apply(make_batch(2, [make_chunk(9, late)], metadata={late: {"secret": True}}))
        shutil.copytree(home, tmp_path / "crashed")
        self.closed(index)
        again = self.open(tmp_path / "crashed")
        found = self.all_keys(again, Not(Equals("secret", True)))
        assert set(found) <= ({1, 2, 4, 5, 9 if known and again.position < 2 else 1, 3})

    @pytest.mark.parametrize(
        "other",
        [
            replace(SPEC, model="other-encoder"),
            replace(SPEC, revision="r2"),
            replace(SPEC, dimension=DIMENSION * 2),
            replace(SPEC, metric="dot"),
        ],
        ids=["model", "revision", "dimension", "metric"],
    )
    def test_another_model_is_refused_by_name(self, home: Path, other: IndexSpec) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1")]))
        self.closed(index)
        with pytest.raises(IndexMismatch) as error:
            self.open(home, other)
        assert error.value.code == "index_model_mismatch"
        assert f"{SPEC.model} (revision {SPEC.revision}, dimension {SPEC.dimension}" in error.value.message
        assert f"{other.model} (revision {other.revision}, dimension {other.dimension}" in error.value.message
        assert self.all_keys(self.open(home)) == [1]

    def test_another_collection_of_that_name_is_told_apart(self, home: Path) -> None:
        other = replace(SPEC, uid="2233")
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1")]))
        self.closed(index)
        if self.refuses_strangers:
            with pytest.raises(IndexMismatch) as error:
                self.open(home, other)
            assert error.value.code == "index_foreign"
        else:
            stranger = self.open(home, other)
            assert (stranger.position, self.all_keys(stranger)) == (0, [])
            self.closed(stranger)
        assert self.all_keys(self.open(home)) == [1]

    @quick
    @given(st.lists(METADATA, min_size=1, max_size=8), FILTERS)
    @example([{"x": True}, {"x": 1}, {"x": 1.0}, {"x": "1"}], Equals("x", 1))
    @example([{"x": True}, {"x": 1}, {"x": "true"}], Equals("x", True))
    @example([{"x": True}, {"x": 1}, {"x": False}], Range("x", gte=0))
    @example([{"x": ["a", "b"]}, {"x": "a"}, {"x": []}, {}], Equals("x", "a"))
    @example([{"x": ["a", "b"]}, {"x": "a"}, {"x": []}, {}], Range("x", gte="a"))
    @example([{"x": "abcdef"}, {"x": "abcdefg"}, {"x": "abcde"}], Range("x", gt="abcdef"))
    @example([{"x": "abcdef"}, {"x": "abcdefg"}, {"x": "abcde"}], Range("x", lt="abcdef"))
    @example([{"x": 1}, {}], Not(Range("x", gt=5)))
    @example([{"x": 1}, {"x": "b"}], Range("x", gt=0, lt="c"))
    @example([{"x": 1}], And(()))
    @example([{"x": 1}], Or(()))
    @example([{"x": 1}], In("x", ()))
    @example([{"source": "mine", "x": 1}, {}], Equals("source", "mine"))
    def test_a_filter_means_the_same_everywhere(self, metadata: list[Metadata], filters: Filter) -> None:
        index = self.open(None)
        given_by = {f"d{number}": one for number, one in enumerate(metadata)}
        chunks = [
            make_chunk(2 * number + half + 1, f"d{number}")
            for number in range(len(metadata))
            for half in (0, 1)
        ]
        index.apply(make_batch(1, chunks, metadata=given_by))
        expected = [
            chunk.key
            for chunk in chunks
            if matches(make_document(chunk.document_id, given_by[chunk.document_id]), filters)
        ]
        assert self.all_keys(index, filters) == expected
        self.closed(index)

    @quick
    @given(st.integers(0, 2**32))
    def test_any_course_of_changes_ends_where_the_oracle_does(self, seed: int) -> None:
        course = random.Random(seed)
        index, oracle = self.open(None), Oracle(None, SPEC)
        key = 0
        for position in range(1, 9):
            added = []
            for name in course.sample([f"d{n}" for n in range(6)], course.randrange(4)):
                for _ in range(course.randrange(1, 4)):
                    key += 1
                    added.append(make_chunk(key, name))
            removed = course.sample([f"d{n}" for n in range(6)], course.randrange(3))
            batch = make_batch(position, added, removed, {"d1": {"n": position}})
            for _ in range(course.choice([1, 1, 2])):
                index.apply(batch)
            oracle.apply(batch)
            index.maintain()
            expected = sorted(keys(oracle.dense(unit(0), EVERYTHING)))
            assert (self.all_keys(index), index.count()) == (expected, len(expected))
        some = Range("n", gte=5)
        assert self.all_keys(index, some) == sorted(keys(oracle.dense(unit(0), EVERYTHING, some)))
        self.closed(index)

    def test_searches_go_on_while_batches_are_applied(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(key, f"d{key}") for key in range(1, 6)]))
        done, seen = threading.Event(), set[int]()

        def search() -> None:
            while not done.is_set():
                seen.update(self.all_keys(index), self.all_keys(index, Not(Equals("x", 1))))

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for position in range(2, 30):
            index.apply(make_batch(position, [make_chunk(100 + position, "d1")]))
            index.maintain()
        done.set()
        for thread in threads:
            thread.join()
        assert seen <= {1, 2, 3, 4, 5, *range(102, 130)}
        assert {2, 3, 4, 5} <= seen
        assert self.all_keys(index) == [2, 3, 4, 5, 129]


class DenseContract(IndexContract):
    """What a dense index does besides."""

    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> DenseIndex:
        raise NotImplementedError

    def all_keys(self, index: Index, filters: Filter | None = None) -> list[int]:
        assert hasattr(index, "dense")
        return sorted(keys(index.dense(unit(0), EVERYTHING, filters)))

    @quick
    @given(st.integers(0, 2**32), st.integers(1, 60), st.integers(0, 70))
    def test_order_and_scores_are_the_oracles(self, seed: int, size: int, k: int) -> None:
        index, oracle = self.open(None), Oracle(None, SPEC)
        batch = make_batch(
            1, [make_chunk(key, f"d{key // 3}", vector=unit(seed + key)) for key in range(1, size + 1)]
        )
        index.apply(batch)
        index.maintain()
        oracle.apply(batch)
        query = unit(seed)
        assert_same(index.dense(query, k), oracle.dense(query, k))
        self.closed(index)

    def test_a_larger_collection_is_ordered_too(self) -> None:
        index, oracle = self.open(None), Oracle(None, SPEC)
        chunks = [make_chunk(key, f"d{key // 10}") for key in range(1, 601)]
        metadata: dict[str, Metadata] = {f"d{number}": {"third": number % 3} for number in range(61)}
        for one in (index, oracle):
            one.apply(make_batch(1, chunks[:500], metadata=metadata))
            one.maintain()
            one.apply(make_batch(2, chunks[500:], ["d7"], metadata))
        for seed in range(1000, 1020):
            for filters in (None, Equals("third", 1), Not(Equals("third", 1)), Equals("document_id", "d3")):
                expected = oracle.dense(unit(seed), 5, filters)
                assert_same(index.dense(unit(seed), 5, filters), expected)
        self.closed(index)

    def test_equal_scores_are_in_order_of_key_and_cut_there(self, home: Path) -> None:
        index = self.open(home)
        order = list(range(1, 61))
        random.Random(5).shuffle(order)
        index.apply(make_batch(1, [make_chunk(key, f"d{key}", vector=unit(1)) for key in order]))
        index.apply(make_batch(2, [make_chunk(99, "best", vector=unit(2))]))
        found = index.dense(unit(2), 20)
        assert keys(found) == [99, *range(1, 20)]
        assert found[0].score == pytest.approx(1, abs=2e-3)
        assert keys(index.dense(unit(2), 100)) == [99, *range(1, 61)]

    def test_no_k_no_chunks(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1")]))
        assert index.dense(unit(1), 0) == []
        assert index.similarities(unit(1), []) == {}

    def test_opposite_vectors_count_too(self, home: Path) -> None:
        index = self.open(home)
        index.apply(
            make_batch(1, [make_chunk(1, "d1", vector=-unit(1)), make_chunk(2, "d2", vector=unit(1))])
        )
        assert [round(one.score, 2) for one in index.dense(unit(1), 5)] == [1.0, -1.0]

    def test_similarities_are_exact_and_know_no_dead_chunk(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(key, f"d{key}") for key in range(1, 31)]))
        index.maintain()
        index.apply(make_batch(2, [make_chunk(40, "d40")], ["d3"]))
        found = index.similarities(unit(77), [40, 3, 5, 999])
        expected = {key: float(unit(key) @ unit(77)) for key in (5, 40)}
        assert found == pytest.approx(expected, abs=1e-5)

    def test_a_vector_of_another_size_is_refused(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1")]))
        with pytest.raises(IndexMismatch, match="tiny-encoder"):
            index.dense(unit(1, 3), 5)
        with pytest.raises(IndexMismatch, match="tiny-encoder"):
            index.apply(make_batch(2, [make_chunk(2, "d1", vector=unit(1, 3))]))
        assert (index.position, self.all_keys(index)) == (1, [1])


WORDS = ["pump", "bar", "valv", "harbor", "dock", "ship", "rust", "oil", "map", "chart"]
"""Words that are their own stems, so that the oracle needs no stemmer."""


class LexicalContract(IndexContract):
    """What a lexical index does besides."""

    average_length: float | None = None

    def open(self, folder: Path | None, spec: IndexSpec = SPEC) -> LexicalIndex:
        raise NotImplementedError

    def all_keys(self, index: Index, filters: Filter | None = None) -> list[int]:
        assert hasattr(index, "lexical")
        return sorted(keys(index.lexical("plain", EVERYTHING, filters)))

    def oracle(self) -> Oracle:
        return Oracle(None, SPEC, self.average_length)

    @pytest.mark.parametrize(
        ("query", "key", "word"),
        [
            ("安全阀", 1, "安全"),
            ("油", 2, "油"),
            ("校正", 3, "校正"),
            ("압력계", 4, "압력"),
            ("นิรภัย", 5, "นิร"),
            ("İSKELE crème", 6, "İSKELE"),
        ],
    )
    def test_words_are_found_in_every_script(self, query: str, key: int, word: str) -> None:
        index = self.open(None)
        texts = (
            "每两年检查一次安全阀。", "请加油以后再出发", "圧力計は毎年校正します。",
            "압력계는 매년 점검합니다.", "วาล์วนิรภัยตรวจสอบทุกสองปี", "iskele, cre\u0300me", "the safety valve",
        )  # fmt: skip
        chunks = [make_chunk(n, f"d{n}", text) for n, text in enumerate(texts, start=1)]
        index.apply(make_batch(1, chunks))
        found = index.lexical(query, 3)
        assert keys(found)[:1] == [key]
        assert found[0].terms[0] == word
        self.closed(index)

    def test_a_field_is_there_while_a_document_has_it(self) -> None:
        index = self.open(None)
        metadata: dict[str, Metadata] = {"d1": {"year": 2026, "a.b": "x"}, "d2": {"draft": False}}
        index.apply(make_batch(1, [make_chunk(1, "d1"), make_chunk(2, "d2")], metadata=metadata))
        assert [index.has_field(key) for key in ("year", "a.b", "draft", "auther")] == [
            True,
            True,
            True,
            False,
        ]
        index.apply(make_batch(2, removed=["d1"]))
        assert not index.has_field("year")
        self.closed(index)

    def test_dates_compare_as_instants(self) -> None:
        index = self.open(None)
        dates = ("2026-05-05T23:30:00-07:00", "2026-05-06T00:30:00+02:00", "2026-05-06", "early in May")
        metadata: dict[str, Metadata] = {f"d{n}": {"date": date} for n, date in enumerate(dates, start=1)}
        index.apply(make_batch(1, [make_chunk(n, f"d{n}") for n in range(1, 5)], metadata=metadata))
        assert self.all_keys(index, Range("date", gte="2026-05-06T00:00:00Z", lt="2027-01-01")) == [1, 3]
        assert self.all_keys(index, Range("date", lt="2026-05-06")) == [2]
        assert self.all_keys(index, Range("date", gt="2026-05-06T02:00:00+02:00", lt="2026-12-31")) == [1]
        assert self.all_keys(index, Range("date", gte="early")) == [4]
        self.closed(index)

    @quick
    @given(
        st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30), min_size=1, max_size=12),
        st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=5),
        st.integers(0, 14),
    )
    def test_order_scores_and_terms_are_the_oracles(
        self, texts: list[list[str]], query: list[str], k: int
    ) -> None:
        index, oracle = self.open(None), self.oracle()
        batch = make_batch(1, [make_chunk(n + 1, f"d{n}", " ".join(text)) for n, text in enumerate(texts)])
        index.apply(batch)
        oracle.apply(batch)
        found, expected = index.lexical(" ".join(query), k), oracle.lexical(" ".join(query), k)
        assert_same(found, expected)
        everything = {one.key: one.terms for one in oracle.lexical(" ".join(query), EVERYTHING)}
        assert {one.key: one.terms for one in found} == {one.key: everything[one.key] for one in found}
        self.closed(index)

    @quick
    @given(
        st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30), min_size=1, max_size=12),
        st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=5),
    )
    def test_the_words_scores_add_up(self, texts: list[list[str]], query: list[str]) -> None:
        index = self.open(None)
        index.apply(
            make_batch(1, [make_chunk(n + 1, f"d{n}", " ".join(text)) for n, text in enumerate(texts)])
        )
        wanted = [*range(1, len(texts) + 1), 999]
        told = index.term_scores(" ".join(query), wanted)
        whole = {one.key: one.score for one in index.lexical(" ".join(query), EVERYTHING)}
        assert {key: sum(one.score for one in scores) for key, scores in told.items()} == pytest.approx(
            {key: whole.get(key, 0.0) for key in wanted[:-1]}, abs=1e-4
        )
        for key, scores in told.items():
            expected = [word for word in dict.fromkeys(query) if word in texts[key - 1]]
            assert [one.word for one in scores] == expected
            for one in scores:
                assert one.score == pytest.approx(one.idf * one.tf * one.count, rel=1e-4)
                assert one.count == query.count(one.word)
        assert index.term_scores("pump", []) == {}
        self.closed(index)

    def test_equal_scores_are_in_order_of_key_and_cut_there(self, home: Path) -> None:
        index = self.open(home)
        order = list(range(1, 61))
        random.Random(5).shuffle(order)
        index.apply(make_batch(1, [make_chunk(key, f"d{key}", "plain pump") for key in order]))
        assert keys(index.lexical("pump", 20)) == list(range(1, 21))
        assert keys(index.lexical("pump", 100)) == list(range(1, 61))

    def test_endings_case_and_accents_do_not_matter(self, home: Path) -> None:
        index = self.open(home)
        texts = ["The PUMPS were pumping", "Crème brûlée in Zürich", "plain"]
        index.apply(make_batch(1, [make_chunk(n + 1, f"d{n}", text) for n, text in enumerate(texts)]))
        assert keys(index.lexical("pump", 5)) == [1]
        assert keys(index.lexical("Creme ZURICH", 5)) == [2]

    def test_the_words_that_matched_are_the_querys(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1", "a pump and a valve"), make_chunk(2, "d2", "valves")]))
        found = {one.key: one.terms for one in index.lexical("Pumping VALVES, pumps; docks", 5)}
        assert found == {1: ("Pumping", "VALVES"), 2: ("VALVES",)}

    def test_many_words_are_all_marked(self, home: Path) -> None:
        index = self.open(home)
        query = [f"w{number}" for number in range(50)]
        index.apply(make_batch(1, [make_chunk(1, "d1", " ".join(query[::7])), make_chunk(2, "d2", "w49")]))
        found = {one.key: one.terms for one in index.lexical(" ".join(query), 5)}
        assert found == {1: tuple(query[::7]), 2: ("w49",)}

    @pytest.mark.parametrize(
        "query",
        ["+pump -valve", '"pump valve"', "text:pump", "pump AND NOT valve", "pump~2", "p*mp pump",
         "[a TO pump]", "pump^9", "(pump", "document:d2 pump", "\\pump", "pump\0", "pump \ud800"],
    )  # fmt: skip
    def test_a_query_is_words_and_never_syntax(self, home: Path, query: str) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1", "pump and valve"), make_chunk(2, "d2", "dock")]))
        assert keys(index.lexical(query, 5)) == [1]

    @pytest.mark.parametrize("query", ["", "  ", "?!", "\0", "\ud800", "unheard", "😀"])
    def test_a_query_without_a_known_word_finds_nothing(self, home: Path, query: str) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1", "pump"), make_chunk(2, "d2", "")]))
        assert index.lexical(query, 5) == []
        assert index.term_scores(query, [1, 2, 3]) == {1: (), 2: ()}

    def test_a_very_long_query_is_answered(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1", "pump"), make_chunk(2, "d2", "dock")]))
        assert keys(index.lexical("pump " + " ".join(f"w{n}" for n in range(5000)), 5)) == [1]

    def test_a_dead_chunk_has_no_scores_of_words(self, home: Path) -> None:
        index = self.open(home)
        index.apply(make_batch(1, [make_chunk(1, "d1", "pump"), make_chunk(2, "d2", "pump")]))
        index.apply(make_batch(2, removed=["d1"]))
        assert list(index.term_scores("pump", [1, 2])) == [2]
