"""Pages from the templates: one HTML file that needs nothing beside itself.

Jinja2 escapes whatever is put in that is not Markup, and refuses a name that is not there. There is no
script and no inline style, and the page's own content security policy lets nothing be loaded or run, whatever
was put in.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.report import wording
from eval.report.charts import STYLE as CHART_STYLE
from eval.report.svg import fit

TEMPLATES = Path(__file__).with_name("templates")
STYLE = TEMPLATES / "page.css"
BRIEF = 200
"""Characters of a name that are shown."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that is seen first: `value` large, what it is, and a note such as its interval."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart under its heading, and what it says."""

    heading: str
    chart: Markup
    caption: str = ""


def render(
    template: str, *, title: str, kicker: str = "", nav: Sequence[tuple[str, str]] = (), **values: object
) -> str:
    """A whole HTML document with one `h1`. `kicker` stands beside the product's name, `nav` holds the ids and
    names of the sections, `values` are the template's own.
    """
    style = "".join(path.read_text(encoding="utf-8") for path in (STYLE, CHART_STYLE))
    shell = {"title": title, "kicker": kicker, "nav": nav, "style": Markup(style), "policy": _policy(style)}
    return environment().get_template(template).render(shell, **values)


@cache
def environment() -> Environment:
    """Where the templates are compiled."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=fit,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    found.filters |= {
        "between": wording.between,
        "counted": wording.counted,
        "duration": wording.duration,
        "limits": wording.limits,
        "meaning": wording.meaning,
        "name_parts": _name_parts,
        "percent": wording.percent,
        "reason": wording.reason,
        "score": wording.score,
        "signed": wording.signed,
        "thousands": "{:,}".format,
    }
    found.globals |= {"marks": wording.MARKS, "outcomes": wording.OUTCOMES}
    return found


def _name_parts(metric: str) -> list[str]:
    """A metric's name, which may break after `_` and nowhere else."""
    return re.split("(?<=_)(?=.)", metric[:BRIEF])


def _policy(style: str) -> str:
    """Nothing but this style and the empty icon."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
