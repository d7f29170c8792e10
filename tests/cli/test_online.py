"""`footnote eval online`: what it prints, the page it writes, and forgetting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.settings import Settings
from rag.store import NewSample, SampleScores, SampleTexts, Store
from tests.cli.commands import invoke


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with 200 scored answers, the last 50 of them abstentions."""
    folder = tmp_path / "data"
    with Store.open(Settings(data=folder).store_url) as store:
        store.collections.create("works")
        store.samples.add(list(_answers()))
        waiting = store.samples.waiting(1000)
        store.samples.score([SampleScores(key, {"answer_relevancy": 0.7}, {}, "j") for key, _ in waiting])
    return folder


def _answers() -> Iterator[NewSample]:
    for n in range(200):
        at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=n)
        silent = n >= 150
        texts = SampleTexts(f"Question {n}?", "" if silent else "Because.", ())
        supported = None if silent else 1.0
        yield NewSample("works", f"r{n}", at, silent, None, "reader", supported, {"total": 80.0}, texts)


def test_drift_is_told_in_words_and_as_json(data: Path, tmp_path: Path) -> None:
    told = invoke("eval", "online", "works", "--data", str(data))
    assert told.status == 0
    assert "200 answers" in told.out
    assert "Worse since 2026-11-20 02:30 UTC: 0.0% → 100.0%" in told.out
    found = invoke("eval", "online", "works", "--json", "--data", str(data)).json()
    (drift,) = [one for one in found["drift"] if one["verdict"] == "worse"]
    assert (drift["signal"], drift["after"]) == ("abstained", 1.0)
    assert "Question" not in str(found)


def test_the_page_is_written_whole(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "reports" / "online.html"
    assert invoke("eval", "online", "works", "--out", str(page), "--data", str(data)).status == 0
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "Question 149?" in text
    assert list(page.parent.iterdir()) == [page]


def test_samples_are_forgotten(data: Path) -> None:
    assert "200 samples" in invoke("eval", "online", "works", "--forget", "--data", str(data)).out
    told = invoke("eval", "online", "works", "--data", str(data))
    assert told.status == 0
    assert "No live answer of works was sampled" in told.out


def test_a_collection_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    result = invoke("eval", "online", "none", "--data", str(tmp_path / "data"))
    assert result.status == 1
    assert "[collection_not_found]" in result.err
