"""Samples as a service leaves them, from made-up numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from rag.store import SampleRecord

START = datetime(2026, 11, 1, 8, tzinfo=UTC)


def record(n: int, **changed: Any) -> SampleRecord:
    """The n-th sample, five minutes after the one before."""
    values: dict[str, Any] = {
        "key": n,
        "request_id": f"request-{n}",
        "created_at": START + timedelta(minutes=5 * n),
        "state": "scored",
        "abstained": False,
        "reason": None,
        "route": "reader",
        "supported": 1.0,
        "timings": {"read": 40.0, "total": 100.0},
        "scores": {"faithfulness": 1.0},
        "problems": {},
        "judged_by": "judges-1",
    }
    return SampleRecord(**(values | changed))


def steady(random: np.random.Generator, size: int, **worse: float) -> list[SampleRecord]:
    """Samples of one and the same service. `worse` changes what a share or a mean is: `abstained`,
    `supported`, `slower` (a factor), `relevancy`.
    """
    given = {"abstained": 0.08, "supported": 0.88, "slower": 1.0, "relevancy": 0.7, **worse}
    return [_one(random, n, given) for n in range(size)]


def _one(random: np.random.Generator, n: int, given: dict[str, float]) -> SampleRecord:
    abstained = bool(random.random() < given["abstained"])
    share = 1.0 if random.random() < given["supported"] else float(random.choice([0.0, 0.5, 2 / 3]))
    faithful = 1.0 if random.random() < given["supported"] else float(random.choice([0.0, 0.5]))
    scores = {"context_relevance": float(random.beta(2, 3))}
    if not abstained:
        relevancy = float(random.beta(10 * given["relevancy"], 10 * (1 - given["relevancy"])))
        scores |= {"faithfulness": faithful, "answer_relevancy": relevancy}
    total = given["slower"] * float(np.exp(random.normal(4.6, 0.5)))
    return record(
        n,
        abstained=abstained,
        supported=None if abstained else share,
        timings={"total": total},
        scores=scores,
    )


def joined(*parts: Sequence[SampleRecord]) -> list[SampleRecord]:
    """The parts after one another, with times of one series."""
    every = [one for part in parts for one in part]
    return [
        record(
            n,
            abstained=one.abstained,
            supported=one.supported,
            timings=one.timings,
            scores=one.scores,
            judged_by=one.judged_by,
        )
        for n, one in enumerate(every)
    ]
