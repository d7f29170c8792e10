"""The building blocks of pages: charts in picture and words, and markup that cannot be broken out of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError
from lxml import etree, html
from markupsafe import Markup

from eval.report.axis import SCORE, SHARE, Axis, log_ticks, ticks
from eval.report.charts import (
    Bar,
    Estimate,
    Mark,
    Series,
    bars,
    curve,
    histogram,
    interval,
    intervals,
    standalone,
    time_series,
)
from eval.report.page import Tile, environment, render
from eval.report.svg import tag
from eval.report.wording import compact, duration, percent, signed

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'&\x00\ud800 \u202eevil\u202c 🦊"
DAY = datetime(2026, 11, 1, tzinfo=UTC)
CHARTS = {
    "histogram": histogram(HOSTILE, HOSTILE, (0.0, 0.5, 1.0), (3, 0), SCORE, mean=0.2),
    "bars": bars(
        HOSTILE, "d", [Bar(HOSTILE, 1.0, 0.5, 2.0), Bar("b", 30.0)], Axis(HOSTILE, log=True), reference=1
    ),
    "intervals": intervals(
        HOSTILE, "d", [Estimate(HOSTILE, 0.0, -0.1, 0.2)], Axis(low=-1, high=1), reference=0
    ),
    "curve": curve(
        HOSTILE,
        "d",
        [
            Series(HOSTILE, ((0, 0.1), (0.5, None), (1, 0.4)), ((0, 0, 0.2), (1, 0.3, 0.5))),
            Series("b", ((0, 1),)),
        ],
        SHARE,
        SHARE,
        marks=[Mark(1, 0.4, HOSTILE)],
        diagonal=True,
    ),
    "time": time_series(HOSTILE, "d", [("a", [(DAY + timedelta(hours=n), n / 9) for n in range(9)])], SHARE),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_says_in_words_what_it_shows(name: str) -> None:
    (svg,) = html.fragments_fromstring(CHARTS[name])
    assert svg.get("role") == "img"
    assert [child.tag for child in svg[:2]] == ["title", "desc"]
    assert all(child.text for child in svg[:2])


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_on_its_own_is_a_well_formed_file(name: str) -> None:
    root = etree.fromstring(standalone(CHARTS[name]).encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not root.findall(".//{*}script")
    assert not root.findall(".//{*}img")


def test_lines_break_where_there_is_nothing_and_a_lone_point_keeps_its_marker() -> None:
    drawn = etree.fromstring(standalone(CHARTS["curve"]).encode())
    assert len(drawn.findall(".//{*}polyline")) == 0, "each stretch of the line is one point long"
    told = [title.text for title in drawn.findall(".//{*}path/{*}title")]
    assert len(told) == 3
    assert told[-1] == "b at 0%: 100%"


def test_series_differ_without_colour() -> None:
    drawn = curve("t", "d", [Series(str(n), ((0, n), (1, n))) for n in range(4)], SHARE, Axis())
    shapes = {path.get("d") for path in html.fragment_fromstring(drawn).iter("path")}
    assert len(shapes) == 4


def test_a_bar_of_twice_the_value_is_twice_as_long() -> None:
    drawn = html.fragment_fromstring(bars("t", "d", [Bar("a", 2), Bar("b", 4)], Axis()))
    one, two = (
        float(bar.get("width").rstrip("%")) for bar in drawn.iter("rect") if bar.get("class") != "rail"
    )
    assert two == pytest.approx(2 * one)


def test_log_axis_has_equal_steps_for_equal_ratios() -> None:
    axis = Axis(log=True).fitted([1, 3, 900])
    assert axis.place(100) - axis.place(10) == pytest.approx(axis.place(10) - axis.place(1))
    assert 0 <= axis.place(1) < axis.place(900) <= 1


def test_an_axis_takes_any_values() -> None:
    for values in ([], [0.0], [5.0], [-3.0, -1.0], [1e-9, 2e-9]):
        axis = Axis().fitted(values)
        assert all(0 <= axis.place(value) <= 1 for value in values)
        assert len(axis.ticks()) >= 2
    with pytest.raises(ValueError, match="no ends"):
        Axis().place(1)


BLOCKS = """{% extends "page.html.j2" %}{% import "macros.html.j2" as m %}
{% block main %}{% call m.section("a", text, text) %}
{{ m.tiles([tile]) }}{{ m.metric(text) }}{{ m.cut(text, 90) }}{{ m.code(text) }}
{{ m.rows({"caption": text, "header": ["a", text], "stack": true}, [[text, cell]]) }}
{{ m.facts([(text, text)]) }}
{% call m.figure(text, chart, text) %}{{ text }}{% endcall %}
{% call m.details(text) %}{{ text }}{% endcall %}
{% endcall %}{% endblock %}"""


def test_page_holds_hostile_text_as_text() -> None:
    page = render(
        environment().from_string(BLOCKS),
        title=HOSTILE,
        kicker=HOSTILE,
        nav=[("a", HOSTILE)],
        text=HOSTILE,
        tile=Tile(HOSTILE, HOSTILE, HOSTILE),
        cell=interval(0.5, 0.1, 0.9, SCORE),
        chart=CHARTS["bars"],
    )
    found = html.document_fromstring(page.encode())
    assert not list(found.iter("script", "img"))
    assert not [name for one in found.iter() for name in one.attrib if name.startswith("on")]
    assert len(list(found.iter("style"))) == 1
    assert "evil" in found.text_content()


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ tile.value }}").render(tile=None)


def test_markup_is_escaped_once() -> None:
    assert tag("p", "a < b", tag("b", "&")) == "<p>a &lt; b<b>&amp;</b></p>"
    assert tag("td", None, Markup("<i>x</i>"), data_label='"') == '<td data-label="&#34;"><i>x</i></td>'


def test_long_text_is_cut_with_a_note() -> None:
    cut = environment().from_string('{% from "macros.html.j2" import cut %}{{ cut(text, 10) }}')
    assert "99,990 more characters" in cut.render(text="x" * 100_000)
    assert "more" not in cut.render(text="short")


def test_numbers_for_people() -> None:
    assert [compact(value) for value in (0, 0.25, 12.34, 999.6, 1234, 5e6, 2e-5)] == [
        "0", "0.25", "12.3", "1k", "1.23k", "5M", "2.0e-05",
    ]  # fmt: skip
    shares = [percent(value) for value in (0, 1e-5, 0.004, 0.07, 0.996, 1)]
    assert shares == ["0%", "<0.1%", "0.4%", "7%", "99.6%", "100%"]
    assert [duration(ms).replace("\u00a0", " ") for ms in (0, 0.84, 12.3, 1200, 185_000, 7_500_000)] == [
        "0 ms", "0.8 ms", "12.3 ms", "1.2 s", "3 min 5 s", "2 h 5 min",
    ]  # fmt: skip
    assert [signed(value) for value in (0.0124, -0.3, -0.0001)] == ["+0.012", "−0.300", "0.000"]
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert log_ticks(1, 1000) == pytest.approx([1, 10, 100, 1000])
    assert log_ticks(1, 20) == pytest.approx([1, 2, 5, 10, 20])
