"""The command line. Commands stay thin and import late, so that `footnote --help` answers at once."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag.settings import Settings

    JsonObject = dict[str, object]

FAILED = 1
USAGE = 2

app = typer.Typer(
    name="footnote",
    help="Answers from your own documents, with a checked footnote behind every sentence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
eval_app = typer.Typer(help="Measure how good the answers are.", no_args_is_help=True)
key_app = typer.Typer(help="Add, list and revoke API keys.", no_args_is_help=True)
app.add_typer(eval_app, name="eval")
app.add_typer(key_app, name="key")


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


class CaseOutput(StrEnum):
    """How cases are written."""

    cases = "cases"
    ragas = "ragas"


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
StopWithParent = Annotated[bool, typer.Option("--stop-with-parent", hidden=True)]
CaseFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="cases, ragas, squad, spans or beir.",
        show_default="told by the content",
    ),
]
Filters = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="JSON",
        help='Only documents whose metadata fits, such as \'{"year": {"gte": 2020}}\'.',
    ),
]


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
    """Do the work of ingest jobs until Ctrl-C. Any number of workers may share a store."""
    from api.work import run_worker

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
        from api.watching import watch_and_report

        watch_and_report(settings, collection, path, options, every=every, as_json=json)
        return
    from api.work import ingest_and_report

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
    from api.curating import show_policy

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
    from api import curating

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
    from adapt.collection.types import Options
    from api.adapting import adapt_and_report, roll_back, show_versions

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
    from api.reembedding import reembed_and_report

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
    from api.backend import search as run
    from api.console import print_hits
    from api.schemas.search import SearchIn

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
    from api.backend import explain as run
    from api.backend import nth_hit
    from api.console import print_chunk
    from api.schemas.explain import ExplainIn
    from api.schemas.search import SearchIn

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
    from api.backend import ask as run
    from api.console import print_answer
    from api.schemas.query import QueryIn

    fields = {"collection": collection, "question": question, "k": k, "mode": mode.value}
    policy = check.value if check else None
    answer = run(settings, QueryIn.model_validate({**fields, "check": policy, "filters": wanted}))
    if json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        print_answer(answer)


Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric", "-m", help="Only this metric; may be repeated.", show_default="all that need no LLM"
    ),
]
OutDir = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write the run here as it goes, and then its report; a broken one goes on.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew, even if DIR holds an unfinished run.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another value of a setting, for this run; repeatable."),
]
FailUnder = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-under", metavar="METRIC=VALUE", help="End with status 1 below this mean; may be repeated."
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help="A finished run to compare with; status 1 when this one is surely worse."
    ),
]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="Questions asked at a time.")]
AnswerSeconds = Annotated[float, typer.Option("--answer-timeout", min=0.1, help="Seconds for an answer.")]
MetricSeconds = Annotated[
    float, typer.Option("--metric-timeout", min=0.1, help="Seconds for a metric on an answer.")
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0, help="Ask nothing more once this much is spent.", show_default="no limit"
    ),
]


@eval_app.command("run")
def eval_run(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="Questions as .jsonl or .csv.")],
    collection: Collection = "default",
    metric: Metrics = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages to answer from.")] = 5,
    mode: Annotated[Mode, typer.Option(help="Quote, write with the language model, or choose.")] = Mode.auto,
    check: Annotated[
        Check | None, typer.Option(help="What to do about unsupported sentences.", show_default="the setting")
    ] = None,
    out: OutDir = None,
    fresh: Fresh = False,
    fail_under: FailUnder = None,
    baseline: Baseline = None,
    given: Overrides = None,
    at_once: AtOnce = 1,
    answer_timeout: AnswerSeconds = 120,
    metric_timeout: MetricSeconds = 60,
    max_cost: MaxCost = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn by chance.")] = 0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Ask every case live, score the answers and report."""
    from api.evaluate import Wanted, changed, parse_settings, run_and_report
    from eval.runs.execute import Asked, Limits
    from eval.runs.setup import Asking

    settings = changed(settings_from(data=data), parse_settings(given or ()))
    limits = Limits(at_once, answer_timeout, metric_timeout, max_cost)
    asking = Asking(k, mode.value, check.value if check else None)
    asked = Asked((), collection, metric or None, asking, limits, seed)
    if not run_and_report(settings, cases, asked, Wanted(out, fresh, fail_under or (), baseline, json)):
        raise typer.Exit(FAILED)


@eval_app.command("repeat")
def eval_repeat(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    out: OutDir = None,
    fresh: Fresh = False,
    fail_under: FailUnder = None,
    given: Overrides = None,
    at_once: AtOnce = 1,
    answer_timeout: AnswerSeconds = 120,
    metric_timeout: MetricSeconds = 60,
    max_cost: MaxCost = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Ask the cases of an earlier run again, with its metrics, settings and seed, and compare."""
    from api.evaluate import Wanted, parse_settings, repeat_and_report
    from eval.runs.execute import Asked, Limits

    limits = Limits(at_once, answer_timeout, metric_timeout, max_cost)
    wanted = Wanted(out, fresh, fail_under or (), run, json)
    if not repeat_and_report(
        settings_from(data=data), run, Asked((), "", limits=limits), wanted, parse_settings(given or ())
    ):
        raise typer.Exit(FAILED)


@eval_app.command("compare")
def eval_compare(
    first: Annotated[
        Path, typer.Argument(metavar="FIRST", help="A finished run: its folder or report.json.")
    ],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="The run that must not be worse.")],
    fail_under: FailUnder = None,
    margin: Annotated[float, typer.Option(min=0, help="Differences of a mean up to this do not count.")] = 0,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report of SECOND against FIRST.")
    ] = None,
    json: Json = False,
) -> None:
    """Say where a run is better or worse than another on the same cases; status 1 when surely worse."""
    from api.comparing import compare_and_report

    if not compare_and_report(first, second, gates=fail_under or (), margin=margin, html=html, as_json=json):
        raise typer.Exit(FAILED)


@eval_app.command("cases")
def eval_cases(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file of cases, or a folder of BEIR's.")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="Where to write them: .jsonl, .json or .csv.")
    ] = None,
    layout: CaseFormat = None,
    to: Annotated[CaseOutput, typer.Option("--to", help="The layout of OUT.")] = CaseOutput.cases,
    json: Json = False,
) -> None:
    """Check cases, say what they hold, and convert them."""
    from api.casework import convert

    convert(source, target, layout, to.value, as_json=json)


@eval_app.command("retrieval")
def eval_retrieval(
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
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Look at the best ones again.")] = True,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="A measure of ir_measures, such as P@5; may be repeated.", show_default="four"),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the scores here as JSON.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Score search: nDCG, recall and reciprocal rank of the documents that are relevant."""
    from api.casework import retrieval

    settings = settings_from(data=data)
    retrieval(
        settings,
        cases,
        collection,
        layout=layout,
        mode=mode.value,
        rerank=rerank,
        measures=measure,
        out=out,
        as_json=json,
    )


@eval_app.command("read")
def eval_read(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="SQuAD, or cases with contexts.")],
    layout: CaseFormat = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all answers here as JSON.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Score the reader on given passages: exact match and token F1, as SQuAD counts them."""
    from api.casework import read

    read(settings_from(data=data), cases, layout, out, as_json=json)


@eval_app.command("synthesize")
def eval_synthesize(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write them: .jsonl, .json or .csv.")
    ],
    collection: Collection = "default",
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many cases.")] = 100,
    kinds: Annotated[str, typer.Option(help="Which kinds.")] = "single,multi,unanswerable",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cases.")] = 0,
    llm: Annotated[bool, typer.Option("--llm", help="Let the language model write them.")] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="COST", help="With --llm: stop before it costs more.", show_default=False
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make cases from a collection's own passages, and check each one by reading it back."""
    from api.synthesizing import parse_kinds, synthesize_and_report
    from eval.synthesis.types import Options

    options = Options(count, parse_kinds(kinds), seed, llm, max_cost)
    synthesize_and_report(settings_from(data=data), collection, out, options, as_json=json)


@eval_app.command("online")
def eval_online(
    collection: Annotated[str, typer.Argument(help="The collection whose live answers to look at.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the page here, with the worst answers."),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Delete every sample instead.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show how a sample of the live answers was scored, and what changed."""
    from api.online import forget_online, show_online

    settings = settings_from(data=data)
    if forget:
        forget_online(settings, collection)
    else:
        show_online(settings, collection, as_json=json, page=out)


@eval_app.command("report")
def eval_report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A finished run: its folder or its report.json.")
    ],
    baseline: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="A finished run to show the difference to.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page here.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables here.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the report of a finished run again; without a file print it as Markdown."""
    from api.reporting import report_again

    report_again(run, baseline=baseline, html=html, markdown=markdown, as_json=json)


@eval_app.command("agreement")
def eval_agreement(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Labelled rows as .jsonl, .csv or a run's report.json."),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "-m", help="Compare this metric; may be repeated.", show_default="support"),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option("--score", metavar="FIELD", help="Compare a score that the rows hold; may be repeated."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="The field with the person's label.", show_default="label"),
    ] = None,
    positive: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS", help="A class that counts as 1, all others as 0; may be repeated."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS", help="Where a field is, such as response=claim; may be repeated."
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read as this known set.", show_default="by the file's name"),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only rows with this value; may be repeated."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="FIELD", help="Also show each value of a field; may be repeated."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Draw so many rows of each file.", show_default="all"),
    ] = None,
    mistakes: Annotated[
        int, typer.Option(min=0, metavar="N", help="Rows to show that are farthest off.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same rows and resamples.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write agreement.json, .md and .svg here."),
    ] = None,
    json: Json = False,
) -> None:
    """Say how far metrics agree with people's labels, beside word overlap and sentence similarity."""
    from api.agreeing import compare_and_report, options_from

    options = options_from(
        metrics=metric,
        scores=score,
        layout=layout,
        label=label,
        positive=positive,
        names=field,
        where=where,
        slices=by,
        most=sample,
        mistakes=mistakes,
        seed=seed,
    )
    compare_and_report(settings_from(), files, options, out, as_json=json)


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Say what is installed, what loads and works, and what to do about what does not."""
    from dataclasses import asdict

    from api.console import print_findings
    from api.doctor import examine

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
    from api.keys import add_key

    secret = add_key(settings_from(data=data), name, role.value, collection or None)
    typer.echo(_json({"name": name, "role": role.value, "key": secret}) if json else secret)


@key_app.command("list")
def key_list(data: Data = None, json: Json = False) -> None:
    """List the keys, without their secrets."""
    from dataclasses import asdict

    from api.console import print_keys
    from api.keys import list_keys

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
    from api.keys import revoke_key

    revoke_key(settings_from(data=data), key_id)


def settings_from(**given: object) -> Settings:
    """The settings with what the command line gave on top; a value that is not valid is an error of usage."""
    from pydantic import ValidationError

    from rag.settings import Settings

    try:
        return Settings.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise typer.BadParameter("; ".join(_reason(dict(e)) for e in error.errors())) from error


def _reason(error: Mapping[str, object]) -> str:
    """One setting that is not valid: its variable and why."""
    location = error["loc"]
    if not isinstance(location, tuple) or not location:
        return f"the settings (footnote.toml or FOOTNOTE_*): {error['msg']}"
    name = str(location[0])
    if error["type"] == "extra_forbidden":
        return f"footnote.toml: there is no setting {name!r}"
    return f"setting {name} (FOOTNOTE_{name.upper()}): {error['msg']}"


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
    from api.console import print_error

    print_error(error)


if __name__ == "__main__":
    main()
