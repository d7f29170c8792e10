"""`footnote eval …`: how good the answers are; each command is a module of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from api.cli.lazy import LazyGroup


class EvalCommands(LazyGroup):
    """`footnote eval COMMAND`."""

    package = "api.cli.eval"
    summaries: ClassVar[Mapping[str, str]] = {
        "run": "Ask every case live, score the answers and report.",
        "repeat": "Ask the cases of an earlier run again, with its metrics, settings and seed, and compare.",
        "compare": "Say where a run is better or worse than another on the same cases; status 1 when surely "
        "worse.",
        "cases": "Check cases, say what they hold, and convert them.",
        "retrieval": "Score search: nDCG, recall and reciprocal rank of the documents that are relevant.",
        "read": "Score the reader on given passages: exact match and token F1, as SQuAD counts them.",
        "synthesize": "Make cases from a collection's own passages, and check each one by reading it back.",
        "online": "Show how a sample of the live answers was scored, and what changed.",
        "report": "Write the report of a finished run again; without a file print it as Markdown.",
        "agreement": "Say how far metrics agree with people's labels, beside word overlap and sentence "
        "similarity.",
    }


app = typer.Typer(cls=EvalCommands, no_args_is_help=True, add_completion=False)


@app.callback()
def root() -> None:
    """Measure how good the answers are."""
