"""`footnote eval online`: what became of live answers, from the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.console import out as console
from api.cli.options import Data, Json, settings_from
from api.http.schemas.online import OnlineOut
from eval.online.drift import Verdict
from eval.online.overview import Overview, in_words, overview, title, when, worst_answers
from eval.online.page import online_page
from rag.files import write_whole
from rag.settings import Settings
from rag.store import Store

WORST = 20
"""Answers on the page."""
_STYLES: dict[Verdict, str] = {"worse": "red", "better": "green", "steady": "", "too_few": "dim"}

app = typer.Typer(add_completion=False)


@app.command()
def online(
    collection: Annotated[str, typer.Argument(help="The collection whose live answers to look at.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the page here, with the worst answers."),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Delete every sample instead.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show how a sample of the live answers was scored, and what changed."""
    settings = settings_from(data=data)
    if forget:
        _forget(settings, collection)
    else:
        _show(settings, collection, as_json=json, page=out)


def _show(settings: Settings, collection: str, *, as_json: bool, page: Path | None) -> None:
    """Print it as tables, or as the API's JSON; `page` is where to write the page, with texts."""
    with Store.open(settings.store_url) as store:
        found = overview(store, collection)
        if page is not None:
            page.parent.mkdir(parents=True, exist_ok=True)
            write_whole(page, online_page(found, worst_answers(store, collection, WORST)))
    if as_json:
        typer.echo(OnlineOut.of(found, settings.online_share).model_dump_json(indent=2))
    else:
        _print(found, settings)


def _forget(settings: Settings, collection: str) -> None:
    """Delete every sample of the collection."""
    with Store.open(settings.store_url) as store:
        gone = store.samples.forget(collection)
    typer.echo(f"{gone} samples of {collection} are deleted.")


def _print(found: Overview, settings: Settings) -> None:
    if found.first is None or found.last is None:
        typer.echo(
            f"No live answer of {found.collection} was sampled (online_share = {settings.online_share:g})."
        )
        return
    states = ", ".join(f"{count} {state}" for state, count in found.states.items())
    typer.echo(f"{found.answers} answers, {when(found.first)} to {when(found.last)}: {states}")
    table = Table("signal", "what became of it")
    for drift in found.drifts:
        table.add_row(title(drift.signal), in_words(drift), style=_STYLES[drift.verdict])
    stages = Table("stage", "median before", "now", "95th percentile before", "now")
    for times in found.stages:
        before = times.before or (None, None)
        stages.add_row(
            times.stage, *(_ms(ms) for pair in zip(before, times.recent, strict=True) for ms in pair)
        )
    console().print(table)
    console().print(stages)


def _ms(ms: float | None) -> str:
    return "" if ms is None else f"{ms:,.0f} ms"
