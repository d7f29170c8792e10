"""The overview and the page: buckets, stages, words, the worst answers."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

import numpy as np
import pytest

from eval.online.overview import Judged, in_words, overview_of
from eval.online.page import online_page
from eval.online.signals import MOST, series_of
from rag.store import SampledPassage, SampledSentence, SampleTexts
from tests.eval.online.making import START, joined, record, steady


def test_buckets_hold_every_answer_and_begin_at_round_times() -> None:
    records = [record(n, supported=n % 2) for n in range(200)]
    series = series_of(records)
    assert series.length == timedelta(hours=1)
    assert sum(bucket.answers for bucket in series.buckets) == 200
    assert [bucket.start for bucket in series.buckets[:2]] == [START, START + timedelta(hours=1)]
    first = series.buckets[0]
    assert first.supported is not None
    assert (first.answers, first.supported.mean, first.latency_ms) == (12, 0.5, (100.0, 100.0))
    assert first.scores["faithfulness"].n == 12


@pytest.mark.parametrize("minutes", [0.01, 1, 30, 600, 100_000])
def test_buckets_are_few_whatever_the_span(minutes: float) -> None:
    records = [record(n, created_at=START + timedelta(minutes=minutes * n)) for n in range(300)]
    series = series_of(records)
    assert sum(bucket.answers for bucket in series.buckets) == 300
    if minutes < 100_000:
        assert 1 <= len(series.buckets) <= MOST


def test_an_abstention_has_no_supported_share() -> None:
    series = series_of([record(0, abstained=True, supported=None, scores={})])
    (bucket,) = series.buckets
    assert (bucket.supported, bucket.scores, bucket.abstained.mean) == (None, {}, 1.0)


def test_stages_compare_the_newest_with_those_before() -> None:
    fast, slow = {"total": 100.0, "read": 40.0}, {"total": 300.0, "read": 200.0, "generate": 90.0}
    before = [record(n, timings=fast) for n in range(300)]
    records = joined(before, [record(n, timings=slow) for n in range(100)])
    found = overview_of("manuals", records)
    stages = {one.stage: (one.before, one.recent) for one in found.stages}
    assert found.recent == 100
    assert stages["read"] == ((40.0, 40.0), (200.0, 200.0))
    assert stages["generate"] == (None, (90.0, 90.0))
    assert found.routes == {"reader": 400}


def test_verdicts_are_said_in_words() -> None:
    random = np.random.default_rng(3)
    records = joined(steady(random, 400), steady(random, 150, supported=0.5, slower=2.0))
    words = {drift.signal: in_words(drift) for drift in overview_of("m", records).drifts}
    assert words["supported"].startswith("Worse since 2026-11-02 ")
    assert "points, 95% interval −" in words["supported"]
    assert "ms (× " in words["latency"]
    assert words["context_relevance"].startswith("No sure change: ")
    few = {drift.signal: in_words(drift) for drift in overview_of("m", records[:50]).drifts}
    assert few["abstained"] == "Too few answers to tell: 50, and 120 are needed."


def judged(**changed: object) -> Judged:
    response = "It bears 61 bar [1]. <script>alert(1)</script>"
    sentences = (SampledSentence(0, 20, "contradicted", 0.02), SampledSentence(21, len(response), None, None))
    texts = SampleTexts("What does <b>it</b> bear?", response, (), sentences)
    passages = (SampledPassage("pump.pdf", "Pump", "It bears 16 bar & no more.", 3), None)
    return Judged(
        record(7, scores={"faithfulness": 0.0}, problems={"bert_score": "no_reference"}), texts, passages
    )


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_stands_by_itself_and_escapes_what_it_shows() -> None:
    random = np.random.default_rng(3)
    records = joined(steady(random, 400), steady(random, 150, supported=0.5))
    text = online_page(overview_of("manuals", records), [judged()])
    page = _Page(text)
    assert "script" not in page.tags
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert page.tags.count("svg") >= 6
    assert "Worse since" in text
    assert "&lt;b&gt;it&lt;/b&gt;" in text
    assert "✗ contradicted" in text
    assert "It bears 16 bar &amp; no more." in text
    assert "[2] is in quarantine now." in text
    assert "no_reference" in text


def test_a_page_of_nothing_says_so() -> None:
    assert "No live answer of this collection was sampled." in online_page(overview_of("m", []), [])
