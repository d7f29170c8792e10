"""A row that a person has judged."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eval.agreement.layout import NAMES, SUPPORTED, VERDICTS, Layout
from eval.metrics.judge import Sample
from rag.errors import InvalidInput, NotFound
from rag.types import Label


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was judged, and what the person said of it.

    `truth` is 1 or 0, or a grade; `kind` is the label as it was written; `verdict` is that label as one of
    the checker's three, where the set tells them apart. Rows of one `group` (a claim, a question) are no
    independent evidence. `scores` are those that came with the row, `fields` what the row is sliced by,
    `line` where it stands in its file.
    """

    sample: Sample
    truth: float
    kind: str
    group: str
    source: str
    line: int
    verdict: Label | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


PASSAGE = 1200
"""Characters of a passage that is put together from sentences, as long as a chunk about."""
_WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Which score columns and slices to read, and how many rows to draw at most (None: all)."""

    scores: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    most: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The rows to compare on, how many there were to draw them from, and how many more had no label."""

    rows: tuple[Labelled, ...]
    drawn_from: int
    unlabelled: int


def read_labelled(path: Path, layout: Layout, wanted: RowSelection | None = None) -> LabelledRows:
    """The labelled rows that the layout's conditions let through, drawn at random where there are more than
    wanted (the same seed draws the same).

    A row without a label is counted, not used. Raises NotFound `labelled_not_found`; InvalidInput
    `labelled_unsupported`, `labelled_invalid` (with the row), `labelled_empty`, or `score_missing` for a
    score column that no row has.
    """
    wanted = wanted or RowSelection()
    found = [
        _labelled(record, path, line, layout, wanted)
        for line, record in records(path)
        if all(c.holds(_plain(value_at(record, c.name))) for c in layout.where)
    ]
    rows = [row for row in found if row is not None]
    if not rows:
        raise InvalidInput(_why_empty(path, layout, len(found)), code="labelled_empty")
    for name in wanted.scores:
        if not any(name in row.scores for row in rows):
            raise InvalidInput(f"No labelled row of {path} has a score in {name!r}.", code="score_missing")
    if wanted.most is None or len(rows) <= wanted.most:
        return LabelledRows(tuple(rows), len(rows), len(found) - len(rows))
    picks = random.Random(wanted.seed).sample(range(len(rows)), wanted.most)
    return LabelledRows(tuple(rows[place] for place in sorted(picks)), len(rows), len(found) - len(rows))


def _why_empty(path: Path, layout: Layout, unlabelled: int) -> str:
    if unlabelled:
        return f"{path}: none of {unlabelled} rows has a label in {layout.names.get('label', 'label')!r}."
    return f"{path} holds no row" + (
        f" with {' and '.join(map(str, layout.where))}." if layout.where else "."
    )


def _labelled(record: Record, path: Path, line: int, layout: Layout, wanted: RowSelection) -> Labelled | None:
    found = {ours: _find(record, ours, layout) for ours in NAMES}
    kind = _plain(found["label"])
    if not kind.strip():
        return None
    return Labelled(
        _sample(found, path, line),
        _truth(kind, layout, path, line),
        kind,
        _plain(found["group"]) or f"{path.name}:{line}",
        _plain(found["source"]) or layout.name,
        line,
        layout.verdicts.get(kind) if layout.positive else VERDICTS.get(kind),
        _scores(record, wanted.scores, path, line),
        {name: _plain(value_at(record, name)) or "–" for name in (*layout.slices, *wanted.slices)},
    )


def _find(record: Record, ours: str, layout: Layout) -> object:
    if ours in layout.names:
        return value_at(record, layout.names[ours]) if layout.names[ours] else None
    return next((record[name] for name in NAMES[ours] if record.get(name) is not None), None)


def _sample(found: Mapping[str, object], path: Path, line: int) -> Sample:
    contexts = _texts(found["contexts"], path, line) or packed(_texts(found["sentences"], path, line))
    reference = found["reference"]
    if not (found["response"] or found["question"]):
        raise invalid(path, line, "there is neither a response nor a question")
    return Sample(
        _plain(found["question"]),
        _plain(found["response"]),
        contexts,
        None if reference is None else _plain(reference),
    )


def packed(sentences: Sequence[str]) -> tuple[str, ...]:
    """Passages of at most PASSAGE characters (or one sentence) from sentences in order."""
    passages: list[str] = []
    for sentence in sentences:
        if passages and len(passages[-1]) + len(sentence) < PASSAGE:
            passages[-1] = f"{passages[-1]} {sentence}"
        else:
            passages.append(sentence)
    return tuple(passages)


def _texts(value: object, path: Path, line: int) -> tuple[str, ...]:
    """Texts of a text, a list of texts, or a list of objects with `text` (the passages of a report)."""
    if value is None:
        return ()
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise invalid(path, line, "the evidence is neither a text nor a list of texts")
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise invalid(path, line, "the evidence is not made of texts")
    return tuple(str(text) for text in texts if str(text).strip())


def _truth(kind: str, layout: Layout, path: Path, line: int) -> float:
    if layout.positive or kind in VERDICTS:
        return float(kind in (layout.positive or SUPPORTED))
    number = _WORDS[kind.lower()] if kind.lower() in _WORDS else _number(kind)
    if number is None:
        raise invalid(path, line, f"the label {kind!r} is no number; say which classes are positive")
    return number


def _scores(record: Record, names: Sequence[str], path: Path, line: int) -> dict[str, float]:
    """The scores that the row has; one that is there and no finite number is an error."""
    found: dict[str, float] = {}
    for name in names:
        text = _plain(value_at(record, name))
        if text.strip():
            number = _number(text)
            if number is None:
                raise invalid(path, line, f"{name!r} holds {text!r}, which is no finite number")
            found[name] = number
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _plain(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


Record = Mapping[str, object]


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """Each row with the number of its line, or of its place in a report's `rows`, from 1.

    Reads .jsonl, .ndjson, .csv and .json, each maybe .gz. Raises NotFound `labelled_not_found`, InvalidInput
    `labelled_unsupported` or `labelled_invalid`.
    """
    if not path.is_file():
        raise NotFound(f"There is no file of labelled rows at {path}.", code="labelled_not_found")
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    readers = {"jsonl": _lines, "ndjson": _lines, "csv": _cells, "json": _report}
    if kind not in readers:
        raise InvalidInput(
            f"Labelled rows are read from .jsonl, .csv or a report.json, not from {path.name}.",
            code="labelled_unsupported",
        )
    try:
        yield from readers[kind](path)
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise invalid(path, None, f"it cannot be read ({error})") from error


def invalid(path: Path, line: int | None, what: str) -> InvalidInput:
    """InvalidInput `labelled_invalid` about a line of a file."""
    at = f"{path}: {what}" if line is None else f"{path}, row {line}: {what}"
    return InvalidInput(f"{at}.", code="labelled_invalid")


def value_at(record: Record, name: str) -> object:
    """The value of a field; `scores.faithfulness` looks into an object. None where it is not there."""
    if name in record:
        return record[name]
    first, _, rest = name.partition(".")
    inner = record.get(first)
    return value_at(inner, rest) if rest and isinstance(inner, Mapping) else None


def _text(path: Path) -> str:
    found = path.read_bytes()
    return (gzip.decompress(found) if path.suffix.lower() == ".gz" else found).decode("utf-8-sig")


def _lines(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise invalid(path, number, f"not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise invalid(path, number, "not an object")
        yield number, row


def _cells(path: Path) -> Iterator[tuple[int, Record]]:
    reader = csv.DictReader(_text(path).splitlines(keepends=True), restkey="", strict=True)
    try:
        for row in reader:
            if "" in row or None in row.values():
                raise invalid(path, reader.line_num, "the number of cells differs from the header's")
            yield reader.line_num, {key: _cell(text) for key, text in row.items() if text.strip()}
    except csv.Error as error:
        raise invalid(path, reader.line_num, f"not CSV ({error})") from error


def _cell(text: str) -> object:
    """A JSON list is one, all else is text."""
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _report(path: Path) -> Iterator[tuple[int, Record]]:
    try:
        value = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise invalid(path, None, f"not JSON ({error.msg}, line {error.lineno})") from error
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise invalid(path, None, "neither a list of rows nor a report with `rows`")
    yield from enumerate(rows, 1)
