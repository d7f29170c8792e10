"""What a report says beyond means: outcomes, times, slices, and which answers are the worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from eval.report.analysis import by_slice, spans, stages
from eval.report.outcomes import answerable, correctness_metric, outcomes
from eval.report.worst import worst
from eval.runs.record import Checked, Failure, Row, Run
from tests.eval.made_runs import a_run, a_setup


def row(name: str, scores: Mapping[str, float] | None = None, **fields: Any) -> Row:
    made = Row(name, f"{name}?", "ref", "said", False, None, (), scores or {}, {}, {}, confidence=0.5)
    return replace(made, **fields)


def test_times_by_stage_add_up() -> None:
    found = stages([{"retrieve": 10.0, "read": 80.0, "total": 100.0}, {"retrieve": 30.0, "total": 100.0}, {}])
    assert [one.name for one in found] == ["retrieve", "read", "other", "total"]
    assert sum(one.share for one in found[:-1]) == pytest.approx(1)
    retrieve, read, other, total = found
    assert (retrieve.p50, retrieve.longest, retrieve.n) == (20.0, 30.0, 2)
    assert (read.n, other.longest, total.share) == (1, 70.0, 1.0)
    assert stages([]) == ()


def test_judges_by_the_time_they_took() -> None:
    found = spans({"quick": [1.0, 1.0], "slow": [6.0], "never": []})
    assert [(one.name, one.share) for one in found] == [("slow", 0.75), ("quick", 0.25)]


def test_the_best_metric_of_correctness_that_scored_an_answer() -> None:
    metrics = ("faithfulness", "string_present", "factual_correctness(mode=f1)")
    rows = (row("a", {"faithfulness": 1.0, "string_present": 0.0}),)
    made = Run(replace(a_setup(), metrics=metrics), rows, 1.0)
    assert correctness_metric(made) == "string_present"
    rows = (replace(rows[0], scores={**rows[0].scores, metrics[2]: 0.5}),)
    assert correctness_metric(replace(made, rows=rows)) == metrics[2]
    silent = replace(rows[0], abstained=True, response="")
    assert correctness_metric(replace(made, rows=(silent,))) is None


def test_what_counts_as_an_outcome() -> None:
    rows = [
        row("right", {"m": 1.0}),
        row("declined", {"m": 0.0}, abstained=True, response=""),
        row("unsure", {"m": 1.0}, confidence=None),
        row("unscored"),
        row("invented", reference=None, slices={"answerable": "no"}),
    ]
    assert [(one.row.id, one.correct) for one in outcomes(rows, "m")] == [("right", 1.0), ("invented", 0.0)]
    assert [answerable(one) for one in (rows[0], rows[4], row("x", reference=None))] == [True, False, None]


def test_slices_leave_out_what_says_nothing() -> None:
    kinds = [{"type": "who" if n < 6 else "why", "all": "x", "rare": str(n > 8)} for n in range(11)]
    rows = [row(str(n), {"m": n % 2}, slices=slices) for n, slices in enumerate([*kinds, {"type": "when"}])]
    who, why = by_slice(rows, ["m", "other"])
    assert (who.name, who.value, who.n, who.answered) == ("type", "who", 6, 6)
    assert who.scores["m"].mean == 0.5
    assert set(who.scores) == {"m"}
    assert (why.value, why.n) == ("why", 5)


def test_the_worst_by_the_rule() -> None:
    rows = [
        row("fine", {"m": 1.0}),
        row("weak", {"m": 0.6}),
        row("declined", abstained=True, response=""),
        row("rightly declined", abstained=True, response="", reference=None),
        row("wrong", {"m": 0.0}, confidence=0.2),
        row("surely wrong", {"m": 0.0}, confidence=0.9),
        row("invented", reference=None, slices={"answerable": "no"}),
        row("unsupported", {"m": 1.0}, sentences=(Checked("s", (), "unsupported", 0.3),)),
        row("contradicted", {"m": 1.0}, sentences=(Checked("s", (), "contradicted", 0.1),)),
        row("unscored", {"m": 1.0}, errors={"n": Failure("metric_failed", "why")}),
        row("broken", response="", failure=Failure("generator_failed", "down")),
    ]
    found = worst(rows, "m", ["m"])
    assert [one.row.id for one in found] == [
        "broken", "contradicted", "unsupported", "invented", "surely wrong", "wrong", "unscored", "declined",
        "weak",
    ]  # fmt: skip
    assert found[4].why == ("The answer is wrong by m, 0.00 (0.90 sure).",)


def test_failures_leave_room_for_others() -> None:
    broken = [row(f"broken {n}", response="", failure=Failure("x", "y")) for n in range(30)]
    found = worst([*broken, row("wrong", {"m": 0.0})], "m", ["m"])
    assert len(found) == 6
    assert found[-1].row.id == "wrong"


def test_a_made_run_has_some_of_everything() -> None:
    made = a_run(40)
    assert {bool(one.abstained) for one in made.rows} == {True, False}
    assert any(one.errors for one in made.rows)
