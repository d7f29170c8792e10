"""`footnote search`: passages, best first."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import Collection, Data, Filters, Json, Rerank, SearchMode, parse_filters, settings_from

app = typer.Typer(add_completion=False)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: Collection = "default",
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    rerank: Rerank = True,
    filters: Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what made each score.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Find passages, best first."""
    settings, wanted = settings_from(data=data), parse_filters(filters)
    from api.cli import backend
    from api.cli.results import print_hits

    result = backend.search(
        settings, collection, query, k=k, mode=mode.value, rerank=rerank, filters=wanted, explain=explain
    )
    if json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        print_hits(query, result, explain=explain)
