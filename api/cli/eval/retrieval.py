"""`footnote eval retrieval`: how well search finds the documents that are relevant."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.eval.options import CaseFormat
from api.cli.eval.scores import interval_table, progress_bar, report_scores
from api.cli.options import Data, Json, Rerank, SearchMode, settings_from
from eval.cases import parse_layout
from eval.corpus import load_beir, put_whole
from eval.environment import require
from eval.retrieval import MEASURES, Retrieval, judged_of, score_retrieval
from rag.errors import InvalidInput
from rag.service import open_service

_OWN = {"store": "", "index": "embedded"}
"""Settings of a store of one's own."""

app = typer.Typer(add_completion=False)


@app.command()
def retrieval(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="Cases with sources, or a BEIR folder.")],
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection",
            "-c",
            help="The collection to search.",
            show_default="a BEIR folder's own corpus, for the time being",
        ),
    ] = None,
    layout: CaseFormat = None,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    rerank: Rerank = True,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="A measure of ir_measures, such as P@5; may be repeated.", show_default="four"),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the scores here as JSON.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Score search: nDCG, recall and reciprocal rank of the documents that are relevant."""
    settings = settings_from(data=data)
    queries, left_out = judged_of(cases, parse_layout(layout) if layout else None)
    if collection is None and not cases.is_dir():
        raise InvalidInput("Cases need a collection to search in; name it.", code="collection_missing")
    require("ir_measures")
    with progress_bar("searching", json) as show, tempfile.TemporaryDirectory() as scratch:
        chosen = settings if collection else settings.model_copy(update=_OWN | {"data": Path(scratch)})
        with closing(open_service(chosen)) as service:
            if collection is None:
                put_whole(
                    service.store,
                    service.models.encoder,
                    cases.resolve().name,
                    load_beir(cases).documents,
                    show,
                )
            scores = score_retrieval(
                service,
                collection or cases.resolve().name,
                queries,
                mode.value,
                rerank=rerank,
                measures=measure or MEASURES,
                left_out=left_out,
                progress=show,
            )
    report_scores(asdict(scores), _described(scores), out, as_json=json)


def _described(scores: Retrieval) -> str:
    groups = {"all": scores.measures, **{f"type {name}": means for name, means in scores.types.items()}}
    how = f"{scores.mode}{', reranked' if scores.rerank else ''}"
    lines = [
        f"{scores.queries} queries on {scores.collection} ({how}), {scores.ms_per_query:.0f} ms each.",
        f"{scores.left_out} cases without relevant sources are left out; {scores.absent} relevant sources are"
        " not in the collection and count as missed.",
        "",
        interval_table(groups),
    ]
    return "\n".join(lines)
