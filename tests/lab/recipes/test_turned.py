"""Questions turned, and made from pages: what trains the reader to be silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.recipes.reader.pages import cell_rows, documents, grids, heading_pairs, sections
from lab.recipes.reader.turned import HELD, KINDS, TRAINED, turned
from lab.recipes.records import QaRow, Span

CONTEXT = (
    "The Tern was built by Harrow Yard in 1974. She is the largest ferry of Skerry Line. "
    "Puffin Yard repaired her in 1981. Her crew is four."
)


def row(question: str, answer: str = "Harrow Yard", title: str = "Tern") -> QaRow:
    start = CONTEXT.index(answer)
    return QaRow("made", "train", title, question, CONTEXT, (Span(start, start + len(answer)),))


OTHERS = [
    row("Who painted the Osprey during the long winter?", title="Osprey"),
    row("When did the Osprey sink in the harbour of Merrin?", title="Osprey"),
]


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("entity", "Who built the ferry of Skerry Line?"),
        ("number", "Who built the ferry in 1974?"),
        ("negation", "Who was the builder of the Tern?"),
        ("antonym", "Who built the largest ferry?"),
        ("condition", "Who built the Tern?"),
        ("attribute", "Who built the Tern?"),
        ("swapped", "When did Puffin Yard buy from Harrow Yard?"),
        ("word", "Who repaired the ferry?"),
        ("qualifier", "Who built the ferry?"),
        ("order", "Who built the first ferry?"),
    ],
)
def test_a_turned_question_asks_for_something_else(kind: str, question: str) -> None:
    found = turned([row(question), *OTHERS], 1.0, 3, [kind])
    (one,) = [item for item in found if item.title == "Tern"]
    assert one.source == f"turned_{kind}"
    assert one.question != question
    assert one.context == CONTEXT
    assert one.spans == ()


def test_two_names_change_places_and_a_word_its_meaning() -> None:
    asked = row("When did Puffin Yard buy from Harrow Yard?")
    (one,) = turned([asked], 1.0, 1, ["swapped"])
    assert one.question == "When did Harrow Yard buy from Puffin Yard?"
    rows = [row("Who repaired the ferry?"), row("Who painted the Osprey?", title="Osprey")]
    (two,) = [item for item in turned(rows, 1.0, 1, ["word"]) if item.title == "Tern"]
    assert two.question == "Who painted the ferry?"


def test_the_sentence_that_tells_is_taken_out() -> None:
    (one,) = turned([row("Who built the Tern?")], 1.0, 1, ["not_told"])
    assert "Harrow" not in one.context
    assert "Her crew is four." in one.context


def test_what_cannot_be_turned_is_left_alone() -> None:
    plain = QaRow("made", "train", "", "who", "Somebody.", (Span(0, 8),))
    assert turned([plain], 1.0, 1, ["number", "antonym", "not_told"]) == []
    assert turned([QaRow("made", "train", "", "Who was it?", CONTEXT, ())], 1.0, 1) == []
    assert turned([row("Who built the Tern?")], 0.0, 1) == []


def test_a_kind_is_kept_from_training() -> None:
    assert set(HELD) | set(TRAINED) == set(KINDS)
    assert not set(HELD) & set(TRAINED)


PAGE = """# Pumps

Two pumps are sold.

## Changing the filter

Open the lid. Take the filter out and put a new one in, with the arrow pointing upwards.

## Ratings

The ratings are these.

| Pump | Pressure | Description |
|---|---|---|
| P-100 | 10 bar | A quiet one. |
| P-200 | 16 bar | A loud one. |
| P-300 | 25 bar | The newest. |
"""


@pytest.fixture
def pages(tmp_path: Path) -> list[object]:
    (tmp_path / "pumps.md").write_text(PAGE)
    return list(documents(tmp_path))


def test_a_heading_asks_for_its_section(pages: list) -> None:  # type: ignore[type-arg]
    pairs = {pair.evidence: pair for pair in heading_pairs(pages)}
    told = {pair.passage[span.start : span.end] for spans, pair in pairs.items() for span in spans or ()}
    assert any(text.startswith("Open the lid.") for text in told)
    assert {section.heading for section in sections(pages[0])} >= {"Changing the filter", "Ratings"}


def test_a_cell_is_asked_by_its_row_and_column(pages: list) -> None:  # type: ignore[type-arg]
    (grid,) = grids(pages[0])
    assert grid.header == ("Pump", "Pressure", "Description")
    rows = [one for seed in range(30) for one in cell_rows(pages, seed)]
    answered = [one for one in rows if one.spans]
    assert answered
    assert len(answered) < len(rows)
    for one in answered:
        cell = one.context[one.spans[0].start : one.spans[0].end]
        (line,) = [line for line in grid.rows if cell in line]
        assert line[0].lower() in one.question.lower()
    for one in rows:
        if not one.spans and any(line[0] in one.question for line in grid.rows):
            key = next(line[0] for line in grid.rows if line[0] in one.question)
            columns = [name.lower() for name in grid.header[1:]]
            assert key not in one.context or not any(name in one.question.lower() for name in columns)


def test_the_same_dice_give_the_same_questions() -> None:
    rows = [row("Who built the Tern?"), *OTHERS]
    assert turned(rows, 0.7, 5) == turned(rows, 0.7, 5)
