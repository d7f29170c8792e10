"""The command line's entry point: the names of the commands, each of which is a module beside this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Annotated, ClassVar

import typer

from api.cli.lazy import LazyGroup


class Commands(LazyGroup):
    """`footnote COMMAND`."""

    package = "api.cli"
    summaries: ClassVar[Mapping[str, str]] = {
        "serve": "Serve the HTTP API and the page until Ctrl-C.",
        "worker": "Work at jobs of every kind until Ctrl-C. Any number of workers may share a store.",
        "ingest": "Read a folder into a collection, which is made if need be. "
        "What did not change is skipped.",
        "curation": "Show or change what becomes of duplicates, boilerplate, noise, secrets "
        "and personal data.",
        "quarantine": "List the passages that are kept out of search and why, or release some for good.",
        "adapt": "Learn how to search one collection better; only what wins on held-out questions is used.",
        "reembed": "Give a collection another encoder; it is searched by the old one until all is done.",
        "search": "Find passages, best first.",
        "explain": "Show what made a hit's score, and which of its words the reader heeds.",
        "ask": "Answer a question with footnotes, and check every sentence.",
        "doctor": "Say what is installed, what loads and works, and what to do about what does not.",
        "eval": "Measure how good the answers are.",
        "key": "Add, list and revoke API keys.",
    }


app = typer.Typer(
    name="footnote",
    cls=Commands,
    help="Answers from your own documents, with a checked footnote behind every sentence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # as of every command: see LazyCommand.load
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"footnote {installed('footnote-rag')}")
        raise typer.Exit


def main() -> None:
    """The entry point: every error that is not one of usage becomes one line and exit status 1."""
    if not os.environ.get("FOOTNOTE_DEBUG"):
        sys.excepthook = _one_line
    # httpx brings a command line of its own, with click, Rich and Pygments, and can do without.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    typer.main.get_command(app)()  # app() itself would put Typer's own hook in the place of ours


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    from api.cli.console import print_error

    print_error(error)


if __name__ == "__main__":
    main()
