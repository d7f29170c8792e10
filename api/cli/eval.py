"""`footnote eval …`: how good the answers are. Thin, and imports late, as all of the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import FAILED, Check, Collection, Data, Json, Mode, SearchMode, settings_from

eval_app = typer.Typer(help="Measure how good the answers are.", no_args_is_help=True)


class CaseOutput(StrEnum):
    """How cases are written."""

    cases = "cases"
    ragas = "ragas"


CaseFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="cases, ragas, squad, spans or beir.",
        show_default="told by the content",
    ),
]
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
    cases: Annotated[
        Path,
        typer.Argument(metavar="CASES", help="Questions: JSON Lines, CSV, RAGAS, SQuAD or a BEIR folder."),
    ],
    collection: Collection = "default",
    layout: CaseFormat = None,
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
    from api.cli.eval_run import Wanted, changed, parse_settings, run_and_report
    from eval.runs.execute import Limits, RunRequest
    from eval.runs.setup import AskOptions

    settings = changed(settings_from(data=data), parse_settings(given or ()))
    limits = Limits(at_once, answer_timeout, metric_timeout, max_cost)
    asking = AskOptions(k, mode.value, check.value if check else None)
    asked = RunRequest((), collection, metric or None, asking, limits, seed)
    wanted = Wanted(out, fresh, fail_under or (), baseline, json)
    if not run_and_report(settings, cases, layout, asked, wanted):
        raise typer.Exit(FAILED)


@eval_app.command("repeat")
def eval_repeat(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or its run.json.")],
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
    from api.cli.eval_run import Wanted, parse_settings, repeat_and_report
    from eval.runs.execute import Limits, RunRequest

    limits = Limits(at_once, answer_timeout, metric_timeout, max_cost)
    wanted = Wanted(out, fresh, fail_under or (), as_json=json)
    if not repeat_and_report(
        settings_from(data=data), run, RunRequest((), "", limits=limits), wanted, parse_settings(given or ())
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
    from api.cli.eval_compare import compare_and_report

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
    from api.cli.eval_cases import convert

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
    from api.cli.eval_cases import retrieval

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
    from api.cli.eval_cases import read

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
    from api.cli.eval_synthesize import parse_kinds, synthesize_and_report
    from eval.synthesis.passages import Options

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
    from api.cli.eval_online import forget_online, show_online

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
    from api.cli.eval_report import report_again

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
    from api.cli.eval_agreement import compare_and_report, options_from

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
