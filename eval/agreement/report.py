"""A comparison with people as Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from eval.agreement.results import AgreementReport, Lead, Mistake, Rating, SetAgreement, SliceResult
from eval.report.axis import SHARE, Axis
from eval.report.charts import Estimate, Series, curve, intervals, standalone
from eval.report.wording import table
from eval.statistics import Interval

BINARY = (
    ("AUC", "auc"),
    ("balanced accuracy, own", "balanced_accuracy"),
    ("cross-fitted", "balanced_accuracy_fitted"),
    ("correlation", "pearson"),
    ("ECE", "ece"),
    ("Brier", "brier"),
)
GRADED = (("Pearson", "pearson"), ("Spearman", "spearman"), ("Kendall", "kendall"))
VERDICTS = (("macro-F1", "macro_f1_verdicts"), ("balanced accuracy", "balanced_accuracy_verdicts"))
TITLES = {"auc": "AUC", "spearman": "Spearman", "balanced_accuracy_fitted": "balanced accuracy, cross-fitted"}
_CLIPPED = 300


def markdown(found: AgreementReport, *, details: bool = True) -> str:
    """The tables of every set; without `details` no slices and no mistakes."""
    models = ", ".join(f"{role} `{name}`" for role, name in found.models.items())
    head = [
        "# Agreement with people",
        f"In brackets 95% intervals ({found.resamples:,} bootstrap resamples of groups, seed {found.seed})."
        + (f" Models: {models}." if models else ""),
    ]
    return "\n\n".join([*head, *(part for one in found.sets for part in _set(one, details))]) + "\n"


def _set(one: SetAgreement, details: bool) -> list[str]:
    columns = GRADED if one.graded else BINARY
    lines = [
        f"## {one.name}",
        _describe(one),
        table(
            ["metric", "rows", *(title for title, _ in columns)],
            [_line(rating, [name for _, name in columns]) for rating in one.ratings],
        ),
        *_skips(one),
        *_verdicts(one),
        *(_confusion(rating) for rating in one.ratings if rating.confusion),
        *_leads(one),
    ]
    return [*lines, *_parts(one), *_mistakes(one)] if details else lines


def _describe(one: SetAgreement) -> str:
    drawn = f" of {one.drawn_from:,}" if one.rows < one.drawn_from else ""
    told = [f"{one.rows:,}{drawn} rows in {one.groups:,} groups"]
    told += [", ".join(f"{count:,} {kind}" for kind, count in one.labels.items())] if one.labels else []
    told += [f"rows with {' and '.join(f'`{part}`' for part in one.where)}"] if one.where else []
    told += [f"{one.unlabelled:,} rows without a label left out"] if one.unlabelled else []
    return "; ".join([*told, *([one.seen] if one.seen else [])]) + "."


def _line(rating: Rating, names: Sequence[str]) -> list[str]:
    shown = f"*{rating.name}*" if rating.kind == "baseline" else rating.name
    return [shown, f"{rating.rows:,}", *(between(rating.values.get(name)) for name in names)]


def between(found: Interval | None, *, signed: bool = False) -> str:
    """`.812 (.790–.834)`; a dash where there is nothing."""
    if found is None:
        return "–"
    low, high = (number(value, signed=signed) for value in (found.low, found.high))
    return f"{number(found.mean, signed=signed)} ({low} to {high})"


def number(value: float, *, signed: bool = False) -> str:
    """Three places, no leading zero."""
    text = f"{value:+.3f}" if signed else f"{value:.3f}"
    return text.replace("0.", ".", 1).replace("-", "−") if abs(value) < 1 else text.replace("-", "−")


def _skips(one: SetAgreement) -> list[str]:
    found = [
        f"{rating.name}: " + ", ".join(f"{count:,} {reason}" for reason, count in rating.skipped.items())
        for rating in one.ratings
        if rating.skipped
    ]
    return [f"Not judged: {'; '.join(found)}."] if found else []


def _verdicts(one: SetAgreement) -> list[str]:
    rows = [rating for rating in one.ratings if rating.values.get(VERDICTS[0][1])]
    if not rows:
        return []
    lines = [_line(rating, [name for _, name in VERDICTS]) for rating in rows]
    header = ["three verdicts", "rows", *(title for title, _ in VERDICTS)]
    return [table(header, lines)]


def _confusion(rating: Rating) -> str:
    kinds, named = ([*dict.fromkeys(pair[n] for pair in rating.confusion)] for n in (0, 1))
    rows = [
        [kind, *(f"{rating.confusion.get((kind, name), 0):,}" for name in sorted(named))] for kind in kinds
    ]
    return table([f"label \\ {rating.name}", *sorted(named)], rows)


def _leads(one: SetAgreement) -> list[str]:
    rows = [
        [
            lead.metric,
            lead.baseline,
            TITLES[lead.measure],
            between(lead.difference, signed=True),
            _sure(lead.difference),
        ]
        for lead in one.leads
    ]
    return [table(["metric", "less", "by", "difference", "surely"], rows)] if rows else []


def _sure(found: Interval | None) -> str:
    if found is None or found.low <= 0 <= found.high:
        return "–"
    return "better" if found.low > 0 else "worse"


def _parts(one: SetAgreement) -> list[str]:
    lines = []
    decided = [] if one.graded else ["positive", "taken", "missed"]
    for metric in dict.fromkeys(part.metric for part in one.parts):
        own = [part for part in one.parts if part.metric == metric]
        header = ["slice", "rows", *decided, TITLES[one.measure], "lead over baselines"]
        rows = [_part(part, one.graded) for part in own]
        lines += [f"### {one.name}: {metric} by slice", table(header, rows), _no_lead(own)]
    return lines


def _part(part: SliceResult, graded: bool) -> list[str]:
    shares = ["–" if value is None else f"{value:.0%}" for value in (part.taken, part.missed)]
    decided = [] if graded else [f"{part.positive:,}", *shares]
    ahead = ", ".join(f"{lead.baseline} {_lead(lead)}" for lead in part.leads if lead.difference)
    return [": ".join(part.slice), f"{part.rows:,}", *decided, between(part.value), ahead or "–"]


def _lead(lead: Lead) -> str:
    sure = _sure(lead.difference)
    mark = {"better": "", "worse": "!"}.get(sure, "?")
    return number(lead.difference.mean, signed=True) + mark if lead.difference else "–"


def _no_lead(parts: Sequence[SliceResult]) -> str:
    """The slices where a baseline is as good."""
    found = []
    for part in parts:
        ahead = [lead for lead in part.leads if lead.difference and lead.difference.mean <= 0]
        if ahead:
            names = ", ".join(f"{lead.baseline} {_lead(lead)}" for lead in ahead)
            found.append(f"{': '.join(part.slice)} ({names})")
    told = "`?`: the interval of the lead holds 0; `!`: the baseline is surely better."
    return f"{told} No better than a baseline: {'; '.join(found)}." if found else told


def _mistakes(one: SetAgreement) -> list[str]:
    lines = []
    for metric in dict.fromkeys(mistake.metric for mistake in one.mistakes):
        found = [_mistake(mistake) for mistake in one.mistakes if mistake.metric == metric]
        lines += [f"### {one.name}: where {metric} is farthest off", "\n".join(found)]
    return lines


def _mistake(one: Mistake) -> str:
    parts = [f"**{one.label}**, scored {number(one.score)} (row {one.line})"]
    parts += [
        f"{name}: {_clip(text)}" for name, text in (("asked", one.question), ("said", one.response)) if text
    ]
    return f"- {'; '.join([*parts, f'evidence: {_clip(one.evidence)}'])}"


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CLIPPED else line[: _CLIPPED - 1] + "…"


def draw(found: AgreementReport) -> str:
    """The text of an .svg file. For each set how each metric ranks, with its interval, and the reliability of
    those that are no baselines: share of positive rows against mean score.
    """
    charts: list[Markup] = []
    headings: list[str] = []
    for one in found.sets:
        headings.append(f"{one.name}: {TITLES[one.measure]}, 95% interval")
        charts.append(_ranking(one))
        calibrated = [
            rating for rating in one.ratings if rating.kind != "baseline" and "ece" in rating.values
        ]
        if calibrated:
            headings.append(f"{one.name}: reliability")
            charts.append(_reliability(one, calibrated))
    return standalone(*charts, headings=headings)


def _ranking(one: SetAgreement) -> Markup:
    """A forest plot; a metric whose measure is undefined is named there without an interval."""
    least, chance = (0.0, 0.0) if one.graded else (0.4, 0.5)
    rows = [_estimate(rating, rating.values.get(one.measure), least) for rating in one.ratings]
    desc = "; ".join(f"{row.label} {row.shown}" for row in rows)
    return intervals(
        f"{one.name}: {TITLES[one.measure]}", desc, rows, Axis(low=least, high=1.0), reference=chance
    )


def _estimate(rating: Rating, found: Interval | None, least: float) -> Estimate:
    if found is None:
        return Estimate(rating.name, least, least, least, shown="–")
    return Estimate(rating.name, found.mean, found.low, found.high, shown=between(found))


def _reliability(one: SetAgreement, ratings: Sequence[Rating]) -> Markup:
    series = [
        Series(rating.name, tuple((part.score, part.positive) for part in rating.reliability))
        for rating in ratings
    ]
    desc = "Share of positive rows by mean score; on the dashed line a score is a probability."
    axes = replace(SHARE, label="mean score"), replace(SHARE, label="share of positive rows")
    return curve(f"{one.name}: reliability", desc, series, *axes, diagonal=True)
