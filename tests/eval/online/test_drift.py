"""Drift is told from chance: no alarm on noise, none missed that was planted."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from eval.online.drift import FEWEST, LEVEL, Drift, drifts, strongest_change
from eval.online.signals import signals_of
from rag.store import SampleRecord
from tests.eval.online.making import joined, record, steady


def found(records: list[SampleRecord]) -> dict[str, Drift]:
    return {drift.signal: drift for drift in drifts(signals_of(records))}


def changed(records: list[SampleRecord]) -> dict[str, str]:
    drifted = {name: drift.verdict for name, drift in found(records).items()}
    return {name: verdict for name, verdict in drifted.items() if verdict in ("worse", "better")}


@pytest.mark.parametrize(("kind", "size"), [("rare", 150), ("ties", 150), ("skewed", 150), ("rare", 600)])
def test_the_probability_of_a_change_keeps_its_promise_on_noise(kind: str, size: int) -> None:
    """Of 300 series without a change no more than chance allows have a p of 5% or less: below 1 in 1,000 of
    tests of a right p would see more than 29.
    """
    random = np.random.default_rng(size)
    draw = {
        "rare": lambda: (random.random(size) < 0.05).astype(float),
        "ties": lambda: np.where(random.random(size) < 0.9, 1.0, random.choice([0.0, 0.5], size)),
        "skewed": lambda: np.exp(random.normal(0, 1, size)),
    }[kind]
    changes = [strongest_change(draw(), 30, seed=n) for n in range(300)]
    assert sum(change is not None and change.p <= 0.05 for change in changes) <= 29


def test_the_permutation_test_agrees_with_counting_every_order() -> None:
    values = [1.0, 2.0, 2.5, 3.0, 9.0, 8.0, 7.0, 6.0]
    change = strongest_change(values, 2)
    assert change is not None
    assert change.at == 4
    orders = [strongest_change(order, 2, seed=0) for order in list(permutations(values))[::97]]
    reached = np.mean([abs(each.z) >= abs(change.z) - 1e-9 for each in orders if each is not None])
    assert abs(change.p - reached) < 0.03


@pytest.mark.parametrize("at", [60, 150, 350])
def test_a_change_is_found_where_it_is(at: int) -> None:
    random = np.random.default_rng(at)
    values = [*random.normal(0, 1, at), *random.normal(1.5, 1, 400 - at)]
    change = strongest_change(values, 30)
    assert change is not None
    assert abs(change.at - at) <= 5
    assert change.z > 0
    assert change.p <= 0.001


def test_there_is_no_change_in_what_does_not_vary_or_is_too_short() -> None:
    assert strongest_change([1.0] * 500, 30) is None
    assert strongest_change(list(range(59)), 30) is None


def test_a_service_that_stays_the_same_raises_no_more_alarms_than_promised() -> None:
    """All signals together err at a look with a chance of 1%: of 80 services, more than 4 would be one case
    in 1,000.
    """
    random = np.random.default_rng(7)
    alarms = sum(bool(changed(steady(random, 240))) for _ in range(80))
    assert alarms <= 4
    assert LEVEL == 0.01


@pytest.mark.parametrize(
    ("worse", "signal"),
    [
        ({"supported": 0.6}, "supported"),
        ({"supported": 0.6}, "faithfulness"),
        ({"abstained": 0.35}, "abstained"),
        ({"slower": 1.6}, "latency"),
        ({"relevancy": 0.5}, "answer_relevancy"),
    ],
)
def test_a_planted_drift_is_found_and_dated(worse: dict[str, float], signal: str) -> None:
    random = np.random.default_rng(3)
    records = joined(steady(random, 500), steady(random, 120, **worse))
    drift = found(records)[signal]
    assert drift.verdict == "worse"
    assert drift.since is not None
    assert abs((drift.since - records[500].created_at).total_seconds()) <= 30 * 300
    assert drift.difference is not None
    assert not drift.difference.low <= (1 if signal == "latency" else 0) <= drift.difference.high
    assert drift.p is not None
    assert drift.p <= LEVEL
    quiet = {"context_relevance", "abstained", "latency", "answer_relevancy"} - {signal, *changed_by(worse)}
    assert not quiet & set(changed(records))


def changed_by(worse: dict[str, float]) -> set[str]:
    return {"abstained"} if "abstained" in worse else set()


def test_what_gets_better_is_called_better() -> None:
    random = np.random.default_rng(5)
    records = joined(steady(random, 300, slower=2.0, supported=0.6), steady(random, 200))
    verdicts = changed(records)
    assert verdicts["latency"] == "better"
    assert verdicts["supported"] == "better"


def test_a_tail_that_grows_is_found_though_the_median_stays() -> None:
    random = np.random.default_rng(11)
    times = random.uniform(80, 120, 800)
    times[600::8] = 900.0
    verdicts = changed([record(n, timings={"total": float(time)}) for n, time in enumerate(times)])
    assert verdicts["slow"] == "worse"
    assert "latency" not in verdicts


def test_a_sure_but_small_change_is_none() -> None:
    records = joined(
        [record(n, timings={"total": 100.0}) for n in range(300)],
        [record(n, timings={"total": 110.0}) for n in range(300)],
    )
    drift = found(records)["latency"]
    assert drift.verdict == "steady"
    assert drift.p is not None
    assert drift.p <= LEVEL


def test_before_there_are_enough_answers_nothing_is_said() -> None:
    records = joined([record(n) for n in range(60)], [record(n, supported=0.0) for n in range(FEWEST - 61)])
    assert {drift.verdict for drift in found(records).values()} == {"too_few"}
    assert found(joined(records, [record(0, supported=0.0)]))["supported"].verdict == "worse"


def test_scores_of_other_models_are_not_compared() -> None:
    old = [record(n, scores={"faithfulness": 1.0}) for n in range(300)]
    new = [record(n, scores={"faithfulness": 0.2}, judged_by="judges-2") for n in range(300)]
    assert "faithfulness" not in changed(joined(old, new))
    assert "faithfulness" in changed(
        joined(old, [record(n, scores={"faithfulness": 0.2}) for n in range(300)])
    )
