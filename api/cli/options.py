"""Options that several commands share, and what comes of them: settings, a filter, logging."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rag.settings import Settings

FAILED = 1
USAGE = 2


class SearchMode(StrEnum):
    """How passages are found."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"


class Unit(StrEnum):
    """What is left out at a time to see what the reader heeds."""

    words = "words"
    sentence = "sentence"


class Mode(StrEnum):
    """Who writes the answer."""

    auto = "auto"
    extractive = "extractive"
    generative = "generative"


class Check(StrEnum):
    """What happens to sentences that the checker does not support."""

    off = "off"
    flag = "flag"
    retry = "retry"
    drop = "drop"
    refuse = "refuse"


class Role(StrEnum):
    """What a key may do."""

    read = "read"
    write = "write"
    admin = "admin"


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of the store, the indexes and the first key.",
        show_default=False,
    ),
]
Collection = Annotated[str, typer.Option("--collection", "-c", help="The collection to use.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Rerank = Annotated[bool, typer.Option("--rerank/--no-rerank", help="Look at the best ones again.")]
StopWithParent = Annotated[bool, typer.Option("--stop-with-parent", hidden=True)]
Filters = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="JSON",
        help='Only documents whose metadata fits, such as \'{"year": {"gte": 2020}}\'.',
    ),
]


def settings_from(**given: object) -> Settings:
    """The settings with what the command line gave on top; a value that is not valid is an error of usage."""
    from pydantic import ValidationError

    from rag.settings import Settings

    try:
        return Settings.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise typer.BadParameter("; ".join(_reason(dict(e)) for e in error.errors())) from error


def parse_filters(text: str | None) -> dict[str, object] | None:
    """The JSON of --filter as an object; what it means is for the search to say."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint="--filter") from error
    if not isinstance(value, dict):
        raise typer.BadParameter("must be a JSON object", param_hint="--filter")
    return value


def log_to_stderr() -> None:
    """Log on standard error, without what libraries say at every step."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("httpx", "httpcore", "alembic", "unstructured", "haystack", "faiss", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _reason(error: Mapping[str, object]) -> str:
    """One setting that is not valid: its variable and why."""
    location = error["loc"]
    if not isinstance(location, tuple) or not location:
        return f"the settings (footnote.toml or FOOTNOTE_*): {error['msg']}"
    name = str(location[0])
    if error["type"] == "extra_forbidden":
        return f"footnote.toml: there is no setting {name!r}"
    return f"setting {name} (FOOTNOTE_{name.upper()}): {error['msg']}"
