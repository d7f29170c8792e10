"""HTML and SVG as safe strings: what is not Markup already is escaped when it is put in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

Part = Markup | str | int | None
"""What a tag may hold: markup as it is, anything else escaped, None left out."""

EMPTY = frozenset(
    {"meta", "link", "br", "hr", "wbr", "rect", "line", "circle", "path", "polyline", "polygon"}
)
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that neither HTML nor XML may hold."""

BRIEF = 200


def tag(name: str, /, *parts: Part, **attributes: str | int | float | None) -> Markup:
    """An element. In attribute names a last `_` is dropped and `_` stands for `-` (`class_`, `aria_label`);
    None leaves one out, the empty string makes it bare. Numbers are written with at most two decimals.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY and not parts:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(parts)}</{name}>")


def join(parts: Iterable[Part]) -> Markup:
    """Parts after one another."""
    return Markup("").join(safe(part) for part in parts if part is not None)


def safe(part: Part) -> Markup:
    """Markup as it is; other text escaped, with what no page may hold replaced by `\ufffd`."""
    return part if isinstance(part, Markup) else escape(UNFIT.sub("\ufffd", str(part)))


def said(text: str) -> Markup:
    """Text of a user or a document, its direction kept to itself (Unicode's bidi isolation)."""
    return tag("bdi", text)


def cut(text: str, limit: int) -> Markup:
    """`said`, and beyond `limit` characters a note of how many were left out."""
    if len(text) <= limit:
        return said(text)
    note = tag("span", f" … {len(text) - limit:,} more characters", class_="note")
    return join([said(text[:limit]), note])


def named(metric: str) -> Markup:
    """A metric's name, which may break after `_` and nowhere else."""
    first, *others = re.split("(?<=_)(?=.)", metric[:BRIEF])
    return tag("span", first, *(part for other in others for part in (tag("wbr"), other)), class_="metric")


def brief(text: str) -> Markup:
    """`cut` for names: sources, titles, settings."""
    return cut(text, BRIEF)


def _attribute(value: str | int | float) -> Markup:
    if isinstance(value, float):
        return Markup(f"{value:.2f}".rstrip("0").rstrip("."))
    return safe(value)
