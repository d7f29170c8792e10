"""Provisional."""

from __future__ import annotations

import json

from pydantic import TypeAdapter

from eval.runs.compared import Comparison
from eval.runs.record import Run

_RUN = TypeAdapter(Run)


def to_json(run: Run, comparison: Comparison | None = None) -> str:
    found = _RUN.dump_python(run, mode="json")
    scores = {}
    for name in run.setup.metrics:
        s = run.summary(name)
        i = s.interval
        scores[name] = {
            "mean": i.mean if i else None,
            "ci95": [i.low, i.high] if i else None,
            "n": i.n if i else 0,
            "skipped": s.skipped,
            "errors": s.errors,
        }
    return json.dumps(
        {
            "collection": run.setup.collection,
            "created_at": found["setup"]["created_at"],
            "models": found["setup"]["models"],
            "cases": len(run.rows),
            "abstained": run.abstained,
            "scores": scores,
            **found,
        },
        allow_nan=False,
    )


def from_json(text: str) -> Run:
    return _RUN.validate_python(json.loads(text)) if False else _RUN.validate_json(text)


def to_markdown(run: Run, comparison: Comparison | None = None) -> str:
    return "# Evaluation\n"


def to_html(run: Run, comparison: Comparison | None = None) -> str:
    return "<!doctype html><title>Evaluation</title>"
