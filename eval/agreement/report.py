"""A comparison with people as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from eval.agreement.results import AgreementReport, Bin, Lead, Mistake, Rating, SetAgreement, SliceResult
from eval.output import table
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
        _told(one),
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


def _told(one: SetAgreement) -> str:
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


_COLOURS = ("#1f6feb", "#d1495b", "#2e8b57", "#7048a8", "#b8860b", "#00838f", "#8a6d3b")
_BASELINE = "#777777"
_NAMES, _BARS, _SQUARE, _ROW = 250, 300, 130, 18
_WIDTH = _NAMES + _BARS + _SQUARE + 70


def draw(found: AgreementReport) -> str:
    """One panel a set, below each other: on the left each metric's ranking with its interval, on the right
    the reliability of those that are no baselines: share of positive rows against mean score.
    """
    top, panels = 0, []
    for one in found.sets:
        height = _height(one)
        panels += [f'<g transform="translate(0 {top})">', *_panel(one, height), "</g>"]
        top += height
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    return (
        "\n".join([head, f'<rect width="{_WIDTH}" height="{top}" fill="white"/>', *panels, "</svg>"]) + "\n"
    )


def _height(one: SetAgreement) -> int:
    return 44 + max(len(one.ratings) * _ROW + 26, 0 if one.graded else _SQUARE + 34)


def _panel(one: SetAgreement, height: int) -> Iterator[str]:
    title = "Spearman's correlation" if one.graded else "AUC"
    yield f'<text x="10" y="22" font-size="13" font-weight="bold">{escape(one.name)}</text>'
    yield f'<text x="{_NAMES}" y="22" fill="#555">{title}, 95% interval</text>'
    least = 0.0 if one.graded else 0.4
    bottom = 40 + len(one.ratings) * _ROW
    for n in range(round(10 * least), 11, 2 if one.graded else 1):
        x = _across(n / 10, least)
        yield f'<line x1="{x:.1f}" y1="32" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle" fill="#555">{n / 10:.1f}</text>'
    for n, (rating, colour) in enumerate(_coloured(one)):
        yield from _whisker(rating, rating.values.get(one.measure), 46 + n * _ROW, colour, least)
    if not one.graded:
        yield from _reliability(one, _WIDTH - _SQUARE - 20, 32)


def _coloured(one: SetAgreement) -> Iterator[tuple[Rating, str]]:
    colours = iter(_COLOURS * (1 + len(one.ratings) // len(_COLOURS)))
    for rating in one.ratings:
        yield rating, _BASELINE if rating.kind == "baseline" else next(colours)


def _across(value: float, least: float) -> float:
    return _NAMES + max(0.0, (value - least) / (1 - least)) * (_BARS - 20)


def _whisker(rating: Rating, found: Interval | None, y: int, colour: str, least: float) -> Iterator[str]:
    at = f'x="{_NAMES - 10}" y="{y + 4}" text-anchor="end" fill="{colour}"'
    yield f"<text {at}>{escape(rating.name)}</text>"
    if found is None:
        return
    low, value, high = (_across(x, least) for x in (found.low, found.mean, found.high))
    yield f'<line x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    yield f'<circle cx="{value:.1f}" cy="{y}" r="4" fill="{colour}"/>'


def _reliability(one: SetAgreement, left: int, top: int) -> Iterator[str]:
    size, bottom = _SQUARE, top + _SQUARE
    yield f'<rect x="{left}" y="{top}" width="{size}" height="{size}" fill="none" stroke="#ccc"/>'
    ends = f'x1="{left}" y1="{bottom}" x2="{left + size}" y2="{top}"'
    yield f'<line {ends} stroke="#ccc" stroke-dasharray="3"/>'
    yield f'<text x="{left + size / 2}" y="{bottom + 14}" text-anchor="middle" fill="#555">mean score</text>'
    yield (
        f'<text x="{left - 6}" y="{top + size / 2}" text-anchor="middle" fill="#555" '
        f'transform="rotate(-90 {left - 6} {top + size / 2})">share positive</text>'
    )
    for rating, colour in _coloured(one):
        if rating.kind != "baseline" and "ece" in rating.values:
            yield from _curve(rating.reliability, left, bottom, colour)


def _curve(bins: tuple[Bin, ...], left: int, bottom: int, colour: str) -> Iterator[str]:
    places = [(left + one.score * _SQUARE, bottom - one.positive * _SQUARE) for one in bins]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)
