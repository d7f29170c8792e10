"""The command line. Commands stay thin and import late, so that `footnote --help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from api.cli.eval import eval_app
from api.cli.options import (
    FAILED,
    Check,
    Collection,
    Data,
    Filters,
    Json,
    Mode,
    Role,
    SearchMode,
    StopWithParent,
    Unit,
    settings_from,
)

JsonObject = dict[str, object]

app = typer.Typer(
    name="footnote",
    help="Answers from your own documents, with a checked footnote behind every sentence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
key_app = typer.Typer(help="Add, list and revoke API keys.", no_args_is_help=True)
app.add_typer(eval_app, name="eval")
app.add_typer(key_app, name="key")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"footnote {installed('footnote-rag')}")
        raise typer.Exit


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
    from api.service import serve as run
    from api.service import stop_with_parent

    settings = settings_from(data=data, host=host, port=port)
    _log_to_stderr()
    if parent:
        stop_with_parent()
    run(
        settings,
        worker=worker,
        announce=lambda running: typer.echo(f"Footnote serves at {running.url} (data in {settings.data})"),
    )


@app.command()
def worker(
    data: Data = None,
    drain: Annotated[bool, typer.Option("--drain", help="End when no job is left.")] = False,
    parent: StopWithParent = False,
) -> None:
    """Work at jobs of every kind until Ctrl-C. Any number of workers may share a store."""
    from api.cli.worker import run_worker

    settings = settings_from(data=data)
    _log_to_stderr()
    run_worker(settings, drain=drain, with_parent=parent)


@app.command()
def ingest(
    path: Annotated[str, typer.Argument(help="A folder, a file, or a URL such as s3://bucket/prefix.")],
    collection: Collection = "default",
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Delete documents whose file is gone from the folder.")
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include", metavar="PATTERN", help="Only such files, as in gitignore; may be repeated."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="No such files or folders; may be repeated."),
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Delete every document when the folder is empty.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and sync again on changes.")] = False,
    every: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="With --watch: look at everything so often.")
    ] = 600,
    report: Annotated[
        bool, typer.Option("--report", help="Then say what became of the collection's files, by format.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read a folder into a collection, which is made if need be. What did not change is skipped."""
    from ingest.types import SyncOptions

    settings = settings_from(data=data)
    options = SyncOptions(delete_missing, tuple(include or ()), tuple(exclude or ()), allow_empty)
    if watch:
        from api.cli.watch import watch_and_report

        watch_and_report(settings, collection, path, options, every=every, as_json=json)
        return
    from api.cli.ingest import ingest_and_report

    job = ingest_and_report(settings, collection, path, options, as_json=json, by_format=report)
    if job.status != "succeeded":
        raise typer.Exit(FAILED)


@app.command()
def curation(
    collection: Annotated[str, typer.Argument(help="The collection whose policy it is.")],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="REASON=ACTION", help="keep, flag or quarantine for a reason; may be repeated."
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help='A language that belongs here; may be repeated, "" for any.'),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show or change what becomes of duplicates, boilerplate, noise, secrets and personal data."""
    from api.cli.curate import show_policy

    show_policy(settings_from(data=data), collection, given or (), language, as_json=json)


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
    from api.cli import curate as curating

    settings = settings_from(data=data)
    if release:
        curating.release(settings, collection, release, as_json=json)
    else:
        curating.show_quarantine(settings, collection, as_json=json)


@app.command()
def adapt(
    collection: Annotated[str, typer.Argument(help="The collection to fit search to.")],
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your questions as .jsonl: question, and source or quote."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Fine-tune the encoder too (extra train).")] = False,
    trust_synthetic: Annotated[
        bool, typer.Option("--trust-synthetic", help="Use what wins on made-up questions alone.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same questions.")] = 0,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the version before.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show every version and what its gates said.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Learn how to search one collection better; only what wins on held-out questions is used."""
    from adapt.types import Options
    from api.cli.adapt import adapt_and_report, roll_back, show_versions

    settings, options = settings_from(data=data), Options(seed, full, trust_synthetic)
    if rollback:
        roll_back(settings, collection, as_json=json)
    elif show:
        show_versions(settings, collection, as_json=json)
    elif not adapt_and_report(settings, collection, questions, options, as_json=json):
        raise typer.Exit(FAILED)


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
    from api.cli.reembed import reembed_and_report

    if not reembed_and_report(settings_from(data=data), collection, encoder, as_json=json):
        raise typer.Exit(FAILED)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: Collection = "default",
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Look at the best ones again.")] = True,
    filters: Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what made each score.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Find passages, best first."""
    settings, wanted = settings_from(data=data), _filters(filters)
    from api.cli.backend import search as run
    from api.cli.console import print_hits
    from api.http.schemas.search import SearchIn

    fields = {"collection": collection, "query": query, "k": k, "mode": mode.value, "rerank": rerank}
    found = run(settings, SearchIn.model_validate({**fields, "filters": wanted, "explain": explain}))
    if json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_hits(query, found, explain=explain)


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
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Look at the best ones again.")] = True,
    filters: Filters = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what made a hit's score, and which of its words the reader heeds."""
    settings, wanted = settings_from(data=data), _filters(filters)
    from api.cli.backend import explain as run
    from api.cli.backend import nth_hit
    from api.cli.console import print_chunk
    from api.http.schemas.explain import ExplainIn
    from api.http.schemas.search import SearchIn

    fields = {"collection": collection, "query": query, "k": max(rank, 10), "mode": mode.value}
    fields |= {"rerank": rerank, "filters": wanted}
    ident = chunk or nth_hit(settings, SearchIn.model_validate(fields), rank)
    found = run(settings, ExplainIn.model_validate({**fields, "chunk_id": ident, "unit": unit.value}))
    if json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_chunk(query, found)


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
    data: Data = None,
    json: Json = False,
) -> None:
    """Answer a question with footnotes, and check every sentence."""
    settings, wanted = settings_from(data=data), _filters(filters)
    from api.cli.backend import ask as run
    from api.cli.console import print_answer
    from api.http.schemas.query import QueryIn

    fields = {"collection": collection, "question": question, "k": k, "mode": mode.value}
    policy = check.value if check else None
    answer = run(settings, QueryIn.model_validate({**fields, "check": policy, "filters": wanted}))
    if json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        print_answer(answer)


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Say what is installed, what loads and works, and what to do about what does not."""
    from dataclasses import asdict

    from api.cli.console import print_findings
    from api.cli.doctor import examine

    findings = examine(settings_from(data=data))
    if json:
        typer.echo(_json([asdict(finding) for finding in findings]))
    else:
        print_findings(findings)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(FAILED)


@key_app.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="A name to know the key by.")],
    role: Annotated[Role, typer.Option(help="What the key may do.")] = Role.read,
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", help="Only this collection; may be repeated.", show_default="all"),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    from api.cli.keys import add_key

    secret = add_key(settings_from(data=data), name, role.value, collection or None)
    typer.echo(_json({"name": name, "role": role.value, "key": secret}) if json else secret)


@key_app.command("list")
def key_list(data: Data = None, json: Json = False) -> None:
    """List the keys, without their secrets."""
    from dataclasses import asdict

    from api.cli.console import print_keys
    from api.cli.keys import list_keys

    keys = list_keys(settings_from(data=data))
    if json:
        typer.echo(_json([asdict(key) for key in keys]))
    else:
        print_keys(keys)


@key_app.command("revoke")
def key_revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as `footnote key list` shows it.")
    ],
    data: Data = None,
) -> None:
    """Revoke a key; calls with it are refused from now on."""
    from api.cli.keys import revoke_key

    revoke_key(settings_from(data=data), key_id)


def _filters(text: str | None) -> JsonObject | None:
    """The JSON of --filter as an object; what it means is for the engine to say."""
    import json

    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint="--filter") from error
    if not isinstance(value, dict):
        raise typer.BadParameter("must be a JSON object", param_hint="--filter")
    return value


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("httpx", "httpcore", "alembic", "unstructured", "haystack", "faiss", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def main() -> None:
    """The entry point: every error that is not one of usage becomes one line and exit status 1."""
    if not os.environ.get("FOOTNOTE_DEBUG"):
        sys.excepthook = _one_line
    typer.main.get_command(app)()  # app() itself would put Typer's own hook in the place of ours


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    from api.cli.console import print_error

    print_error(error)


if __name__ == "__main__":
    main()
