"""Elements of SVG and HTML as safe strings: what is not Markup already is escaped when it is put in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

Part = Markup | str | int | None
"""What an element may hold: markup as it is, anything else escaped, None left out."""

EMPTY = frozenset({"rect", "line", "circle", "path", "polyline", "polygon"})
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that neither HTML nor XML may hold."""


def tag(name: str, /, *parts: Part, **attributes: str | int | float | None) -> Markup:
    """An element. In attribute names a last `_` is dropped and `_` stands for `-` (`class_`, `aria_label`);
    None leaves one out. Numbers are written with at most two decimals.
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
    return Markup("").join(escape(fit(part)) for part in parts if part is not None)


def fit(value: object) -> object:
    """Text with what no page may hold replaced by `\\ufffd`; Markup and other values as they are."""
    return UNFIT.sub("\ufffd", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _attribute(value: str | int | float) -> Markup:
    if isinstance(value, float):
        return Markup(f"{value:.2f}".rstrip("0").rstrip("."))
    return escape(fit(value))
