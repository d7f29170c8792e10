"""`footnote ask`: a question, answered with footnotes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Check, Collection, Data, Filters, Json, Mode, parse_filters, settings_from
from rag.types import CheckPolicy

app = typer.Typer(add_completion=False)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    collection: Collection = "default",
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages to answer from.")] = 5,
    mode: Annotated[Mode, typer.Option(help="Quote, write with the language model, or choose.")] = Mode.auto,
    check: Annotated[
        Check | None, typer.Option(help="What to do about unsupported sentences.", show_default="the setting")
    ] = None,
    filters: Filters = None,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Earlier turns, a JSON list of {role, content}; - for standard input.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Answer a question with footnotes, and check every sentence."""
    settings, wanted = settings_from(data=data), parse_filters(filters)
    from api.cli import backend
    from api.cli.history import read_history
    from api.cli.results import print_answer

    policy: CheckPolicy | None = check.value if check else None
    answer = backend.ask(
        settings,
        collection,
        question,
        k=k,
        mode=mode.value,
        check=policy,
        filters=wanted,
        history=read_history(history),
    )
    if json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        print_answer(answer)
