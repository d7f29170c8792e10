"""`footnote reembed`: by the worker of a running service, else in this process."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.console import print_error
from api.cli.jobs import reembedding_bar, working_off
from api.cli.options import FAILED, Data, Json, settings_from
from api.http.schemas.jobs import JobOut
from ingest.reembed import reembed_worker, submit
from rag.errors import RagError
from rag.settings import Settings
from rag.store import Store

app = typer.Typer(add_completion=False)


@app.command()
def reembed(
    collection: Annotated[str, typer.Argument(help="The collection to embed anew.")],
    encoder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The encoder to change to.", show_default="that of the settings"),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Give a collection another encoder; it is searched by the old one until all is done."""
    if not _reembed_and_report(settings_from(data=data), collection, encoder, as_json=json):
        raise typer.Exit(FAILED)


def _reembed_and_report(settings: Settings, collection: str, encoder: str | None, *, as_json: bool) -> bool:
    """Give a collection another encoder, with a bar; whether the job succeeded.

    Interrupted, the job stays in the store and the next worker goes on with it.
    """
    with Store.open(settings.store_url) as store:
        job = submit(store, settings, collection, encoder)
        with (
            working_off(settings, store, lambda: reembed_worker(settings, store)) as work_off,
            reembedding_bar(quiet=as_json) as show,
        ):
            work_off(job, lambda progress: show(progress.done, progress.total))
        ended, bound = store.jobs.get(job.id), store.collections.get(collection).encoder
    if as_json:
        typer.echo(JobOut.of(ended).model_dump_json(indent=2))
    elif ended.status == "succeeded" and bound is not None:
        typer.echo(f"{collection} is embedded with {bound.name} (revision {bound.revision}).")
    for error in ended.errors:
        print_error(RagError(error.message, code=error.code))
    return ended.status == "succeeded"
