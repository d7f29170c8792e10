"""Words and numbers are put into mail, pages, data and PDFs at random: each is in the text, in order, once.

FOOTNOTE_TEST_EXAMPLES says how many files of each format are made (25).
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator, Sequence
from email.message import EmailMessage

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.media_types import media_type
from ingest.parse.limits import Context
from ingest.parse.parsers import parse_file
from tests.ingest.pdf_making import grid, pdf, words

examples = settings(
    max_examples=int(os.environ.get("FOOTNOTE_TEST_EXAMPLES", "25")),
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a file that fails is small; making it smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
_LATIN = ("pump", "Ventil", "größe", "café", "Mol", "señal")
_OTHER = ("насос", "αντλία", "圧力計", "안전", "مضخة", "ปั๊ม")


def token(stem: str, number: int) -> str:
    """A word that no other place of the file has."""
    return f"{stem}{1000 + number}"


class Words:
    """Draws words and keeps them in the order in which they were drawn."""

    def __init__(self, data: st.DataObject, stems: Sequence[str]) -> None:
        self._data = data
        self._stems = stems
        self.drawn: list[str] = []

    def take(self, most: int = 12) -> str:
        """A few words with spaces between."""
        count = self._data.draw(st.integers(1, most))
        stems = self._data.draw(st.lists(st.sampled_from(self._stems), min_size=count, max_size=count))
        made = [token(stem, len(self.drawn) + at) for at, stem in enumerate(stems)]
        self.drawn += made
        return " ".join(made)

    def choose(self, *names: str) -> str:
        return self._data.draw(st.sampled_from(names))

    def number(self, least: int, most: int) -> int:
        return self._data.draw(st.integers(least, most))


def assert_same(text: str, expected: Sequence[str]) -> None:
    places = [[match.start() for match in re.finditer(re.escape(word), text)] for word in expected]
    assert [len(each) for each in places] == [1] * len(expected), text
    firsts = [each[0] for each in places]
    assert firsts == sorted(firsts), text


def parsed(name: str, content: bytes) -> str:
    return parse_file(content, name, media_type(name, content), Context()).text


@examples
@given(st.data())
def test_pages_of_html(data: st.DataObject) -> None:
    drawn = Words(data, _LATIN + _OTHER)
    body = "".join(block(drawn, 0) for _ in range(drawn.number(1, 6)))
    page = f"<!DOCTYPE html><html><head><meta charset=utf-8></head><body>{body}</body></html>"
    assert_same(parsed("a.html", page.encode()), drawn.drawn)


def block(drawn: Words, depth: int) -> str:
    kind = drawn.choose("p", "h2", "pre", "ul", "ol", "table", "div", "details", "x-card", "dl", "blockquote")
    if kind in ("p", "h2", "pre", "blockquote"):
        return f"<{kind}>{line(drawn)}</{kind}>"
    if kind in ("ul", "ol"):
        items = "".join(f"<li>{line(drawn)}{inner(drawn, depth)}</li>" for _ in range(drawn.number(1, 3)))
        return f"<{kind} start={drawn.number(1, 9)}>{items}</{kind}>"
    if kind == "table":
        return table(drawn)
    if kind == "dl":
        return f"<dl><dt>{line(drawn)}<dd>{line(drawn)}</dl>"
    if kind == "details":
        return f"<details><summary>{line(drawn)}</summary>{line(drawn)}</details>"
    return f"<{kind}>{line(drawn)}{inner(drawn, depth)}{line(drawn)}</{kind}>"


def inner(drawn: Words, depth: int) -> str:
    return block(drawn, depth + 1) if depth < 2 and drawn.number(0, 2) == 0 else ""


def line(drawn: Words) -> str:
    """Words, some of them within elements, one of which no standard knows."""
    tag = drawn.choose("b", "x-mark", "span", "a", "tt")
    return f"{drawn.take(4)} <{tag}>{drawn.take(2)}</{tag}> {html.escape(drawn.take(3))}"


def table(drawn: Words) -> str:
    wide = drawn.number(2, 4)
    rows = [f"<tr><th rowspan=2>{drawn.take(2)}<td colspan={wide - 1}>{drawn.take(2)}</tr>"]
    rows.append("<tr>" + "".join(f"<td>{drawn.take(2)}" for _ in range(wide - 1)) + "</tr>")
    return f"<table>{''.join(rows)}</table>"


@examples
@given(st.data())
def test_messages(data: st.DataObject) -> None:
    drawn = Words(data, _LATIN)
    message, attached = message_of(drawn, 0)
    text = parsed("a.eml", message.as_bytes())
    assert_same(text, [*drawn.drawn[: len(drawn.drawn) - len(attached)], *attached])


def message_of(drawn: Words, depth: int) -> tuple[EmailMessage, list[str]]:
    """A message, and the words of what is attached, which come last."""
    message = EmailMessage()
    message["Subject"], message["From"] = drawn.take(5), "ann@example.com"
    message.set_content(drawn.take(), charset=drawn.choose("utf-8", "cp1252"), cte="base64")
    for _ in range(drawn.number(0, 2)):
        message.add_attachment(drawn.take(), disposition="inline", subtype="plain")
    before = len(drawn.drawn)
    for _ in range(drawn.number(0, 3)):
        attach(message, drawn, depth)
    return message, drawn.drawn[before:]


def attach(message: EmailMessage, drawn: Words, depth: int) -> None:
    kind = drawn.choose("named", "nameless", "html", "message")
    if kind == "message" and depth < 2:
        message.add_attachment(message_of(drawn, depth + 1)[0])
    elif kind == "html":
        message.add_attachment(f"<p>{drawn.take()}</p>", subtype="html", filename="page.html")
    elif kind == "named":
        message.add_attachment(drawn.take(), subtype="plain", filename="notes.txt")
    else:
        message.add_attachment(drawn.take().encode(), maintype="text", subtype="plain")


@examples
@given(st.data())
def test_data(data: st.DataObject) -> None:
    drawn = Words(data, _LATIN + _OTHER)
    value = {drawn.take(1): node(drawn, 0) for _ in range(drawn.number(1, 4))}
    indent = drawn.choose("", " ", "\t") or None
    text = json.dumps(value, ensure_ascii=drawn.number(0, 1) == 1, indent=indent)
    assert_same(parsed("a.json", text.encode()), drawn.drawn)


def node(drawn: Words, depth: int) -> object:
    kind = drawn.choose("text", "quoted", "list", "object")
    if kind == "quoted":
        return f'{drawn.take(3)}\n"{drawn.take(2)}"\t\\ {drawn.take(2)}'
    if kind == "text" or depth > 2:
        return drawn.take()
    if kind == "list":
        return [node(drawn, depth + 1) for _ in range(drawn.number(1, 3))]
    return {drawn.take(1): node(drawn, depth + 1) for _ in range(drawn.number(1, 3))}


@examples
@given(st.data())
def test_pdf_pages(data: st.DataObject) -> None:
    drawn = Words(data, _LATIN)
    pages = ["".join(pdf_lines(drawn)) for _ in range(drawn.number(1, 3))]
    assert_same(parsed("a.pdf", pdf(pages)), drawn.drawn)


def pdf_lines(drawn: Words) -> Iterator[str]:
    """Lines, headings and ruled tables from the top of a page to its end."""
    height = 780.0
    while height > 120 and drawn.number(0, 6):
        kind = drawn.choose("line", "line", "heading", "table")
        if kind == "table":
            rows = [[drawn.take(1) for _ in range(3)] for _ in range(drawn.number(2, 3))]
            yield grid(rows, height)
            height -= 20 * len(rows) + 30
        else:
            size = 11 if kind == "line" else 16
            yield words(drawn.take(6), 60, height, size=size)
            height -= drawn.number(1, 2) * 14 + (size - 11) * 2
    yield words(drawn.take(4), 60, height - 40)
