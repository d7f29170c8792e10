"""HTML as a browser shows it: numbers of lists, spans of tables, formulas, elements of no standard."""

from __future__ import annotations

import pytest

from tests.ingest.making import Parse, shown


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<ol start=4><li>a<li>b</ol>", "4. a\n5. b"),
        ("<ol><li>a<li value=9>b<li>c</ol>", "1. a\n9. b\n10. c"),
        ("<ol reversed><li>a<li>b<li>c</ol>", "3. a\n2. b\n1. c"),
        ("<ol type=A start=26><li>a<li>b</ol>", "Z. a\nAA. b"),
        ("<ol type=i><li>a<li>b<li>c<li type=I>d</ol>", "i. a\nii. b\niii. c\nIV. d"),
        ("<ul><li>a<ol start=2><li>b</ol>c</ul>", "- a\n  2. b\n  c"),
    ],
)
def test_lists_are_numbered_as_they_are_shown(parse: Parse, source: str, expected: str) -> None:
    assert shown(parse("a.html", f"<html>{source}".encode())) == [("list", None, expected)]


def test_what_interrupts_a_list_stands_where_it_does(parse: Parse) -> None:
    table = "<table><tr><td>a<td>b<tr><td>c<td>d</table>"
    source = f"<html><ol><li>one<pre>x = 1</pre>after<li>two{table}<li>three</ol>"
    assert shown(parse("a.html", source.encode())) == [
        ("list", None, "1. one"),
        ("code", None, "x = 1"),
        ("list", None, "after\n2. two"),
        ("table", None, "a | b\nc | d"),
        ("list", None, "3. three"),
    ]


@pytest.mark.parametrize("tag", ["x-term", "blink", "nobr", "app-link", "ins"])
def test_an_unknown_element_does_not_end_a_paragraph(parse: Parse, tag: str) -> None:
    source = f"<html><p>The <{tag}>bow ramp</{tag}> holds 26 tonnes.</p>"
    assert shown(parse("a.html", source.encode())) == [("paragraph", None, "The bow ramp holds 26 tonnes.")]


def test_spans_keep_the_columns_in_their_places(parse: Parse) -> None:
    source = (
        "<html><table><tr><th>Ship<th colspan=2>Load<th>Quay</tr><tr><td rowspan=2>Tern<td>32<td>26<td>N</tr>"
        "<tr><td>30<td>24<td>S</tr><tr><td>Auk<td colspan=2>none<td>E</tr></table>"
    )
    assert parse("a.html", source.encode()).text == (
        "Ship | Load |  | Quay\nTern | 32 | 26 | N\n | 30 | 24 | S\nAuk | none |  | E"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E = m c^2"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mn>2</mn></mfrac>", "(a + 1)/2"),
        ("<msqrt><msub><mi>x</mi><mn>1</mn></msub></msqrt>", "√(x_1)"),
        ("<semantics><mn>7</mn><annotation>\\seven</annotation></semantics>", "7"),
    ],
)
def test_formulas_are_text(parse: Parse, source: str, expected: str) -> None:
    document = parse("a.html", f"<html><p>It is <math>{source}</math>.</p>".encode())
    assert document.text == f"It is {expected}."


def test_an_exponent_is_no_digit_of_its_number(parse: Parse) -> None:
    document = parse("a.html", b"<html><p>10<sup>6</sup> m<sup>2</sup>, 5<sup>-2</sup></p>")
    assert document.text == "10⁶ m2, 5⁻²"
