"""Live runs: questions through the real service, scored, written down, gone on with."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from ragas import EvaluationDataset
from ragas.metrics.base import MetricType, SingleTurnMetric

from eval.cases import Case
from eval.metrics.ragas.load import load_metrics
from eval.metrics.registry import Measure, chosen
from eval.report.files import read_run, write_run
from eval.runs.execute import Limits, RunRequest, execute
from eval.runs.journal import ROWS, in_folder, read_run_cases, read_setup
from eval.runs.record import Failure, Run
from eval.runs.score import Scorer, answered, failed, slices, to_sample, wording
from eval.runs.setup import AskOptions
from rag.answer.ask import Ask
from rag.errors import Conflict, InvalidInput, ModelError, NotFound
from rag.service import Service
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
PLAIN = ("rouge_score", "exact_match")


@pytest.fixture(scope="module")
def run(manuals: Service, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("run")
    seen: list[tuple[int, int]] = []
    found = execute(manuals, RunRequest(CASES, "manuals"), in_folder(folder), lambda *at: seen.append(at))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    write_run(found, CASES, folder)
    return found, folder


def test_the_right_answer_scores(run: tuple[Run, Path]) -> None:
    pump = run[0].rows[0]
    assert "16 bar" in pump.response
    assert not any(mark in pump.response for mark in "[]"), "footnote markers are not part of the wording"
    assert pump.scores["string_present"] == 1
    assert pump.scores["faithfulness"] == 1
    assert pump.scores["id_based_context_recall"] == 1
    assert 0 < pump.scores["semantic_similarity"] <= 1.001
    assert pump.sources[0] == "pump.txt"
    assert "total" in pump.timings_ms
    assert set(pump.judge_ms) == set(pump.scores)


def test_a_row_keeps_what_the_answer_stood_on(run: tuple[Run, Path]) -> None:
    pump = run[0].rows[0]
    assert pump.route == "reader"
    assert pump.confidence is not None
    assert 0 < pump.confidence <= 1
    sentence, *_ = pump.sentences
    assert (sentence.label, sentence.citations) == ("quoted", (1,))
    note, *_ = pump.footnotes
    assert note.passage is not None
    assert note.quote in pump.passages[note.passage].text
    assert f"[{note.passage + 1}]" in pump.cited


def test_every_metric_is_scored_skipped_or_failed(run: tuple[Run, Path]) -> None:
    names = set(run[0].setup.metrics)
    for row in run[0].rows:
        assert sorted([*row.scores, *row.skipped, *row.errors]) == sorted(names)
        assert not row.errors
    assert run[0].rows[1].skipped["id_based_context_recall"] == "no_relevant_sources"
    assert run[0].rows[1].skipped["non_llm_context_recall"] == "no_contexts"


def test_files(run: tuple[Run, Path]) -> None:
    found, folder = run
    written = json.loads((folder / "report.json").read_text(), parse_constant=pytest.fail)
    rouge = written["scores"]["rouge_score"]
    assert rouge["n"] == 3
    assert rouge["ci95"][0] <= rouge["mean"] <= rouge["ci95"][1]
    assert rouge["mean"] == pytest.approx(sum(row.scores["rouge_score"] for row in found.rows) / 3)
    assert [row["question"] for row in written["rows"]] == [case.question for case in CASES]
    dataset = EvaluationDataset.from_jsonl(folder / "dataset.jsonl")
    assert [sample.user_input for sample in dataset] == [case.question for case in CASES]
    assert dataset[0].reference_context_ids == ["pump.txt"]
    assert any("16 bar" in context for context in dataset[0].retrieved_contexts)
    assert read_run(folder) == found
    assert read_setup(folder) == found.setup
    assert [case.question for case in read_run_cases(folder)] == [case.question for case in CASES]


def test_the_setup_says_what_scores_depend_on(run: tuple[Run, Path], manuals: Service) -> None:
    setup = run[0].setup
    assert setup.collection_version == manuals.store.collections.get("manuals").version
    assert set(setup.models) == {"encoder", "reader", "checker"}
    assert setup.settings["reader_candidates"] == manuals.settings.reader_candidates
    assert setup.settings["k"] == 5
    assert {"ragas", "onnxruntime", "footnote-rag"} <= set(setup.packages)
    assert setup.cases == 3


def test_no_secret_is_written(tmp_path: Path) -> None:
    from eval.runs.setup import answering
    from rag.settings import Settings

    settings = Settings(
        llm_url="http://me:secret@llm.example:8/v1?key=secret", llm_key="secret", api_key="secret"
    )
    assert "secret" not in json.dumps(answering(settings, None))
    assert answering(settings, "drop")["llm_url"] == "http://llm.example:8/v1"


def test_only_the_metrics_asked_for(manuals: Service) -> None:
    found = execute(manuals, RunRequest(CASES[:1], "manuals", PLAIN))
    assert found.setup.metrics == PLAIN
    assert set(found.rows[0].scores) == set(PLAIN)


def test_two_at_once_give_what_one_gives(manuals: Service) -> None:
    one = execute(manuals, RunRequest(CASES, "manuals", PLAIN))
    two = execute(manuals, RunRequest(CASES, "manuals", PLAIN, limits=Limits(at_once=2)))
    assert [row.scores for row in one.rows] == [row.scores for row in two.rows]
    assert [row.id for row in one.rows] == [row.id for row in two.rows]


def test_cases_that_are_alike_are_told_apart(manuals: Service) -> None:
    found = execute(manuals, RunRequest([CASES[1], CASES[1], replace(CASES[1], id="mine")], "manuals", PLAIN))
    first, second, third = (row.id for row in found.rows)
    assert second == f"{first}-2"
    assert third == "mine"


class Killed(Exception):
    pass


def test_a_broken_run_goes_on_where_it_stopped(manuals: Service, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        execute(manuals, RunRequest(CASES, "manuals", PLAIN), in_folder(tmp_path), stop)
    with (tmp_path / ROWS).open("a") as rows:
        rows.write('[3.0, {"id": "half a li')  # as a crash in the middle of a write leaves it
    seen: list[tuple[int, int]] = []
    told: list[str] = []
    found = execute(
        manuals,
        RunRequest(CASES, "manuals", PLAIN),
        in_folder(tmp_path),
        lambda *at: seen.append(at),
        on_row=lambda row: told.append(row.id),
    )
    assert seen == [(2, 3), (3, 3)]
    assert told == [found.rows[2].id]
    assert [row.question for row in found.rows] == [case.question for case in CASES]
    write_run(found, CASES, tmp_path)
    again = execute(
        manuals, RunRequest(CASES, "manuals", PLAIN), in_folder(tmp_path), lambda *at: seen.append(at)
    )
    assert seen[2:][0] == (0, 3), "a finished run is begun anew"
    assert again.setup.id != found.setup.id


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def test_kill_9_loses_at_most_the_case_at_hand(manuals: Service, tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    lines = [json.dumps({"question": f"{CASES[n % 3].question} ({n})"}) for n in range(16)]
    cases.write_text("\n".join(lines))
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "api.cli.main",
        "eval",
        "run",
        str(cases),
        "-c",
        "manuals",
        "-m",
        "faithfulness",
    ]
    command += ["--out", str(out), "--data", str(manuals.settings.data), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (
        not (out / ROWS).is_file() or (out / ROWS).read_bytes().count(b"\n") < 3
    ):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= lines_of(out / ROWS) < 16
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    report = json.loads(ended.stdout, parse_constant=pytest.fail)
    assert len(report["rows"]) == 16
    assert lines_of(out / ROWS) == 16, "no case was asked twice"


def test_a_run_of_something_else_is_not_gone_on_with(manuals: Service, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 1:
            raise Killed

    with pytest.raises(Killed):
        execute(manuals, RunRequest(CASES, "manuals", PLAIN), in_folder(tmp_path), stop)
    for other in (
        RunRequest(CASES[:2], "manuals", PLAIN),
        RunRequest(CASES, "manuals", PLAIN[:1]),
        RunRequest(CASES, "manuals", PLAIN, AskOptions(k=3)),
    ):
        with pytest.raises(Conflict) as caught:
            execute(manuals, other, in_folder(tmp_path))
        assert caught.value.code == "run_differs"
    assert (
        len(execute(manuals, RunRequest(CASES[:2], "manuals", PLAIN), in_folder(tmp_path, fresh=True)).rows)
        == 2
    )


def test_two_processes_do_not_work_on_one_run(manuals: Service, tmp_path: Path) -> None:
    def second(done: int, total: int) -> None:
        with pytest.raises(Conflict) as caught:
            execute(manuals, RunRequest(CASES, "manuals", PLAIN), in_folder(tmp_path))
        assert caught.value.code == "run_locked"
        raise Killed

    with pytest.raises(Killed):
        execute(manuals, RunRequest(CASES, "manuals", PLAIN), in_folder(tmp_path), second)


def test_an_answer_that_takes_too_long_is_an_error_on_its_row(manuals: Service) -> None:
    found = execute(manuals, RunRequest(CASES[:1], "manuals", PLAIN, limits=Limits(answer_s=1e-6)))
    assert found.rows[0].failure is not None
    assert {bad.code for bad in found.rows[0].errors.values()} == {"answer_timeout"}


def test_an_abstention_scores_zero_where_an_answer_is_known(manuals: Service) -> None:
    answer = replace(
        manuals.answerer.answer(Ask(CASES[0].question, "manuals")),
        abstained=True,
        text="I do not know.",
        sentences=(),
    )
    measures = chosen(["exact_match", "semantic_similarity", "faithfulness", "id_based_context_recall"])
    scorer = Scorer(measures, load_metrics(measures, manuals.models))
    found = scorer.scored(answered(CASES[0], answer), CASES[0])
    assert found.scores == {"exact_match": 0, "semantic_similarity": 0, "id_based_context_recall": 1}
    assert found.skipped == {"faithfulness": "abstained"}


@pytest.mark.parametrize(
    ("answerable", "abstained", "score"),
    [(True, False, 1), (True, True, 0), (False, True, 1), (False, False, 0)],
)
def test_abstaining_is_right_where_there_is_no_answer(
    answerable: bool, abstained: bool, score: float
) -> None:
    case = replace(CASES[1], answerable=answerable)
    row = replace(failed(case, None), abstained=abstained)
    found = Scorer(chosen(["abstention_accuracy"]), {}).scored(row, case)
    assert found.scores == {"abstention_accuracy": score}
    unknown = Scorer(chosen(["abstention_accuracy"]), {}).scored(row, CASES[1])
    assert unknown.skipped == {"abstention_accuracy": "not_known_whether_answerable"}


@dataclass
class Odd(SingleTurnMetric):  # type: ignore[misc]
    """A metric that fails in the way it is told to."""

    name: str = "odd"
    value: float | Exception = 0.0
    seconds: float = 0.0
    _required_columns: dict[MetricType, set[str]] = field(
        default_factory=lambda: {MetricType.SINGLE_TURN: {"response"}}
    )

    def init(self, run_config: object) -> None: ...

    async def _single_turn_ascore(self, sample: object, callbacks: object) -> float:
        import asyncio

        await asyncio.sleep(self.seconds)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.mark.parametrize(
    ("metric", "code"),
    [
        (Odd(value=math.nan), "not_a_number"),
        (Odd(value=math.inf), "not_a_number"),
        (Odd(value=ValueError("bad")), "metric_failed"),
        (Odd(seconds=30), "metric_timeout"),
    ],
)
def test_what_cannot_be_computed_is_an_error_on_its_row(manuals: Service, metric: Odd, code: str) -> None:
    row = answered(CASES[0], manuals.answerer.answer(Ask(CASES[0].question, "manuals")))
    found = Scorer([Measure("odd", None, "answer")], {"odd": metric}, timeout_s=0.05).scored(row, CASES[0])
    assert found.errors["odd"].code == code
    assert not found.scores


def test_errors_are_counted_and_do_not_spoil_the_mean(run: tuple[Run, Path]) -> None:
    row = run[0].rows[0]
    rows = [replace(row, scores={"m": value}, errors={}) for value in (1.0, 0.0)]
    broken = replace(row, scores={}, errors={"m": Failure("metric_failed", "why")})
    summary = replace(run[0], rows=(*rows, broken)).summary("m")
    assert summary.interval is not None
    assert (summary.interval.mean, summary.interval.n, summary.errors) == (0.5, 2, 1)
    assert run[0].summary("none").interval is None


def test_a_question_that_fails_is_a_row_and_the_rest_goes_on() -> None:
    found = failed(CASES[0], Failure("generator_failed", "The server is down."), PLAIN)
    assert {name: bad.code for name, bad in found.errors.items()} == dict.fromkeys(PLAIN, "generator_failed")


def test_wrong_names_have_codes(manuals: Service) -> None:
    with pytest.raises(InvalidInput) as metric:
        execute(manuals, RunRequest(CASES, "manuals", ["accuracy"]))
    assert metric.value.code == "unknown_metric"
    with pytest.raises(NotFound) as collection:
        execute(manuals, RunRequest(CASES, "nowhere"))
    assert collection.value.code == "collection_not_found"
    with pytest.raises(InvalidInput) as empty:
        execute(manuals, RunRequest((), "manuals"))
    assert empty.value.code == "cases_empty"


def test_without_the_extra_it_says_what_to_install(manuals: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.environment.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"footnote-rag\[eval\]") as caught:
        execute(manuals, RunRequest(CASES, "manuals"))
    assert caught.value.code == "extra_missing"


def test_what_comes_near_is_no_evidence_where_there_is_no_answer() -> None:
    sample = to_sample(failed(CASES[0], None), replace(CASES[0], reference=None, answerable=False))
    assert sample.reference_contexts is None
    assert sample.reference_context_ids is None


def test_only_known_markers_are_taken_out() -> None:
    citation = Citation(1, "d", "c", "s", "", 0, 1, "q", None)
    answer = Answer(
        "Sixteen bar [1]. See array[2] [1, 1].", (), (citation,), (), False, None, (), Usage(), {}
    )
    assert wording(answer) == "Sixteen bar. See array[2]."


def test_slices() -> None:
    case = Case(
        "How?", relevant_sources=("guides/pump/start.md",), type="fact", answerable=False, synthetic=True
    )
    assert slices(case) == {
        "length": "short", "type": "fact", "answerable": "no", "source": "guides/pump", "synthetic": "yes",
    }  # fmt: skip
    assert slices(Case(" ".join(["word"] * 17)))["length"] == "long"
