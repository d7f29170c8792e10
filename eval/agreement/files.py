"""A comparison with people as JSON, and as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from eval.agreement.found import Agreement, Lead, Part, Rating, SetAgreement, Values
from eval.agreement.plot import draw
from eval.agreement.tables import markdown
from eval.output import write_whole
from eval.stats import Interval


def to_json(found: Agreement) -> str:
    """Everything; an interval is `{"value", "ci95", "n"}` or null, never NaN."""
    value = {
        "models": dict(found.models),
        "seed": found.seed,
        "resamples": found.resamples,
        "machine": dict(found.machine),
        "sets": [_set(one) for one in found.sets],
    }
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def write_files(found: Agreement, folder: Path) -> None:
    """agreement.json, agreement.md and agreement.svg in `folder`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "agreement.json", to_json(found) + "\n")
    write_whole(folder / "agreement.md", markdown(found))
    write_whole(folder / "agreement.svg", draw(found))


def _set(one: SetAgreement) -> dict[str, object]:
    plain = ("name", "seen", "rows", "drawn_from", "unlabelled", "groups", "graded", "measure")
    return {
        **{name: getattr(one, name) for name in plain},
        "where": list(one.where),
        "labels": dict(one.labels),
        "metrics": [_rating(rating) for rating in one.ratings],
        "leads": [_lead(lead) for lead in one.leads],
        "slices": [_part(part) for part in one.parts],
        "mistakes": [asdict(mistake) for mistake in one.mistakes],
    }


def _rating(one: Rating) -> dict[str, object]:
    return {
        "name": one.name,
        "kind": one.kind,
        "rows": one.rows,
        "skipped": dict(one.skipped),
        "values": _values(one.values),
        "confusion": [
            {"label": label, "said": said, "rows": rows} for (label, said), rows in one.confusion.items()
        ],
        "reliability": [asdict(bin_) for bin_ in one.reliability],
    }


def _part(one: Part) -> dict[str, object]:
    return {
        "metric": one.metric,
        "slice": {"name": one.slice[0], "value": one.slice[1]},
        "rows": one.rows,
        "positive": one.positive,
        "value": _interval(one.value),
        "taken": one.taken,
        "missed": one.missed,
        "in_doubt": one.in_doubt,
        "leads": [_lead(lead) for lead in one.leads],
    }


def _lead(one: Lead) -> dict[str, object]:
    return {
        "metric": one.metric,
        "baseline": one.baseline,
        "measure": one.measure,
        "difference": _interval(one.difference),
    }


def _values(values: Values) -> Mapping[str, object]:
    return {name: _interval(value) for name, value in values.items()}


def _interval(found: Interval | None) -> dict[str, object] | None:
    return {"value": found.mean, "ci95": [found.low, found.high], "n": found.n} if found else None
