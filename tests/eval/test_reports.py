"""The report of a run as a page, as Markdown and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from lxml.html import HtmlElement

from eval.metrics.ragas.meter import Spent
from eval.metrics.registry import MEASURES
from eval.report.charts import STYLE as CHART_STYLE
from eval.report.html import to_html
from eval.report.json import comparison_from_json, from_json, to_json
from eval.report.markdown import to_markdown
from eval.report.page import STYLE
from eval.report.wording import MEANINGS
from eval.runs.record import Checked, Failure, Footnote, Passage, Row, Run, Setup
from rag.errors import InvalidInput
from tests.eval.browser import CHROMIUM, measured
from tests.eval.made_runs import METRICS, a_comparison, a_run, a_setup

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \u202egnitset\u202c 🦊\u200d| `*_"
LOADING = {"script", "img", "iframe", "object", "embed", "video", "audio", "source", "track", "base", "form"}

words = st.text(max_size=12)
names = st.text(min_size=1, max_size=8)
numbers = st.floats(-1e6, 1e6)
markers = st.integers(0, 99)
pages = st.none() | markers
rows = st.builds(
    Row,
    id=words,
    question=words,
    reference=st.none() | words,
    response=words,
    abstained=st.booleans(),
    reason=st.none() | words,
    sources=st.tuples(words),
    scores=st.dictionaries(st.sampled_from(METRICS), numbers, max_size=3),
    skipped=st.dictionaries(names, words, max_size=2),
    errors=st.dictionaries(names, st.builds(Failure, words, words), max_size=2),
    timings_ms=st.dictionaries(names, st.floats(0, 1e6), max_size=2),
    judge_ms=st.dictionaries(names, st.floats(0, 1e6), max_size=2),
    confidence=st.none() | st.floats(0, 1),
    route=words,
    sentences=st.tuples(
        st.builds(
            Checked,
            words,
            st.tuples(markers),
            st.sampled_from([None, "supported", "contradicted"]),
            st.none() | numbers,
        )
    ),
    footnotes=st.tuples(st.builds(Footnote, markers, words, markers, markers, words, pages, pages)),
    passages=st.tuples(st.builds(Passage, words, words, words, pages)),
    slices=st.dictionaries(names, words, max_size=2),
    synthetic=st.booleans(),
    spent=st.builds(Spent, markers, markers, st.floats(0, 9)),
    failure=st.none() | st.builds(Failure, words, words),
)
values = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | numbers | words
setups = st.builds(
    Setup,
    id=words,
    collection=words,
    collection_version=st.integers(0),
    created_at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])),
    metrics=st.just(METRICS),
    cases=st.integers(0),
    cases_file=st.none() | words,
    cases_sha256=words,
    models=st.dictionaries(names, words, max_size=2),
    settings=st.dictionaries(names, values, max_size=4),
    packages=st.dictionaries(names, words, max_size=2),
    machine=st.dictionaries(names, words | st.integers(), max_size=2),
    seed=st.integers(0),
)
runs = st.builds(Run, setup=setups, rows=st.lists(rows, max_size=3).map(tuple), seconds=st.floats(0, 1e9))


def parsed(page: str) -> HtmlElement:
    return html.document_fromstring(page.encode())


def hostile(run: Run, text: str) -> Run:
    """The run with every text of a user, a document or a model replaced."""
    first = run.rows[3]
    row = replace(
        first,
        id=text,
        question=text,
        reference=text,
        response=text,
        sentences=(Checked(f"{text} [1] [7].", (1, 7), "contradicted", 0.1),),
        footnotes=(Footnote(1, text, 0, 9, text[:50], None, 0), Footnote(2, text, 0, 9, "elsewhere", 3)),
        passages=(Passage(text, text, f"before {text}"),),
        slices={"type": text, text[:40]: "x"},
        scores={**first.scores, "faithfulness": 0.0},
    )
    broken = replace(run.rows[8], failure=Failure("bad", text), errors={text[:60]: Failure("bad", text)})
    setup = replace(run.setup, collection=text, cases_file=text, models={text: text}, settings={text: text})
    return Run(setup, (row, broken, *(one for one in run.rows[10:] if not one.failure)), 1.0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(runs)
def test_json_reads_back_exactly(run: Run) -> None:
    again = from_json(to_json(run))
    assert again == run
    kinds = [{name: type(value) for name, value in one.setup.settings.items()} for one in (run, again)]
    assert kinds[0] == kinds[1], "1, 1.0 and True are equal and not the same"


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(runs)
def test_any_run_has_a_page_and_tables(run: Run) -> None:
    assert parsed(to_html(run)).find(".//h1") is not None
    assert to_markdown(run).startswith("# Evaluation of")


def test_json_keeps_what_the_service_answers() -> None:
    found = json.loads(to_json(a_run(), a_comparison()), parse_constant=pytest.fail)
    assert {"collection", "created_at", "models", "cases", "abstained", "scores", "rows"} <= set(found)
    assert (found["cases"], found["collection"], found["format"]) == (40, "manuals", 1)
    assert found["created_at"] == "2026-11-21T20:05:00Z"
    assert set(found["scores"]["faithfulness"]) == {"mean", "ci95", "n", "skipped", "errors"}
    assert found["scores"]["never_applies"] == {
        "mean": None,
        "ci95": None,
        "n": 0,
        "skipped": 36,
        "errors": 4,
    }
    given = {
        "question",
        "reference",
        "response",
        "abstained",
        "reason",
        "sources",
        "scores",
        "skipped",
        "errors",
    }
    assert {*given, "timings_ms"} <= set(found["rows"][0])
    assert found["stages"]["total"]["n"] == 36
    assert found["coverage_risk"]["points"][-1]["coverage"] == pytest.approx(28 / 36)


def test_json_keeps_the_comparison() -> None:
    assert comparison_from_json(to_json(a_run(), a_comparison())) == a_comparison()
    assert comparison_from_json(to_json(a_run())) is None


def test_half_a_character_is_no_reason_to_lose_a_run() -> None:
    run = replace(a_run(1), rows=(replace(a_run(1).rows[0], question="what \ud83d?"),))
    text = to_json(run)
    text.encode()
    assert from_json(text).rows[0].question == "what \ufffd?"
    to_html(run).encode()


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{", "report_invalid", "not JSON"),
        ("[]", "report_invalid", "no format"),
        ('{"collection": "c", "rows": []}', "report_invalid", "run the evaluation again"),
        ('{"format": 1, "rows": []}', "report_invalid", "setup"),
        ('{"format": 99}', "report_too_new", "99"),
    ],
)
def test_what_is_no_report_is_refused(text: str, code: str, said: str) -> None:
    for read in (from_json, comparison_from_json) if "setup" not in said else (from_json,):
        with pytest.raises(InvalidInput, match=said) as caught:
            read(text)
        assert caught.value.code == code


def test_markdown_has_the_verdict_the_scores_and_the_difference() -> None:
    found = to_markdown(a_run(), a_comparison())
    assert "28 of 40 questions were answered (70%)." in found
    assert "Of 4 questions that the collection does not answer, 4 were declined." in found
    assert re.search(r"\| faithfulness +\| 0\.929 \| \[0\.857, 0\.982\] \| +28 \|", found)
    assert "## Against baseline \\<1\\>" in found
    assert "▲ better" in found
    assert "settings.reader" in found


def test_markdown_takes_up_nothing_of_what_was_said() -> None:
    found = to_markdown(hostile(a_run(), HOSTILE))
    (row,) = [line for line in found.splitlines() if line.startswith("| 2 |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "<" not in re.sub(r"\\.|`[^`\n]*`", "", found)


@pytest.fixture(scope="module")
def page() -> str:
    return to_html(a_run(), a_comparison())


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    found = parsed(page)
    assert not [one.tag for one in found.iter(*LOADING)]
    links = {
        value for one in found.iter() for name, value in one.items() if name in ("href", "src", "srcset")
    }
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert not re.search(r"url\(|@import|https?:", page)
    assert not [
        name for one in found.iter() for name, _ in one.items() if name.startswith("on") or name == "style"
    ]


def test_every_link_of_the_page_leads_somewhere(page: str) -> None:
    found = parsed(page)
    ids = [one.get("id") for one in found.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert {one.get("href")[1:] for one in found.iter("a")} <= set(ids)


def test_headings_tables_and_pictures_can_be_heard(page: str) -> None:
    found = parsed(page)
    levels = [int(one.tag[1]) for one in found.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for one in found.iter("table"):
        assert one.find("caption") is not None
        assert all(head.get("scope") for head in one.iter("th"))
    for one in found.iter("svg"):
        parts = [part.tag for part in one]
        outer = not list(one.iterancestors("svg"))
        assert (
            not outer
            or one.get("aria-hidden") == "true"
            or (one.get("role"), parts[:2]) == ("img", ["title", "desc"])
        )


def test_what_was_said_is_shown_as_it_was_said() -> None:
    found = parsed(to_html(hostile(a_run(), HOSTILE), a_comparison()))
    assert not [one.tag for one in found.iter(*LOADING)]
    assert not [name for one in found.iter() for name, _ in one.items() if name.startswith("on")]
    questions = [one.text_content() for one in found.iter("h3") if one.get("class") == "question"]
    assert questions[1] == f"2. {HOSTILE}"
    for one in found.iter():
        if "\u202e" in (one.text or ""):
            assert one.tag in ("bdi", "mark", "title", "h1", "th", "span", "code", "td", "dt"), one.tag


def test_the_evidence_of_a_sentence_is_marked() -> None:
    found = parsed(to_html(hostile(a_run(), HOSTILE)))
    (card,) = [one for one in found.iter("article") if one.get("id") == "case-2"]
    told = [one.text_content() for one in card.iter("span") if "verdict" in (one.get("class") or "")]
    assert told == ["✗ contradicted · support 0.10"]
    marks = [one.text_content() for one in card.iter("mark")]
    assert marks == [f"{HOSTILE[:50]}[1]", "elsewhere"], "what no passage holds stands alone"
    links = [one.get("href") for one in card.iter("a")]
    assert links == ["#case-2-note-1"], "a marker without a footnote is text"
    assert "[7]" in card.text_content()


def test_the_page_says_why_there_is_no_answer() -> None:
    run = a_run(10)
    found = parsed(to_html(Run(run.setup, (run.rows[7], run.rows[8]), 1.0))).text_content()
    assert "Passages were found, but none answers surely enough." in found
    assert "The server is down." in found


def test_long_answers_are_cut_with_a_note() -> None:
    long = hostile(a_run(), "word " * 20_000)
    page = to_html(long)
    assert "97,000 more characters" in page
    assert len(page) < 400_000


def test_the_page_does_not_grow_with_the_cases() -> None:
    assert len(to_html(a_run(1000), a_comparison())) < 1.3 * len(to_html(a_run(200), a_comparison()))


def test_the_page_of_no_case_and_of_no_score() -> None:
    assert "0 of 0 questions" in to_html(Run(a_setup(), (), 0.0))
    bare = replace(
        a_run(1).rows[0], scores={}, sentences=(), footnotes=(), passages=(), timings_ms={}, confidence=None
    )
    assert "1 of 1 question was answered" in to_html(Run(a_setup(), (bare,), 0.0))


def test_every_metric_is_explained_and_nothing_else() -> None:
    assert set(MEANINGS) == {measure.name for measure in MEASURES}


def luminance(colour: str) -> float:
    full = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(full[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [0, 1, 2], ids=["light", "dark", "print"])
def test_colours_can_be_told_apart(palette: int) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for what a picture needs."""
    block = re.findall(r":root \{(.*?)\}", STYLE.read_text(), flags=re.DOTALL)[palette]
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", block))
    for text in ("ink", "faint", "link", "good", "bad", "doubt"):
        for ground in ("paper", "card"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["ink"], colours["mark"]) >= 4.5
    assert all(contrast(colours[f"s{n}"], colours["card"]) >= 3 for n in range(1, 7))


def test_charts_have_one_palette_on_the_page_and_alone() -> None:
    found = [
        re.findall(r"--(s\d|ink|card|line|faint): (#\w+)", path.read_text()) for path in (STYLE, CHART_STYLE)
    ]
    assert set(found[1]) <= set(found[0])


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("make", [a_run, lambda: hostile(a_run(), "W" * 400)], ids=["usual", "long words"])
def test_the_page_fits_phone_and_desk_without_scripts(
    make: Callable[[], Run], width: int, tmp_path: Path
) -> None:
    found = measured(to_html(make(), a_comparison()), width, tmp_path)
    assert found.styled
    assert (found.width, found.scroll) == (width, width)
    assert not found.outside
    assert not found.narrow
    assert not found.spilling
    assert not found.overlaps


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_no_table_scrolls_at_a_desk(tmp_path: Path) -> None:
    assert not measured(to_html(a_run(), a_comparison()), 1280, tmp_path).inside
