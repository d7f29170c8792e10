"""`footnote eval synthesize`: cases from a collection, for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID

from eval.cases import count, write_cases
from eval.output import table
from eval.synthesis.passages import KINDS, TYPES, Kind, Options, Progress, Synthesis
from eval.synthesis.synthesize import synthesize
from rag.errors import InvalidInput
from rag.service import open_service
from rag.settings import Settings


def synthesize_and_report(
    settings: Settings, collection: str, out: Path, options: Options, *, as_json: bool
) -> None:
    """Make cases, write them, and say how many of which kind and what was dropped for which reason."""
    with closing(open_service(settings)) as service, _progress(as_json) as show:
        found = synthesize(service, collection, options, show)
    write_cases(found.cases, out)
    told = {
        "cases": asdict(count(found.cases)),
        "wanted": {TYPES[kind]: number for kind, number in found.wanted.items()},
        "drafts": found.drafts,
        "dropped": dict(found.dropped),
        "rules": dict(found.rules),
        "usage": asdict(found.usage),
    }
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else _text(found, out))


def parse_kinds(text: str) -> tuple[Kind, ...]:
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
    made = count(found.cases).types
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
