"""What the command line prints of an explanation: the passage with its marks, and small tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from footnote.models import ExplainedHit, Explanation, Hit, Occlusion, Span, StageShare, Window

TERM = "bold underline"
_MOST_TOKENS = 40
_INDENT = (0, 0, 0, 4)


def print_explanation(console: Console, query: str, hit: Hit) -> None:
    """The passage with the matched words underlined, the stages, the words and the tokens."""
    found = hit.explanation
    if found is None:
        return
    for shown in (_parts(hit, found), _terms(found), _tokens(query, hit.text, found)):
        if shown is not None:
            console.print(Padding(shown, _INDENT, expand=False))


def print_explained(console: Console, query: str, found: ExplainedHit) -> None:
    """One passage whole: what `print_explanation` shows, and the reader's windows, the strongest coloured."""
    console.print(highlighted(found.hit))
    print_explanation(console, query, found.hit)
    console.print(Padding(_reader(found.hit.text, found.reader), _INDENT, expand=False))


def highlighted(hit: Hit) -> Text:
    """The passage's text with the matched words underlined."""
    text = Text(hit.text)
    for span in _spans(hit.explanation):
        text.stylize(TERM, span.start, span.end)
    return text


def excerpt(hit: Hit, length: int) -> Text:
    """The first `length` characters of `marked`, on one line."""
    text = highlighted(hit)
    lines = Text(" ").join(line for line in text.split("\n") if line.plain.strip())
    if len(lines) > length:
        cut = lines.plain.rfind(" ", 0, length)
        lines = lines[: cut if cut > 0 else length] + Text(" …")
    return lines


def _spans(found: Explanation | None) -> Iterator[Span]:
    for term in found.terms if found else ():
        yield from term.spans


def _parts(hit: Hit, found: Explanation) -> Table | None:
    if not found.parts:
        return None
    table = _table("part", "score", "rank", "weight", "adds")
    for name, stage in found.parts.items():
        table.add_row(name, *_cells(stage))
    table.add_row("score", "", "", "", f"{hit.score:.3f}", style="bold")
    return table


def _cells(stage: StageShare) -> tuple[str, str, str, str]:
    rank = "" if stage.rank is None else f"#{stage.rank}"
    return _number(stage.score), rank, _number(stage.weight), _number(stage.contribution)


def _terms(found: Explanation) -> Table | None:
    if not found.terms:
        return None
    table = _table("word", "BM25", "idf", "tf", "times")
    for term in found.terms:
        places = str(len(term.spans)) if term.spans else "headings"
        table.add_row(term.term, f"{term.score:.3f}", f"{term.idf:.2f}", f"{term.tf:.2f}", places)
    return table


def _tokens(query: str, text: str, found: Explanation) -> Table | None:
    """The query's tokens with what they matched best, the marks of beginning and end left out."""
    tokens = [token for token in found.tokens if token.query is not None][:_MOST_TOKENS]
    if not tokens:
        return None
    table = _table("token", "like", "similarity", "share")
    for token in tokens:
        there = f"“{_piece(text, token.passage)}”" if token.passage else "(headings or mark)"
        asked = _piece(query, token.query) if token.query else ""
        table.add_row(asked, there, f"{token.similarity:.3f}", f"{token.share:.3f}")
    return table


def _reader(text: str, found: Occlusion) -> Text:
    """The passage once more: the windows whose loss the reader minds most are coloured."""
    head = Text(f"reader: relevance {found.relevance:.2f}")
    if found.answer:
        head.append(f", answer “{found.answer.text}” ({found.answer.probability:.2f})")
    body = Text(text, "dim")
    for window in found.windows:
        body.stylize(_colour(window, found.windows), window.start, window.end)
    lines = [head, body, *_strongest(text, found.windows)]
    return Text("\n").join(lines)


def _colour(window: Window, windows: Sequence[Window]) -> str:
    top = max(one.relevance for one in windows)
    share = window.relevance / top if top > 0 else 0.0
    return "bold green" if share > 0.5 else "green" if share > 0.2 else ""


def _strongest(text: str, windows: Sequence[Window], count: int = 3) -> list[Text]:
    """The windows without which the relevance falls most."""
    best = sorted(windows, key=lambda one: -one.relevance)[:count]
    return [
        Text(f"  without “{_piece(text, one)}”: {-one.relevance:+.2f}") for one in best if one.relevance > 0
    ]


def _piece(text: str, span: Span | Window) -> str:
    return " ".join(text[span.start : span.end].split())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 or name == "like" else "right")
    return table
