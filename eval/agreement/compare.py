"""Files of labelled rows through the metrics: what `footnote eval agreement` runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from eval.agreement.layout import Condition, Layout, layout_of
from eval.agreement.measures import RESAMPLES
from eval.agreement.ratings import Labels, leads, mistakes, rate, slice_results
from eval.agreement.report import draw, markdown
from eval.agreement.results import AgreementReport, Lead, Rating, SetAgreement, SliceResult, Values
from eval.agreement.rows import LabelledRows, RowSelection, read_labelled
from eval.agreement.scorers import Column, given_column, load_scorers, overlap_baseline, score_rows
from eval.environment import machine
from eval.statistics import Interval
from rag.errors import InvalidInput
from rag.files import write_whole
from rag.models.loaded import Models

Progress = Callable[[str, int, int], None]
"""Called with the set's name, its rows done and their total."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to compare. Empty means: as the file's layout has it. `scores` are columns of the file; where
    there are some and no `metrics`, no model is asked. `most` is how many rows of a file to draw.
    """

    metrics: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    layout: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    slices: tuple[str, ...] = ()
    most: int | None = None
    mistakes: int = 10
    seed: int = 0
    resamples: int = RESAMPLES


def compare_files(
    paths: Sequence[Path], options: Options, models: Models, progress: Progress | None = None
) -> AgreementReport:
    """Compare metrics with the labels of each file. All files are read before any is scored.

    Raises what read_labelled, layout_of and load_scorers raise, and InvalidInput `labels_constant` for a file
    whose labels are all the same: there is nothing to tell apart.
    """
    layouts = [_layout(path, options) for path in paths]
    wanted = RowSelection(options.scores, options.slices, options.most, options.seed)
    readings = [read_labelled(path, layout, wanted) for path, layout in zip(paths, layouts, strict=True)]
    for path, layout, reading in zip(paths, layouts, readings, strict=True):
        _check(path, layout, reading)
    sets = [
        _compare(layout, reading, options, models, progress)
        for layout, reading in zip(layouts, readings, strict=True)
    ]
    used = {} if options.scores and not options.metrics else _revisions(models)
    return AgreementReport(tuple(sets), used, options.seed, options.resamples, machine())


def _layout(path: Path, options: Options) -> Layout:
    layout = layout_of(path, options.layout).with_names(options.names)
    if "label" in options.names or options.positive:
        layout = replace(layout, positive=options.positive, verdicts={})
    return replace(layout, where=options.where or layout.where, seen="" if options.where else layout.seen)


def _check(path: Path, layout: Layout, reading: LabelledRows) -> None:
    if len({row.truth for row in reading.rows}) > 1:
        return
    kinds = ", ".join(sorted({row.kind for row in reading.rows}))
    which = f"; positive is {', '.join(layout.positive)}" if layout.positive else ""
    raise InvalidInput(
        f"{path}: all {len(reading.rows)} rows have the same label ({kinds}{which}): nothing to tell apart.",
        code="labels_constant",
    )


def _compare(
    layout: Layout, reading: LabelledRows, options: Options, models: Models, progress: Progress | None
) -> SetAgreement:
    rows = reading.rows
    labels = Labels(rows, not {row.truth for row in rows} <= {0.0, 1.0}, options.seed, options.resamples)
    columns = _columns(layout, reading, options, models, progress)
    metrics = [column for column in columns if column.scorer.kind != "baseline"]
    baselines = [column for column in columns if column.scorer.kind == "baseline"]
    return SetAgreement(
        layout.name,
        layout.seen,
        tuple(map(str, layout.where)),
        len(rows),
        reading.drawn_from,
        reading.unlabelled,
        len({row.group for row in rows}),
        {} if labels.graded else dict(Counter(row.kind for row in rows).most_common()),
        labels.graded,
        labels.measure,
        tuple(rate(column, labels) for column in columns),
        tuple(lead for column in metrics for lead in leads(column, baselines, labels)),
        tuple(part for column in metrics for part in slice_results(column, baselines, labels)),
        tuple(one for column in metrics for one in mistakes(column, labels, options.mistakes)),
    )


def _columns(
    layout: Layout, reading: LabelledRows, options: Options, models: Models, progress: Progress | None
) -> list[Column]:
    given = [given_column(reading.rows, name) for name in options.scores]
    names = options.metrics or (() if given else layout.metrics)
    scorers = load_scorers(names, models)
    if given and not any(scorer.sides == "response_contexts" for scorer in scorers):
        scorers.append(overlap_baseline("response_contexts"))

    def show(done: int, total: int) -> None:
        if progress:
            progress(layout.name, done, total)

    scored = score_rows(reading.rows, scorers, show)
    return [*given, *(column for column in scored if len(column.at) or column.scorer.kind == "metric")]


def _revisions(models: Models) -> dict[str, str]:
    infos = [models.encoder.info, models.reader.info, models.checker.info]
    return {info.role: f"{info.name}@{info.revision}" for info in infos}


def to_json(found: AgreementReport) -> str:
    """Everything; an interval is `{"value", "ci95", "n"}` or null, never NaN."""
    value = {
        "models": dict(found.models),
        "seed": found.seed,
        "resamples": found.resamples,
        "machine": dict(found.machine),
        "sets": [_set(one) for one in found.sets],
    }
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def write_files(found: AgreementReport, folder: Path) -> None:
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


def _part(one: SliceResult) -> dict[str, object]:
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
