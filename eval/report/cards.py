"""The worst cases, each with its answer, verdicts and evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup

from eval.report.analysis import Analysis
from eval.report.evidence import Quoted, excerpt, quoted
from eval.report.html import BRIEF, Part, brief, cut, join, tag
from eval.report.numbers import duration, score
from eval.report.page import details, section, table
from eval.report.wording import MARKS, counted, reason
from eval.report.worst import RULE, Worst
from eval.runs.record import Checked, Footnote, Passage, Row

OPEN = 3
"""Cases that are unfolded at first."""
ANSWER, QUOTE, SENTENCES, PASSAGES = 3000, 500, 25, 8
"""Characters of an answer and of a quote, sentences and passages that are shown at most."""
MARKER = re.compile(r"\[(\d+(?:\s*,\s*\d+)*)\]")


def worst_section(found: Analysis) -> Markup | None:
    """The worst cases of a run; None where nothing is wrong with any."""
    if not found.worst:
        return None
    cards = [_card(n, one) for n, one in enumerate(found.worst, 1)]
    heading = "The worst answer" if len(cards) == 1 else f"The worst {len(cards)} answers"
    return section("worst", heading, *cards, hint=RULE)


def _card(n: int, one: Worst) -> Markup:
    row = one.row
    head = tag("h3", f"{n}. ", cut(row.question, 300), class_="question")
    why = tag("span", " ".join(one.why), class_="why")
    blocks: list[Part] = [
        _labelled("Reference", cut(row.reference, ANSWER)) if row.reference is not None else None,
        _labelled("Answer", _answer(n, row)),
        _evidence(n, row),
        _others(row),
        _scores(row),
        _how(row),
    ]
    folded = details(join([head, why]), tag("div", *blocks, class_="body"), open_=n <= OPEN)
    return tag("article", folded, class_="card", id=f"case-{n}")


def _labelled(label: str, *parts: Part) -> Markup:
    return tag("div", tag("h4", label), *parts, class_="part")


def _answer(n: int, row: Row) -> Markup:
    if row.abstained:
        return tag("p", "No answer. ", reason(row.reason), class_="doubt")
    if row.failure:
        return tag("p", "✗ ", cut(row.failure.message, 500), " ", tag("code", row.failure.code), class_="bad")
    if not row.sentences:
        return tag("p", cut(row.response, ANSWER), class_="said")
    known = {note.marker for note in row.footnotes}
    items = [tag("li", *_sentence(n, one, known)) for one in row.sentences[:SENTENCES]]
    left = len(row.sentences) - SENTENCES
    more = tag("p", f"… {counted(left, 'more sentence')}", class_="note") if left > 0 else None
    return join([tag("ul", *items, class_="sentences"), more])


def _sentence(n: int, one: Checked, known: set[int]) -> list[Part]:
    """The sentence with its markers as links to the footnotes, and what the checker said."""
    text = _linked(one.text, n, known) if len(one.text) <= ANSWER else cut(one.text, ANSWER)
    if one.label is None:
        return [tag("span", text, class_="said"), " ", tag("span", "not checked", class_="verdict note")]
    support = "" if one.support is None else f" · support {one.support:.2f}"
    verdict = tag("span", f"{MARKS[one.label]} {one.label}{support}", class_=f"verdict {one.label}")
    return [tag("span", text, class_="said"), " ", verdict]


def _linked(text: str, n: int, known: set[int]) -> Markup:
    parts: list[Part] = []
    place = 0
    for match in MARKER.finditer(text):
        markers = [int(marker) for marker in match[1].split(",")]
        if set(markers) <= known:
            links = [tag("a", f"[{marker}]", href=f"#{_anchor(n, marker)}") for marker in markers]
            parts += [text[place : match.start()], tag("sup", *links)]
            place = match.end()
    return tag("bdi", *parts, text[place:])


def _evidence(n: int, row: Row) -> Markup | None:
    """Each passage that is quoted, with the quotes marked; then quotes that no passage shown holds."""
    found = [(passage, quoted(row, place)) for place, passage in enumerate(row.passages)]
    items = [_quoting(n, passage, spans) for passage, spans in found if spans]
    seen = {span.marker for _, spans in found for span in spans}
    items += [_lone(n, note) for note in row.footnotes if note.marker not in seen]
    return _labelled("Footnotes", tag("ul", *items, class_="footnotes")) if items else None


def _quoting(n: int, passage: Passage, spans: Sequence[Quoted]) -> Markup:
    anchors = [
        tag("span", f"[{span.marker}] ", id=_anchor(n, span.marker), class_="number") for span in spans
    ]
    head = tag("span", *anchors, _place(passage.source, passage.page), _title(passage), class_="where")
    return tag("li", head, tag("p", excerpt(passage, spans), class_="passage"))


def _lone(n: int, note: Footnote) -> Markup:
    anchor = tag("span", f"[{note.marker}] ", id=_anchor(n, note.marker), class_="number")
    head = tag("span", anchor, _place(note.source, note.page), class_="where")
    return tag("li", head, tag("p", tag("mark", cut(note.quote, QUOTE)), class_="passage"))


def _anchor(n: int, marker: int) -> str:
    return f"case-{n}-note-{marker}"


def _place(source: str, page: int | None) -> Markup:
    return tag("span", brief(source), f", page {page}" if page else None, class_="where")


def _title(passage: Passage) -> Markup | None:
    known = passage.title and passage.title != passage.source
    return join([" · ", brief(passage.title)]) if known else None


def _others(row: Row) -> Markup | None:
    """The passages that were found and not quoted, folded away."""
    rest = [passage for place, passage in enumerate(row.passages) if not quoted(row, place)]
    if not rest:
        return None
    items = [
        tag(
            "li",
            tag("span", _place(passage.source, passage.page), _title(passage), class_="where"),
            tag("p", excerpt(passage, ()), class_="passage"),
        )
        for passage in rest[:PASSAGES]
    ]
    left = len(rest) - len(items)
    more = tag("p", f"… {counted(left, 'more passage')}", class_="note") if left else None
    whose = "that no footnote quotes" if row.footnotes else "that were found"
    return details(f"{counted(len(rest), 'passage')} {whose}", tag("ol", *items, class_="passages"), more)


def _scores(row: Row) -> Markup:
    """Scores in a line; below them what could not be computed, and folded away what does not apply."""
    items = [tag("li", tag("span", name, class_="note"), score(value)) for name, value in row.scores.items()]
    bad = [
        tag("p", "✗ ", name, ": ", cut(failure.message, 200), " ", tag("code", failure.code), class_="bad")
        for name, failure in row.errors.items()
        if failure != row.failure
    ]
    rows = [[name, why] for name, why in row.skipped.items()]
    skipped = table(
        "Metrics that do not apply", ["Metric", "Because of"], rows, words=(0, 1), hide_caption=True
    )
    folded = details(f"{counted(len(rows), 'metric')} not applicable", skipped) if rows else None
    return _labelled("Scores", tag("ul", *items, class_="inline") if items else None, *bad, folded)


def _how(row: Row) -> Markup:
    whole = row.timings_ms.get("total")
    stages = ", ".join(f"{name} {duration(ms)}" for name, ms in row.timings_ms.items() if name != "total")
    pairs: list[tuple[str, Part]] = [("route", brief(row.route))]
    if row.confidence is not None:
        pairs.append(("sure", f"{row.confidence:.2f}"))
    if whole is not None:
        pairs.append(("time", f"{duration(whole)} ({stages})" if stages else duration(whole)))
    pairs += [(name[:BRIEF], brief(value)) for name, value in row.slices.items()]
    pairs.append(("case", tag("code", cut(row.id, 60))))
    items = [tag("li", tag("span", name, class_="note"), value) for name, value in pairs]
    return _labelled("How it came about", tag("ul", *items, class_="inline"))
