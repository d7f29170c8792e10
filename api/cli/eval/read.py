"""`footnote eval read`: how well the reader finds answers in given passages."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.eval.options import CaseFormat
from api.cli.eval.scores import interval_table, progress_bar, report_scores
from api.cli.options import Data, Json, settings_from
from eval.cases import parse_layout, read_questions
from eval.reading import ReaderScores, score_reading
from rag.service import open_service

app = typer.Typer(add_completion=False)


@app.command()
def read(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="SQuAD, or cases with contexts.")],
    layout: CaseFormat = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all answers here as JSON.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Score the reader on given passages: exact match and token F1, as SQuAD counts them."""
    questions = read_questions(cases, parse_layout(layout) if layout else None)
    with progress_bar("reading", json) as show, closing(open_service(settings_from(data=data))) as service:
        scores = score_reading(service.models.reader, questions, service.answerer.thresholds.answer, show)
    report_scores(asdict(scores), _described(scores), out, as_json=json)


def _described(scores: ReaderScores) -> str:
    lines = [
        f"{len(scores.rows)} questions read by {scores.model}, silent below probability "
        f"{scores.threshold:.2f}.",
        f"{scores.left_out} cases cannot be read and are left out.",
        "",
        interval_table(scores.scores),
    ]
    return "\n".join(lines)
