"""`footnote eval synthesize`: cases from a collection's own passages."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID

from api.cli.options import Collection, Data, Json, settings_from
from eval.cases import count as count_cases
from eval.cases import write_cases
from eval.report.wording import table
from eval.synthesis.passages import KINDS, TYPES, Kind, Options, Progress, Synthesis
from eval.synthesis.synthesize import synthesize as make_cases
from rag.errors import InvalidInput
from rag.service import open_service
from rag.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def synthesize(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write them: .jsonl, .json or .csv.")
    ],
    collection: Collection = "default",
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many cases.")] = 100,
    kinds: Annotated[str, typer.Option(help="Which kinds.")] = "single,multi,unanswerable",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cases.")] = 0,
    llm: Annotated[bool, typer.Option("--llm", help="Let the language model write them.")] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="COST", help="With --llm: stop before it costs more.", show_default=False
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make cases from a collection's own passages, and check each one by reading it back."""
    options = Options(count, _parse_kinds(kinds), seed, llm, max_cost)
    _synthesize(settings_from(data=data), collection, out, options, as_json=json)


def _synthesize(settings: Settings, collection: str, out: Path, options: Options, *, as_json: bool) -> None:
    """Make cases, write them, and say how many of which kind and what was dropped for which reason."""
    with closing(open_service(settings)) as service, _progress(as_json) as show:
        found = make_cases(service, collection, options, show)
    write_cases(found.cases, out)
    report = {
        "cases": asdict(count_cases(found.cases)),
        "wanted": {TYPES[kind]: number for kind, number in found.wanted.items()},
        "drafts": found.drafts,
        "dropped": dict(found.dropped),
        "rules": dict(found.rules),
        "usage": asdict(found.usage),
    }
    typer.echo(jsonlib.dumps(report, indent=2, ensure_ascii=False) if as_json else _text(found, out))


def _parse_kinds(text: str) -> tuple[Kind, ...]:
    """Kinds parted by commas, each once. Raises InvalidInput `unknown_kind`."""
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    found = tuple(kind for kind in KINDS if kind in names)
    if len(found) < len(names) or not found:
        raise InvalidInput(f"Kinds of cases are {', '.join(KINDS)}, not {text!r}.", code="unknown_kind")
    return found


@contextmanager
def _progress(as_json: bool) -> Iterator[Progress]:
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        tasks: dict[Kind, TaskID] = {}

        def show(kind: Kind, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(TYPES[kind], total=total)
            bar.update(tasks[kind], completed=done, total=total)

        yield show


def _text(found: Synthesis, out: Path) -> str:
    made = count_cases(found.cases).types
    kinds = [
        [TYPES[kind], str(made.get(TYPES[kind], 0)), str(number)] for kind, number in found.wanted.items()
    ]
    lines = [
        f"{len(found.cases)} cases in {out}, of {found.drafts} drafts.",
        "",
        table(["kind", "made", "wanted"], kinds),
    ]
    if found.dropped:
        rows = [[reason, str(number)] for reason, number in found.dropped.items()]
        lines += ["", table(["dropped", "drafts"], rows)]
    if found.usage.prompt_tokens:
        used = found.usage
        tokens = f"{used.prompt_tokens} tokens read, {used.completion_tokens} written"
        lines += ["", f"{tokens}, cost {used.cost:.4f}."]
    return "\n".join(lines)
