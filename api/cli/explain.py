"""`footnote explain`: one passage and all that made its score."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import (
    Collection,
    Data,
    Filters,
    Json,
    Rerank,
    SearchMode,
    Unit,
    parse_filters,
    settings_from,
)

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    query: Annotated[str, typer.Argument(help="What was looked for.")],
    collection: Collection = "default",
    chunk: Annotated[
        str | None, typer.Option("--chunk", metavar="ID", help="The passage; without it the hit at --rank.")
    ] = None,
    rank: Annotated[int, typer.Option("--rank", min=1, max=100, help="Which hit of the search.")] = 1,
    unit: Annotated[Unit, typer.Option(help="What is left out at a time.")] = Unit.words,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    rerank: Rerank = True,
    filters: Filters = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what made a hit's score, and which of its words the reader heeds."""
    settings, wanted = settings_from(data=data), parse_filters(filters)
    from api.cli import backend
    from api.cli.results import print_chunk

    explained = backend.explain(
        settings,
        collection,
        query,
        chunk,
        rank=rank,
        k=max(rank, 10),
        mode=mode.value,
        rerank=rerank,
        filters=wanted,
        unit=unit.value,
    )
    if json:
        typer.echo(explained.model_dump_json(indent=2))
    else:
        print_chunk(query, explained)
