"""MathML as a line of text: `a/b`, `x^2`, `x_1`, `√(x + 1)`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lxml.etree import _Element as Element

_ANNOTATIONS = ("annotation", "annotation-xml")
_LEAVES = ("mi", "mn", "mo", "mtext", "ms")
_SPACED = frozenset("=+-−<>≤≥≠≈≡→⇒±×·∈⋅÷∼∝")
_INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064")
_DEEPEST = 100


def as_text(math: Element) -> str:
    """The formula as it is shown, without its annotations."""
    return " ".join(_text(math, 0).split())


def _text(element: Element, depth: int) -> str:
    tag = _local(element)
    if tag in _LEAVES or depth > _DEEPEST:
        text = " ".join("".join(element.itertext()).split()).translate(_INVISIBLE)
        return f" {text} " if tag == "mo" and text in _SPACED else text
    parts = [_text(child, depth + 1) for child in element if _local(child) not in ("", *_ANNOTATIONS)]
    if tag == "mfrac":
        return "/".join(map(_grouped, parts))
    if tag in ("msup", "msub", "msubsup", "munder", "mover", "munderover") and len(parts) > 1:
        return _scripts(tag, parts)
    if tag == "msqrt":
        return f"√({_row(parts)})"
    if tag == "mroot" and len(parts) == 2:
        return f"√[{parts[1]}]({parts[0]})"
    if tag == "mtable":
        return "; ".join(parts)
    if tag in ("mtr", "mlabeledtr"):
        return ", ".join(parts)
    if tag == "mfenced":
        return f"{element.get('open', '(')}{', '.join(parts)}{element.get('close', ')')}"
    return _row([element.text or "", *parts])


def _scripts(tag: str, parts: Sequence[str]) -> str:
    marks = (
        ("_", "^") if tag in ("msubsup", "munderover") else ("_",) if tag in ("msub", "munder") else ("^",)
    )
    scripts = "".join(f"{mark}{_grouped(part)}" for mark, part in zip(marks, parts[1:], strict=False) if part)
    return f"{parts[0]}{scripts}"


def _row(parts: Sequence[str]) -> str:
    """Parts side by side; two words or numbers do not run together."""
    joined = parts[0] if parts else ""
    for left, right in pairwise(parts):
        apart = left[-1:].isalnum() and right[:1].isalnum()
        joined += f" {right}" if apart else right
    return joined


def _grouped(part: str) -> str:
    """In brackets where it is more than one letter, number or word."""
    part = part.strip()
    return part if part.isalnum() or len(part) < 2 or part.replace(".", "").isdigit() else f"({part})"


def _local(element: Element) -> str:
    """The tag without its namespace or prefix; nothing for comments."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""
