"""Runs made for the tests of reports: some of everything that a run can hold."""

from __future__ import annotations

from datetime import UTC, datetime

from eval.metrics.ragas.meter import Spent
from eval.runs.compare import Change, Comparison, Difference
from eval.runs.record import Checked, Failure, Footnote, Passage, Row, Run, Setup
from eval.statistics import Interval

METRICS = ("faithfulness", "string_present", "rouge_score", "never_applies")
PUMP = "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks."


def a_setup() -> Setup:
    return Setup(
        id="20261121-1",
        collection="manuals",
        collection_version=7,
        created_at=datetime(2026, 11, 21, 20, 5, tzinfo=UTC),
        metrics=METRICS,
        cases=40,
        cases_file="questions.jsonl",
        cases_sha256="0f" * 32,
        models={"encoder": "footnote-encoder@1234567890ab", "reader": "footnote-reader@abcdef"},
        settings={
            "answer_accuracy": 0.9,
            "reader_candidates": 20,
            "check": "flag",
            "llm_url": None,
            "off": False,
        },
        packages={"footnote-rag": "0.1.0"},
        machine={"processor": "AMD EPYC", "cores": 2},
        seed=3,
    )


def a_run(cases: int = 40) -> Run:
    """Rows by turns: right, wrong, abstained, abstained where nothing was to be said, failed."""
    return Run(a_setup(), tuple(_row(n) for n in range(cases)), 12.5)


def a_comparison() -> Comparison:
    better, worse = Interval(0.04, 0.01, 0.07, 40), Interval(-0.2, -0.31, -0.08, 12)
    return Comparison(
        "baseline <1>",
        "20261121-1",
        (
            Difference("faithfulness", None, 0.9, 0.94, better, "better"),
            Difference("string_present", None, 0.7, 0.7, Interval(0.0, -0.05, 0.05, 40), "same"),
            Difference("string_present", ("type", "who"), 0.7, 0.5, worse, "worse"),
        ),
        (
            Change("case-1", "What is won?", "string_present", 0.0, 1.0),
            Change("case-2", "What is lost?", "string_present", 1.0, 0.0),
        ),
        ("settings.reader_candidates: 20 → 0",),
        2,
    )


def _row(n: int) -> Row:
    kind = n % 10
    name, question = f"case-{n}", f"Question {n}: what pressure is the pump rated for?"
    slices = {"type": "who" if n % 2 else "how", "source": "pump", "answerable": "no" if kind == 9 else "yes"}
    reference = None if kind == 9 else "16 bar"
    if kind == 8:
        failure = Failure("generator_failed", "The server is down.")
        return Row(
            name,
            question,
            reference,
            "",
            False,
            None,
            (),
            {},
            {},
            dict.fromkeys(METRICS, failure),
            slices=slices,
            failure=failure,
        )
    if kind in (7, 9):
        skipped = {"faithfulness": "abstained", "never_applies": "no_contexts"}
        zero = {} if kind == 9 else {"string_present": 0.0, "rouge_score": 0.0}
        return Row(
            name, question, reference, "", True, "low_confidence", ("pump.txt",), zero, skipped, {},
            {"retrieve": 5.0 + n, "total": 6.0 + n}, confidence=0.1, slices=slices,
        )  # fmt: skip
    right = kind not in (3, 5)
    errors = {"rouge_score": Failure("metric_failed", "It broke.")} if kind == 4 else {}
    scores = {"faithfulness": 1.0 if kind else 0.5, "string_present": float(right), "rouge_score": n % 7 / 7}
    return Row(
        name,
        question,
        reference,
        "The pump is rated for 16 bar.",
        False,
        None,
        ("pump.txt",),
        {metric: score for metric, score in scores.items() if metric not in errors},
        {"never_applies": "no_contexts"},
        errors,
        {"retrieve": 5.0 + n, "read": 40.0, "total": 50.0 + n},
        {"faithfulness": 3.0, "rouge_score": 0.2},
        confidence=0.5 + n % 5 / 10,
        route="reader",
        sentences=(
            Checked("The pump is rated for 16 bar [1].", (1,), "supported" if kind else "unsupported", 0.97),
        ),
        footnotes=(Footnote(1, "pump.txt", 25, 56, "a working pressure of 16 bar", 2),),
        passages=(
            Passage("pump.txt", "Pump", PUMP, 2),
            Passage("lamp.txt", "Lamp", "The lamp draws 25 watts."),
        ),
        slices=slices,
        spent=Spent(100, 20, 0.001),
    )
