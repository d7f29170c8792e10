"""What filters mean, and that the in-memory catalogue agrees while documents come and go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import InvalidInput
from rag.index.catalogue import Catalogue
from rag.index.filters import LONGEST_BOUND, checked, instant, matches
from rag.types import And, Equals, Filter, In, Metadata, Not, Or, Range
from tests.contract.index_making import FILTERS, METADATA, make_document

DOCUMENT = make_document("d1", {"year": 2024, "share": 0.5, "draft": True, "lang": "de", "tags": ["a", "b"]})


@pytest.mark.parametrize(
    "filters",
    [
        Equals("year", 2024), Equals("year", 2024.0), Equals("draft", True), Equals("tags", "b"),
        Equals("document_id", "d1"), Equals("source", "d1.md"), Equals("title", "Title of d1"),
        Equals("media_type", "text/markdown"), In("lang", ("en", "de")), In("tags", ("z", "a")),
        Range("year", gte=2024, lt=2025), Range("share", gt=0), Range("lang", gte="d", lt="e"),
        And(()), And((Equals("lang", "de"), Not(Equals("year", 1)))),
        Or((Equals("year", 1), Equals("lang", "de"))),
        Not(Equals("missing", "x")), Not(Range("missing", gt=1)), Not(Or(())),
    ],
)  # fmt: skip
def test_it_matches(filters: Filter) -> None:
    assert matches(DOCUMENT, filters)


@pytest.mark.parametrize(
    "filters",
    [
        Equals("draft", 1), Equals("year", "2024"), Equals("tags", "ab"), Equals("missing", ""),
        In("year", ()),
        Range("draft", gte=0), Range("tags", gte="a"), Range("lang", gte=0), Range("year", gte="0"),
        Range("year", gt=2024), Range("year"), Range("missing", lt=9), Or(()), Not(And(())),
    ],
)  # fmt: skip
def test_it_does_not_match(filters: Filter) -> None:
    assert not matches(DOCUMENT, filters)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), METADATA | st.none()), max_size=12), st.lists(FILTERS, max_size=3)
)
def test_the_catalogue_agrees_after_any_course(
    course: list[tuple[int, Metadata | None]], filters: list[Filter]
) -> None:
    catalogue, documents = Catalogue(), {}
    for number, metadata in course:
        name = f"d{number}"
        if metadata is None:
            catalogue.remove([name])
            documents.pop(name, None)
        else:
            documents[name] = make_document(name, metadata)
            catalogue.put([documents[name]])
        for one in filters:
            expected = {key for key, document in documents.items() if matches(document, one)}
            assert catalogue.allowed(one) == expected


def test_equal_looking_filters_are_kept_apart() -> None:
    catalogue = Catalogue([make_document("d1", {"x": 1}), make_document("d2", {"x": True})])
    assert catalogue.allowed(Equals("x", 1)) == {"d1"}
    assert catalogue.allowed(Equals("x", True)) == {"d2"}


def nested(depth: int) -> Filter:
    filters: Filter = Equals("x", 1)
    for _ in range(depth):
        filters = Not(filters)
    return filters


@pytest.mark.parametrize(
    "filters",
    [
        Range("x"), Range("x", gt=True), Range("x", lt="z" * (LONGEST_BOUND + 1)), Equals("x", float("nan")),
        In("x", (1, float("inf"))), Equals("x", 2**60), Not(And((Or((Range("x"),)),))), nested(40),
    ],
)  # fmt: skip
def test_what_backends_could_not_agree_on_is_refused(filters: Filter) -> None:
    with pytest.raises(InvalidInput) as error:
        checked(filters)
    assert error.value.code == "invalid_filter"


def test_a_sound_filter_passes_as_it_is() -> None:
    filters = And((Equals("x", 1), Range("y", gte="2024"), nested(10)))
    assert checked(filters) is filters
    assert checked(None) is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-05-05T23:30:00-07:00", "2026-05-06T06:30Z"),
        ("2026-05-06", "2026-05-06 00:00:00"),
        ("2026-05-06T02:00:00+0200", "2026-05-06T00:00:00.000Z"),
    ],
)
def test_dates_that_are_one_instant(text: str, same: str) -> None:
    assert instant(text) == instant(same) is not None


@pytest.mark.parametrize(
    "text", ["2026", "2026-05", "2026-02-30", "2026-05-06T25:00", "5 May 2026", "20260506", ""]
)
def test_what_is_no_date_compares_as_text(text: str) -> None:
    assert instant(text) is None
