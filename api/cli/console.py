"""The terminal: standard output, and an error in one line with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from footnote.errors import FootnoteError
from rag.errors import RagError

ADVICE: Mapping[str, str] = {
    "collection_not_found": "`footnote ingest PATH --collection NAME` makes one.",
    "port_in_use": "Choose another with --port; --port 0 takes any free one.",
    "path_not_found": "Check the path; it is read on this machine.",
    "extra_missing": "Install the extra that is named; `footnote doctor` lists them.",
    "model_not_found": "`footnote doctor` shows which models load.",
    "model_invalid": "`footnote doctor` shows which models load.",
    "index_model_mismatch": "Put the model named where it was, or `footnote reembed COLLECTION`.",
    "store_locked": "Another process writes; try again.",
    "store_full": "Make room on the disk and try again.",
    "store_read_only": "Give this user write access to the data folder.",
    "store_unavailable": "Check FOOTNOTE_STORE and that the database runs.",
    "unauthorized": "Set FOOTNOTE_API_KEY to a key of the running service.",
    "no_generator": "Set FOOTNOTE_LLM_URL and FOOTNOTE_LLM_MODEL, or use --mode extractive.",
    "service_unreachable": "Start it with `footnote serve`.",
    "busy": "Try again in a moment.",
    "starting": "Try again in a moment.",
}


def out() -> Console:
    """Standard output. Piped text is not wrapped at 80 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=110)


def print_json(value: object) -> None:
    """Any value of plain parts as JSON; what JSON has no form for is printed as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_error(error: BaseException) -> None:
    """One line on standard error: what, the code, what to do."""
    console = Console(stderr=True, highlight=False)
    code, message = describe(error)
    advice = ADVICE.get(code, "")
    line = Text.assemble(
        ("error ", "bold red"), f"[{code}] ", " ".join(message.split()), f" {advice}" if advice else ""
    )
    console.print(line, soft_wrap=True)


def describe(error: BaseException) -> tuple[str, str]:
    """The code and text of an error; what Footnote did not raise on purpose is an `internal_error`."""
    if isinstance(error, RagError | FootnoteError):
        return error.code, error.message
    if isinstance(error, ValidationError):
        return "invalid_request", "; ".join(f"{_field(e['loc'])}: {e['msg']}" for e in error.errors())
    if isinstance(error, OSError):
        return "system_error", f"{error.strerror or error}: {error.filename}" if error.filename else str(
            error
        )
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return "internal_error", f"{text}. FOOTNOTE_DEBUG=1 shows where."


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "input"
