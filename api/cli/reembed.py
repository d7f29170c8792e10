"""`footnote reembed`: by the worker of a running service, else in this process."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from api.cli.console import print_error
from api.cli.jobs import reembedding_bar
from api.cli.options import FAILED, Data, Json, settings_from
from api.http.schemas.jobs import JobOut
from api.service import find_running
from ingest.reembed import OnChunks, ReembeddingWorker, submit
from rag.errors import RagError
from rag.settings import Settings
from rag.store import Store
from rag.types import Job

_OPEN = ("queued", "running")
_POLL_S = 0.3


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
        with reembedding_bar(quiet=as_json) as on_chunks:
            _carry_out(settings, store, job, on_chunks)
        ended, bound = store.jobs.get(job.id), store.collections.get(collection).encoder
    if as_json:
        typer.echo(JobOut.of(ended).model_dump_json(indent=2))
    elif ended.status == "succeeded" and bound is not None:
        typer.echo(f"{collection} is embedded with {bound.name} (revision {bound.revision}).")
    for error in ended.errors:
        print_error(RagError(error.message, code=error.code))
    return ended.status == "succeeded"


def _carry_out(settings: Settings, store: Store, job: Job, on_chunks: OnChunks) -> None:
    running = find_running(settings.data)
    if running is None or not running.worker:
        ReembeddingWorker(settings, store, settle_s=0).drain(on_chunks)
        return
    while (job := store.jobs.get(job.id)).status in _OPEN:
        chunks = store.collections.get(job.collection).chunks
        on_chunks(chunks * job.counts.replaced // max(job.counts.total, 1), chunks)
        time.sleep(_POLL_S)
