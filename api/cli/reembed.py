"""Re-embedding from the command line: by the worker of a running service, else in this process."""

from __future__ import annotations

import typer

from api.cli.console import print_error, reembedding_bar
from api.cli.worker import working_off
from api.http.schemas.jobs import JobOut
from ingest.reembed import reembed_worker, submit
from rag.errors import RagError
from rag.settings import Settings
from rag.store import Store


def reembed_and_report(settings: Settings, collection: str, encoder: str | None, *, as_json: bool) -> bool:
    """Give a collection another encoder, with a bar; whether the job succeeded.

    Interrupted, the job stays in the store and the next worker goes on with it.
    """
    with Store.open(settings.store_url) as store:
        job = submit(store, settings, collection, encoder)
        with (
            working_off(settings, lambda: reembed_worker(settings, store), store) as work_off,
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
