"""What a PDF shows besides its text: fields, notes, tables over a page end, running heads and feet."""

from __future__ import annotations

from tests.ingest.making import Parse, shown
from tests.ingest.pdf_making import grid, pdf, words


def field(name: str, kind: str, value: str, y: float, *, more: str = "", x: float = 150) -> str:
    return f"/Subtype /Widget /T ({name}) /FT /{kind} {value} /Rect [{x} {y - 4} {x + 160} {y + 14}] {more}"


def test_fields_stand_behind_their_labels(parse: Parse) -> None:
    labels = ("Keeper:", "Depth:", "Ramp tested:", "Flag:", "Ladder wet:")
    stream = "".join(words(label, 60, 760 - 40 * at) for at, label in enumerate(labels))
    fields = [
        field("keeper", "Tx", "/V (Ann Vik)", 760),
        field("depth", "Tx", "/V (4.25 m)", 720),
        field("ramp", "Btn", "/V /Yes /AS /Yes", 680),
        field("flag", "Ch", "/V (b) /Opt [[(a) (red)] [(b) (blue)]]", 640, more="/Ff 131072"),
        field("ladder", "Btn", "/V /Off /AS /Off", 600),
    ]
    text = parse("form.pdf", pdf([stream], fields, form=True)).text
    for line in ("Keeper: Ann Vik", "Depth: 4.25 m", "Ramp tested: yes", "Flag: blue", "Ladder wet: no"):
        assert line in text.split("\n"), text


def test_a_value_stands_between_two_labels_of_one_line_and_hidden_ones_nowhere(parse: Parse) -> None:
    stream = words("From:", 60, 700) + words("to:", 330, 700)
    fields = [
        field("from", "Tx", "/V (Merrin)", 700, x=100),
        field("to", "Tx", "/V (Oddholm)", 700, x=360),
        field("secret", "Tx", "/V (1234)", 640, more="/Ff 8192"),
    ]
    document = parse("form.pdf", pdf([stream], fields, form=True))
    assert document.text == "From: Merrin to: Oddholm"


def test_free_text_is_read_where_it_is_seen_and_notes_that_pop_up_are_not(parse: Parse) -> None:
    stream = words("The crane stands on pier two.", 60, 760) + words("It lifts 26 tonnes.", 60, 600)
    marks = [
        "/Subtype /FreeText /Contents (Moved to pier nine) /Rect [60 690 300 710] /DA (/F1 11 Tf 0 g)",
        "/Subtype /Text /Contents (ask Bo) /Rect [500 690 520 710]",
    ]
    assert shown(parse("note.pdf", pdf([stream], marks))) == [
        ("paragraph", None, "The crane stands on pier two."),
        ("paragraph", None, "Moved to pier nine"),
        ("paragraph", None, "It lifts 26 tonnes."),
    ]


HEAD = ["Ship", "Cars"]


def test_a_table_over_a_page_end_keeps_the_header_of_the_first_page(parse: Parse) -> None:
    first = grid([HEAD, ["Tern", "32"], ["Puffin", "18"]], 140)
    document = parse("a.pdf", pdf([first, grid([["Auk", "12"], ["Gannet", "7"]], 800)]))
    upper, lower = document.blocks
    assert (upper.kind, lower.kind, lower.page) == ("table", "table", 2)
    assert upper.header == lower.header
    assert lower.header is not None
    assert document.text[lower.header.start : lower.header.end] == "Ship | Cars"


def test_a_table_of_other_columns_or_behind_text_has_its_own_header(parse: Parse) -> None:
    first = grid([HEAD, ["Tern", "32"]], 140)
    other = grid([["Buoy", "Colour"], ["Nun", "red"]], 800, wide=150)
    behind = words("Buoys of the harbour.", 60, 810) + grid([["Buoy", "Colour"], ["Nun", "red"]], 780)
    for second in (other, behind):
        header = parse("a.pdf", pdf([first, second])).blocks[-1].header
        assert header is not None
        text = parse("a.pdf", pdf([first, second])).text
        assert text[header.start : header.end] == "Buoy | Colour"


def page_of(number: int, body: str) -> str:
    head = words("Harbour rules of the Skerry Line", 60, 810, size=9)
    foot = words(f"Page {number} of 3, edition 7", 60, 30, size=9)
    return head + words(body, 60, 760) + foot


def test_running_heads_and_feet_stand_once_and_in_no_sentence(parse: Parse) -> None:
    bodies = (
        "The bow ramp is lowered by the",
        "mate alone, and never while the",
        "engine runs ahead of 3 knots.",
    )
    document = parse("a.pdf", pdf([page_of(at, body) for at, body in enumerate(bodies, start=1)]))
    flat = " ".join(document.text.split())
    assert " ".join(bodies) in flat
    assert flat.startswith("Harbour rules of the Skerry Line")
    assert flat.count("Harbour rules") == flat.count("edition 7") == 1


def test_lines_that_only_look_alike_are_no_running_heads(parse: Parse) -> None:
    streams = [
        words(f"Reading {value} of the gauge", 60, 810) + words(f"Remark {value}", 60, 760)
        for value in (41, 17, 93)
    ]
    text = parse("a.pdf", pdf(streams)).text
    assert [text.count(f"Reading {value}") for value in (41, 17, 93)] == [1, 1, 1]
