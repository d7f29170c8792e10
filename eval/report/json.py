"""A report as JSON: all of a run, exactly, and what was drawn from it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError

from eval.report.analysis import Analysis, analyse, spent
from eval.runs.compare import Comparison
from eval.runs.record import Run, Summary
from rag.errors import InvalidInput

FORMAT = 1
"""Raised when a reader of the older format would misread the newer one; a field more raises nothing."""
HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: no character, and nothing that UTF-8 can hold."""

_RUN: TypeAdapter[Run] = TypeAdapter(Run)
_COMPARISON: TypeAdapter[Comparison | None] = TypeAdapter(Comparison | None)


def to_json(run: Run, comparison: Comparison | None = None) -> str:
    """What `GET /v1/evaluations/{id}` answers, and more: `format`, `setup`, `seconds` and all of each row,
    which are the run; the rest can be worked out again. Never NaN: raises ValueError instead.
    """
    found = analyse(run)
    written = _RUN.dump_python(run, mode="json")
    whole = {
        "format": FORMAT,
        "collection": run.setup.collection,
        "created_at": written["setup"]["created_at"],
        "models": written["setup"]["models"],
        "cases": len(run.rows),
        "abstained": run.abstained,
        "scores": {name: _summary(summary) for name, summary in found.summaries.items()},
        **_drawn(found),
        "comparison": _COMPARISON.dump_python(comparison, mode="json"),
        **written,
    }
    text = json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False)
    return HALF.sub("\ufffd", text)


def from_json(text: str) -> Run:
    """The run of a report, exactly as it was. Raises InvalidInput `report_invalid`, or `report_too_new` for
    the format of a later version.
    """
    try:
        return _RUN.validate_python(_read(text))
    except ValidationError as error:
        raise _invalid(_first(error)) from error


def comparison_from_json(text: str) -> Comparison | None:
    """The comparison that a report was written with, if there was one. Raises as from_json."""
    try:
        return _COMPARISON.validate_python(_read(text).get("comparison"))
    except ValidationError as error:
        raise _invalid(_first(error)) from error


def _drawn(found: Analysis) -> dict[str, object]:
    """What was worked out from the rows."""
    return {
        "counts": asdict(found.counts),
        "correctness": found.metric,
        "coverage_risk": asdict(found.curve) if found.curve else None,
        "calibration": asdict(found.calibration) if found.calibration else None,
        "stages": {stage.name: asdict(stage) for stage in found.stages},
        "judging": {stage.name: asdict(stage) for stage in found.judging},
        "spent": {name: asdict(sums) for name, sums in spent(found.run).items()},
        "slices": [asdict(one) for one in found.slices],
        "worst": [{"id": one.row.id, "why": list(one.why)} for one in found.worst],
    }


def _summary(summary: Summary) -> dict[str, object]:
    found = summary.interval
    return {
        "mean": found.mean if found else None,
        "ci95": [found.low, found.high] if found else None,
        "n": found.n if found else 0,
        "skipped": summary.skipped,
        "errors": summary.errors,
    }


def _read(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise _invalid(f"it is not JSON ({error.msg}, line {error.lineno})") from error
    if not isinstance(found, dict) or not isinstance(version := found.get("format"), int):
        raise _invalid("it names no format; run the evaluation again to get one that does")
    if version > FORMAT:
        raise InvalidInput(
            f"The report has format {version}, of a later version; this one reads up to {FORMAT}.",
            code="report_too_new",
        )
    return found


def _first(error: ValidationError) -> str:
    place = error.errors()[0]
    return f"{'.'.join(str(part) for part in place['loc'])}: {place['msg']}"


def _invalid(why: str) -> InvalidInput:
    return InvalidInput(f"This is no report of an evaluation: {why}.", code="report_invalid")
