"""`footnote eval report`: a finished run's report, written again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.report.json import to_json
from tests.cli.commands import invoke
from tests.eval.made_runs import a_comparison, a_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a finished run."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "report.json").write_text(to_json(a_run()), encoding="utf-8")
    return folder


def test_the_report_is_printed(run: Path) -> None:
    for path in (run, run / "report.json"):
        found = invoke("eval", "report", str(path))
        assert found.status == 0, found.err
        assert found.out.startswith("# Evaluation of `manuals`")
    assert (
        invoke("eval", "report", str(run), "--json").json()["scores"]
        == json.loads(to_json(a_run()))["scores"]
    )


def test_files_are_written_and_nothing_is_printed(run: Path, tmp_path: Path) -> None:
    page, tables = tmp_path / "page.html", tmp_path / "tables.md"
    found = invoke("eval", "report", str(run), "--html", str(page), "--markdown", str(tables))
    assert (found.status, found.out) == (0, ""), found.err
    assert page.read_text().startswith("<!doctype html>")
    assert "## Scores" in tables.read_text()


def test_the_difference_to_a_baseline(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    before = a_run()
    rows = tuple(replace(row, scores=dict.fromkeys(row.scores, 0.0)) for row in before.rows)
    other.write_text(to_json(replace(before, rows=rows)), encoding="utf-8")
    found = invoke("eval", "report", str(run), "--baseline", str(other))
    assert found.status == 0, found.err
    assert f"Against {other}: better in" in found.out


def test_a_run_keeps_the_comparison_that_it_was_reported_with(run: Path) -> None:
    (run / "report.json").write_text(to_json(a_run(), a_comparison()), encoding="utf-8")
    assert "▲ better" in invoke("eval", "report", str(run)).out


@pytest.mark.parametrize(
    ("text", "code"), [(None, "run_not_found"), ('{"format": 99}', "report_too_new"), ("{", "report_invalid")]
)
def test_mistakes_have_codes(tmp_path: Path, text: str | None, code: str) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    found = invoke("eval", "report", str(tmp_path))
    assert found.status == 1
    assert f"[{code}]" in found.err
