from __future__ import annotations

import random

from lab.recipes.checker.synthetic import (
    negate,
    oppose,
    sentences_of,
    source_of,
    swap_name,
    swap_number,
    synthesise,
)
from lab.recipes.records import QaRow, Span, clean

TEXT = (
    "The old bridge was built in 1654 by Anna Keller for the town. It was the largest bridge north of Dover. "
    "Dr. Smith crossed it with 300 men before the war, and William Hay wrote about it. It is not used today."
)
OTHER = "Cheese is made from milk. In 1980 the village of Stilton sold 500 tons, said Peter Brown of London."


def rows() -> list[QaRow]:
    start = TEXT.index("1654")
    return [
        QaRow("s", "train", "Bridge", "when was it built", TEXT, (Span(start, start + 4),)),
        QaRow("s", "train", "Bridge", "what is made from milk", OTHER, ()),
    ]


def test_sentences_keep_titles_together() -> None:
    assert [s.split()[0] for s in sentences_of(TEXT)] == ["The", "It", "Dr.", "It"]


def test_each_edit_changes_exactly_what_it_marks() -> None:
    rng = random.Random(1)
    words = sentences_of(TEXT)[0].split()
    for made in (
        swap_number(words, ["300"], rng),
        swap_name(words, ["Peter Brown"], rng),
        negate(words, rng),
        oppose(sentences_of(TEXT)[1].split(), rng),
    ):
        assert made is not None
        assert len(made.words) == len(made.unsupported)
        assert any(made.unsupported)
        changed = [w for w, m in zip(made.words, made.unsupported, strict=True) if not m]
        assert changed == [w for w in changed if w in TEXT.split()]


def test_taking_out_a_not_is_marked() -> None:
    made = negate(["It", "is", "not", "used", "today."], random.Random(1))
    assert made is not None
    assert " ".join(made.words) == "It is used today."
    assert made.unsupported == [False, True, False, False]


def test_sentences_without_a_handle_are_left_alone() -> None:
    rng, words = random.Random(1), ["Cheese", "tastes", "fine."]
    assert swap_number(words, [], rng) is None
    assert swap_name(words, [], rng) is None
    assert negate(words, rng) is None
    assert oppose(words, rng) is None


def test_labels_agree_with_the_evidence() -> None:
    made = synthesise(rows(), 200, seed=3)
    assert len(made) == 200
    assert made == synthesise(rows(), 200, seed=3)
    assert {row.label for row in made} == {"entailment", "contradiction", "not_entailment", "neutral"}
    for row in made:
        assert len(row.unsupported) in (0, len(row.words))
        if row.unsupported and row.label == "entailment":
            assert not any(row.unsupported)
        if row.unsupported and row.label in ("contradiction", "not_entailment"):
            assert any(row.unsupported)
        if row.label == "neutral":
            assert row.claim not in " ".join(row.sentences)


def test_sources_know_their_numbers_and_names() -> None:
    source = source_of(rows()[0])
    assert {"1654", "300"} <= set(source.numbers)
    assert "Anna Keller" in source.names
    assert clean(TEXT) == TEXT
