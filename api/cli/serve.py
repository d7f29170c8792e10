"""`footnote serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import Data, StopWithParent, log_to_stderr, settings_from
from api.service import serve as serve_until_stopped
from api.service import stop_with_parent

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.", show_default="8000"),
    ] = None,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run a worker beside the service.")
    ] = True,
    parent: StopWithParent = False,
) -> None:
    """Serve the HTTP API and the page until Ctrl-C."""
    settings = settings_from(data=data, host=host, port=port)
    log_to_stderr()
    if parent:
        stop_with_parent()
    serve_until_stopped(
        settings,
        worker=worker,
        announce=lambda service: typer.echo(f"Footnote serves at {service.url} (data in {settings.data})"),
    )
