"""Blocks of a page that needs nothing beside itself: shell, section, tables, figures.

Plain text that is handed in is escaped; Markup (from these blocks, `charts` or `html.tag`) goes in as it is.
There is no script and no inline style, and the page's own content security policy lets nothing be loaded or
run, whatever was put in.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from eval.report.charts import STYLE as CHART_STYLE
from eval.report.html import BRIEF, Part, brief, join, tag

STYLE = Path(__file__).with_name("page.css")


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that is seen first: `value` large, what it is, and a note such as its interval."""

    label: str
    value: str
    note: str = ""


def page(title: str, body: Part, *, kicker: str = "", nav: Sequence[tuple[str, str]] = ()) -> str:
    """A whole HTML document with one `h1`. `kicker` stands beside the product's name, `nav` holds the ids and
    names of the sections.
    """
    style = "".join(path.read_text(encoding="utf-8") for path in (STYLE, CHART_STYLE))
    head = [
        Markup('<meta charset="utf-8">'),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title[:BRIEF]} · Footnote"),
        tag("link", rel="icon", href="data:,"),
        tag("style", Markup(style)),
    ]
    links = [tag("li", tag("a", name, href=f"#{ident}")) for ident, name in nav]
    contents = tag("nav", tag("ul", *links), aria_label="Sections") if nav else None
    brand = tag("p", tag("span", "Footnote", class_="name"), " ", tag("span", kicker), class_="brand")
    top = tag("header", brand, tag("h1", brief(title)), contents)
    html = tag("html", tag("head", *head), tag("body", top, tag("main", body)), lang="en")
    return f"<!doctype html>\n{html}\n"


def section(ident: str, heading: str, *parts: Part, hint: Part = None) -> Markup:
    """A part of the page under an `h2`; `hint` explains it in a line below."""
    head = tag("h2", heading, id=f"{ident}-title")
    note = tag("p", hint, class_="hint") if hint else None
    return tag("section", head, note, *parts, id=ident, aria_labelledby=f"{ident}-title")


def table(
    caption: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Part]],
    *,
    words: Sequence[int] = (0,),
    wide: int | None = None,
    stack: bool = False,
    even: bool = False,
    hide_caption: bool = False,
) -> Markup:
    """A table whose rows begin with their header. Columns in `words` are set to the left, others as numbers.

    The column `wide` takes the room that is left. A table too wide for its place scrolls within itself; with
    `stack` a phone shows each row as a block with its labels instead. Tables that are `even` and have as many
    columns line up below one another.
    """
    kinds = ["wide" if column == wide else None if column in words else "n" for column in range(len(header))]
    head = tag(
        "tr", *(tag("th", name, scope="col", class_=kind) for name, kind in zip(header, kinds, strict=True))
    )
    body = [_row(row, header, kinds, stack) for row in rows]
    told = tag("caption", caption, class_="hidden" if hide_caption else None)
    whole = tag(
        "table",
        told,
        tag("thead", head),
        tag("tbody", *body),
        class_=" ".join(kind for kind, wanted in (("stack", stack), ("even", even)) if wanted) or None,
    )
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def figure(chart: Part, caption: Part, *, heading: str | None = None, data: Part = None) -> Markup:
    """A chart with what it says; `heading` is an `h3` above it, `data` the same as a table, folded away."""
    folded = details("The numbers", data) if data else None
    head = tag("h3", heading) if heading else None
    return tag("figure", head, chart, tag("figcaption", caption) if caption else None, folded)


def grid(*parts: Part, dense: bool = False) -> Markup:
    """Blocks beside one another where there is room, three of them where they are `dense`."""
    return tag("div", *parts, class_="grid dense" if dense else "grid")


def details(summary: Part, *parts: Part, open_: bool = False) -> Markup:
    """Something folded away; opened on paper."""
    return tag("details", tag("summary", summary), *parts, open="" if open_ else None)


def tiles(entries: Sequence[Tile]) -> Markup:
    """Figures in a row."""
    return tag("ul", *(_tile(entry) for entry in entries), class_="tiles")


def facts(pairs: Sequence[tuple[Part, Part]]) -> Markup:
    """Names with their values."""
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts"
    )


def paragraph(*parts: Part, kind: str | None = None) -> Markup:
    """Text; `kind` is `lead`, `hint` or `note`."""
    return tag("p", *parts, class_=kind)


def listed(items: Sequence[Part], kind: str | None = None) -> Markup:
    """A list with points."""
    return tag("ul", *(tag("li", item) for item in items), class_=kind)


def code(text: str) -> Markup:
    """Lines to copy."""
    return tag("pre", tag("code", text), tabindex=0)


def _policy(style: str) -> str:
    """Nothing but this style and the empty icon."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _tile(entry: Tile) -> Markup:
    parts = [tag("span", entry.label, class_="what"), tag("strong", entry.value)]
    return tag("li", *parts, tag("span", entry.note, class_="note") if entry.note else None)


def _row(row: Sequence[Part], header: Sequence[str], kinds: Sequence[str | None], stack: bool) -> Markup:
    first, *others = row
    cells = [
        tag("td", cell, class_=kind, data_label=name if stack else None)
        for cell, kind, name in zip(others, kinds[1:], header[1:], strict=True)
    ]
    return tag("tr", tag("th", first, scope="row", class_=kinds[0]), *cells)


__all__ = [
    "Tile",
    "code",
    "details",
    "facts",
    "figure",
    "grid",
    "join",
    "listed",
    "page",
    "paragraph",
    "section",
    "table",
    "tiles",
]
