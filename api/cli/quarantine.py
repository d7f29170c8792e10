"""`footnote quarantine`: passages that are kept out of search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Data, Json, settings_from
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.store import QuarantinedChunk

_SHOWN = 160  # characters of a passage
app = typer.Typer(add_completion=False)


@app.command()
def quarantine(
    collection: Annotated[str, typer.Argument(help="The collection to look at.")],
    release: Annotated[
        list[str] | None,
        typer.Option("--release", metavar="ID", help="Make this passage searchable; may be repeated."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the passages that are kept out of search and why, or release some for good."""
    settings = settings_from(data=data)
    if release:
        _release(settings, collection, release, as_json=json)
    else:
        _show(settings, collection, as_json=json)


def _release(settings: Settings, collection: str, chunk_ids: Sequence[str], *, as_json: bool) -> None:
    """Make passages searchable; the ids are all found, or nothing is released."""
    from api.http.schemas.curation import ReleasedOut
    from rag.store import Store

    with Store.open(settings.store_url) as store:
        released = store.quarantine.release(collection, chunk_ids)
    typer.echo(ReleasedOut(released=released).model_dump_json() if as_json else f"{released} released")


def _show(settings: Settings, collection: str, *, as_json: bool) -> None:
    """Print everything that is in quarantine."""
    from api.http.schemas.curation import QuarantinedOut, QuarantineOut
    from rag.store import Store

    with Store.open(settings.store_url) as store:
        held = list(store.quarantine.every(collection))
    if as_json:
        shown = QuarantineOut(chunks=[QuarantinedOut.of(one) for one in held], next_cursor=None)
        typer.echo(shown.model_dump_json(indent=2))
    elif held:
        _print(held)
    else:
        typer.echo("Nothing is in quarantine.")


def _print(held: Sequence[QuarantinedChunk]) -> None:
    from rich.table import Table

    from api.cli.console import out

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("chunk", "reason", "source", "why and what"):
        table.add_column(column)
    for one in held:
        why = "; ".join(finding.text for finding in one.chunk.findings)
        # a secret that is kept out of search is not shown on a screen either
        text = "" if one.reason in ("secret", "personal_data") else " ".join(one.chunk.text.split())[:_SHOWN]
        table.add_row(one.chunk.id, one.reason, one.source, f"{why}\n{text}".strip())
    out().print(table)
