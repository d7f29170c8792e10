"""Pictures of the laboratory: matplotlib without a screen, the same SVG from the same data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#555555",
    "#8c564b",
    "#9467bd",
    "#a8c256",
    "#17365d",
)
"""Differ in lightness, too (Okabe and Ito 2008, and four more)."""
_STYLE: dict[RcKeyType, Any] = {
    "font.size": 9,
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same widths everywhere
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "svg.fonttype": "none",  # text stays text: small, and found by a search of the page
    "svg.hashsalt": "footnote",  # else ids are random, and every picture differs from the one before
}


@dataclass(slots=True)
class Picture:
    """Axes to draw on; `svg` is there once the block of `picture` has ended."""

    axes: Axes
    svg: str = ""


@contextmanager
def picture(width: float, height: float, title: str = "") -> Iterator[Picture]:
    """One pair of axes, `width` by `height` inches, as an SVG element of its own (no XML declaration, so that
    it also stands inside a page).
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure((width, height))
        drawn = Picture(figure.add_subplot())
        drawn.axes.set_title(title)
        yield drawn
        text = StringIO()
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", bbox_inches="tight", metadata=metadata)
        drawn.svg = text.getvalue()[text.getvalue().index("<svg") :]
