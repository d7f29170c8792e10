"""Live runs: questions through the real engine, scored, reported."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ragas import EvaluationDataset
from ragas.metrics.base import MetricType, SingleTurnMetric

from eval.cases import Case
from eval.measures import MEASURES, Measure, chosen
from eval.report import Failure, Report, Row
from eval.run import Asked, ask, evaluate, run_cases, score, to_sample, wording
from rag.answer.engine import Engine
from rag.errors import InvalidInput, ModelError, NotFound
from rag.types import Answer, Citation, Usage

CASES = (
    Case(
        "What pressure is the bilge pump rated for?",
        "16 bar",
        ("pump.txt",),
        ("The pump is rated for 16 bar.",),
    ),
    Case("What are mooring ropes made of?", "polyester"),
    Case("Who won the chess world championship in 1972?", "Bobby Fischer", ("chess.txt",)),
)


@pytest.fixture(scope="module")
def report(manuals: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    folder = tmp_path_factory.mktemp("report")
    cases = folder / "cases.jsonl"
    rows = [
        {
            "question": c.question,
            "reference": c.reference,
            "relevant_sources": c.relevant_sources,
            "contexts": c.contexts,
        }
        for c in CASES
    ]
    cases.write_text("\n".join(json.dumps(row) for row in rows))
    seen: list[tuple[int, int]] = []
    found = run_cases(manuals, cases, "manuals", folder / "out", progress=lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    return found, folder / "out"


def test_the_right_answer_scores(report: tuple[Report, Path]) -> None:
    pump = report[0].rows[0]
    assert "16 bar" in pump.response
    assert not any(mark in pump.response for mark in "[]"), "footnote markers are not part of the wording"
    assert pump.scores["string_present"] == 1
    assert pump.scores["faithfulness"] == 1
    assert pump.scores["id_based_context_recall"] == 1
    assert 0 < pump.scores["semantic_similarity"] <= 1.001
    assert pump.sources[0] == "pump.txt"
    assert "total" in pump.timings_ms


def test_every_metric_is_scored_skipped_or_failed(report: tuple[Report, Path]) -> None:
    names = {measure.name for measure in chosen(None)}
    for row in report[0].rows:
        assert sorted([*row.scores, *row.skipped, *row.errors]) == sorted(names)
        assert not row.errors
    assert report[0].rows[1].skipped["id_based_context_recall"] == "no_relevant_sources"
    assert report[0].rows[1].skipped["non_llm_context_recall"] == "no_contexts"


def test_files(report: tuple[Report, Path]) -> None:
    found, folder = report
    written = json.loads((folder / "report.json").read_text(), parse_constant=pytest.fail)
    assert set(written["scores"]) == {measure.name for measure in chosen(None)}
    rouge = written["scores"]["rouge_score"]
    assert rouge["n"] == 3
    assert rouge["ci95"][0] <= rouge["mean"] <= rouge["ci95"][1]
    assert rouge["mean"] == pytest.approx(sum(row.scores["rouge_score"] for row in found.rows) / 3)
    assert [row["question"] for row in written["rows"]] == [case.question for case in CASES]
    table = (folder / "report.md").read_text()
    assert all(f"| {measure.name} |" in table for measure in chosen(None))
    dataset = EvaluationDataset.from_jsonl(folder / "dataset.jsonl")
    assert [sample.user_input for sample in dataset] == [case.question for case in CASES]
    assert dataset[0].reference_context_ids == ["pump.txt"]
    assert any("16 bar" in context for context in dataset[0].retrieved_contexts)


def test_only_the_metrics_asked_for(manuals: Engine) -> None:
    found = evaluate(manuals, CASES[:1], "manuals", metrics=["rouge_score", "exact_match"])
    assert found.metrics == ("rouge_score", "exact_match")
    assert set(found.rows[0].scores) == {"rouge_score", "exact_match"}


def test_an_abstention_scores_zero_where_an_answer_is_known(manuals: Engine) -> None:
    answer = replace(
        manuals.ask(CASES[0].question, "manuals"), abstained=True, text="I do not know.", sentences=()
    )
    asked = Asked(CASES[0], answer, None)
    measures = chosen(["exact_match", "semantic_similarity", "faithfulness", "id_based_context_recall"])
    from eval.measures import load_metrics

    found = score(asked, to_sample(asked), measures, load_metrics(measures, manuals))
    assert found.scores == {"exact_match": 0, "semantic_similarity": 0, "id_based_context_recall": 1}
    assert found.skipped == {"faithfulness": "abstained"}


@dataclass
class Odd(SingleTurnMetric):  # type: ignore[misc]
    """A metric that fails in the way it is told to."""

    name: str = "odd"
    value: float | Exception = 0.0
    _required_columns: dict[MetricType, set[str]] = field(
        default_factory=lambda: {MetricType.SINGLE_TURN: {"response"}}
    )

    def init(self, run_config: object) -> None: ...

    async def _single_turn_ascore(self, sample: object, callbacks: object) -> float:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.mark.parametrize(
    ("value", "code"),
    [(math.nan, "not_a_number"), (math.inf, "not_a_number"), (ValueError("bad"), "metric_failed")],
)
def test_what_cannot_be_computed_is_an_error_on_its_row(manuals: Engine, value: float, code: str) -> None:
    asked = ask(manuals, CASES[0], "manuals")
    found = score(asked, to_sample(asked), [Measure("odd", None, "answer")], {"odd": Odd(value=value)})
    assert found.errors["odd"].code == code
    assert not found.scores


def row(scores: dict[str, float], errors: Sequence[str] = ()) -> Row:
    failed = {name: Failure("metric_failed", "why") for name in errors}
    return Row("q", None, "a", False, None, (), scores, {}, failed)


def test_errors_are_counted_and_do_not_spoil_the_mean() -> None:
    rows = (row({"m": 1.0}), row({"m": 0.0}), row({}, ["m"]))
    found = Report("c", datetime.now(UTC), {}, ("m", "none"), rows)
    summary = found.summary("m")
    assert summary.interval is not None
    assert (summary.interval.mean, summary.interval.n, summary.errors) == (0.5, 2, 1)
    written = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert written["scores"]["none"] == {"mean": None, "ci95": None, "n": 0, "skipped": 0, "errors": 0}
    assert "| m | 0.500 | 0.000 – 1.000 | 2 | 0 | 1 |" in found.to_markdown()


def test_a_question_that_fails_is_a_row_and_the_rest_goes_on(manuals: Engine) -> None:
    asked = Asked(CASES[0], None, Failure("generator_failed", "The server is down."))
    found = score(asked, to_sample(asked), MEASURES, {})
    assert {bad.code for bad in found.errors.values()} == {"generator_failed"}
    assert len(found.errors) == len(MEASURES)


def test_wrong_names_have_codes(manuals: Engine, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as metric:
        evaluate(manuals, CASES, "manuals", metrics=["accuracy"])
    assert metric.value.code == "unknown_metric"
    with pytest.raises(NotFound) as collection:
        evaluate(manuals, CASES, "nowhere")
    assert collection.value.code == "collection_not_found"


def test_without_the_extra_it_says_what_to_install(manuals: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.extra.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"footnote-rag\[eval\]") as caught:
        evaluate(manuals, CASES, "manuals")
    assert caught.value.code == "extra_missing"


def test_only_known_markers_are_taken_out() -> None:
    citation = Citation(1, "d", "c", "s", "", 0, 1, "q", None)
    answer = Answer(
        "Sixteen bar [1]. See array[2] [1, 1].", (), (citation,), (), False, None, (), Usage(), {}
    )
    assert wording(answer) == "Sixteen bar. See array[2]."
