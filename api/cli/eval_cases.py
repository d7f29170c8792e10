"""`footnote eval cases`, `retrieval` and `read`: cases, search and the reader, for a terminal."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from eval.cases import Counts, Written, count, parse_layout, read_cases, read_questions, write_cases
from eval.corpus import load_beir, put_whole
from eval.environment import machine, require
from eval.output import table
from eval.reading import ReaderScores, score_reading
from eval.retrieval import MEASURES, Retrieval, judged_of, score_retrieval
from eval.statistics import Interval
from rag.errors import InvalidInput
from rag.files import write_whole
from rag.service import open_service
from rag.settings import Settings
from rag.types import Mode

Show = Callable[[int, int], None]
_OWN = {"store": "", "index": "embedded"}
"""Settings of a store of one's own."""


def convert(source: Path, target: Path | None, layout: str | None, to: Written, *, as_json: bool) -> None:
    """Read cases, write them in another layout if asked to, and say what they hold."""
    cases = read_cases(source, parse_layout(layout) if layout else None)
    if target is not None:
        write_cases(cases, target, to)
    found = count(cases)
    typer.echo(_json(asdict(found)) if as_json else _counted(found))


def retrieval(
    settings: Settings,
    path: Path,
    collection: str | None,
    *,
    layout: str | None,
    mode: Mode,
    rerank: bool,
    measures: Sequence[str] | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score search on a collection, or on a BEIR folder's own corpus in a store that is thrown away."""
    queries, left_out = judged_of(path, parse_layout(layout) if layout else None)
    if collection is None and not path.is_dir():
        raise InvalidInput("Cases need a collection to search in; name it.", code="collection_missing")
    require("ir_measures")
    with _progress("searching", as_json) as show, tempfile.TemporaryDirectory() as scratch:
        chosen = settings if collection else settings.model_copy(update=_OWN | {"data": Path(scratch)})
        with closing(open_service(chosen)) as service:
            if collection is None:
                put_whole(
                    service.store,
                    service.models.encoder,
                    path.resolve().name,
                    load_beir(path).documents,
                    show,
                )
            found = score_retrieval(
                service,
                collection or path.resolve().name,
                queries,
                mode,
                rerank=rerank,
                measures=measures or MEASURES,
                left_out=left_out,
                progress=show,
            )
    _tell(asdict(found), _retrieved(found), out, as_json=as_json)


def read(settings: Settings, path: Path, layout: str | None, out: Path | None, *, as_json: bool) -> None:
    """Score the reader on cases with passages of their own."""
    questions = read_questions(path, parse_layout(layout) if layout else None)
    with _progress("reading", as_json) as show, closing(open_service(settings)) as service:
        found = score_reading(service.models.reader, questions, service.answerer.thresholds.answer, show)
    _tell(asdict(found), _read(found), out, as_json=as_json)


def _tell(found: Mapping[str, object], text: str, out: Path | None, *, as_json: bool) -> None:
    if out is not None:
        write_whole(out, _json({**found, "machine": machine()}) + "\n")
    typer.echo(_json(found) if as_json else text)


@contextmanager
def _progress(what: str, as_json: bool) -> Iterator[Show]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _counted(found: Counts) -> str:
    named = [
        ["with a reference", found.with_reference],
        ["with relevant sources", found.with_sources],
        ["with contexts", found.with_contexts],
        ["unanswerable", found.unanswerable],
        ["synthetic", found.synthetic],
        *([f"type {name}", number] for name, number in found.types.items()),
    ]
    return table(["cases", str(found.cases)], [[str(name), str(number)] for name, number in named])


def _retrieved(found: Retrieval) -> str:
    groups = {"all": found.measures, **{f"type {name}": means for name, means in found.types.items()}}
    how = f"{found.mode}{', reranked' if found.rerank else ''}"
    lines = [
        f"{found.queries} queries on {found.collection} ({how}), {found.ms_per_query:.0f} ms each.",
        f"{found.left_out} cases without relevant sources are left out; {found.absent} relevant sources are"
        " not in the collection and count as missed.",
        "",
        _table(groups),
    ]
    return "\n".join(lines)


def _read(found: ReaderScores) -> str:
    lines = [
        f"{len(found.rows)} questions read by {found.model}, silent below probability {found.threshold:.2f}.",
        f"{found.left_out} cases cannot be read and are left out.",
        "",
        _table(found.scores),
    ]
    return "\n".join(lines)


def _table(groups: Mapping[str, Mapping[str, Interval]]) -> str:
    names = list(dict.fromkeys(name for means in groups.values() for name in means))
    rows = [
        [group, str(next(iter(means.values())).n), *(_interval(means[name]) for name in names)]
        for group, means in groups.items()
    ]
    return table(["", "n", *names], rows)


def _interval(found: Interval) -> str:
    return f"{found.mean:.3f} ({found.low:.3f} – {found.high:.3f})"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
