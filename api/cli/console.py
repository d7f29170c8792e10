"""What the command line prints: plain sentences first, colour only where the terminal has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import ValidationError
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from api.cli.doctor import Finding
from api.cli.explain import excerpt, print_explained, print_explanation
from api.http.schemas.query import CitationOut, QueryOut, SentenceOut, StepOut
from api.http.schemas.search import ExplainOut, SearchOut
from ingest.formats import Format
from rag.errors import RagError
from rag.store import Key
from rag.types import Job, Label

MARKS: Mapping[Label, tuple[str, str]] = {
    "supported": ("✓", "green"),
    "contradicted": ("✗", "red"),
    "unsupported": ("?", "yellow"),
}
REASONS: Mapping[str, str] = {
    "empty_collection": "The collection holds no documents yet.",
    "no_relevant_passage": "No passage answers the question.",
    "low_confidence": "Passages were found, but none answers surely enough.",
    "no_answer_in_passages": "The language model found no answer in the passages.",
    "unsupported_answer": "The passages did not support what was written.",
}
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
    if isinstance(error, RagError):
        return error.code, error.message
    if isinstance(error, ValidationError):
        return "invalid_request", "; ".join(f"{_field(e['loc'])}: {e['msg']}" for e in error.errors())
    if isinstance(error, OSError):
        return "system_error", f"{error.strerror or error}: {error.filename}" if error.filename else str(
            error
        )
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return "internal_error", f"{text}. FOOTNOTE_DEBUG=1 shows where."


def print_hits(query: str, found: SearchOut, *, explain: bool) -> None:
    """Ranked hits with source, place, score and text; `explain` adds what made the score."""
    console = out()
    if not found.hits:
        console.print("Nothing found.")
    for rank, hit in enumerate(found.hits, 1):
        title = Text.assemble(
            f"{rank:>2}. ", (place(hit.source, hit.page, hit.headings), "bold"), f"  {hit.score:.3f}"
        )
        console.print(title)
        console.print(Padding(excerpt(hit, 300), (0, 0, 0, 4), expand=False))
        if explain:
            print_explanation(console, query, hit)
    console.print(Text(timings_line(found.timings_ms), "dim"))


def print_chunk(query: str, found: ExplainOut) -> None:
    """One passage with all that made its score, and what the reader heeds in it."""
    console, hit = out(), found.hit
    rank = f"{found.rank:>2}. " if found.rank else "not among the hits: "
    score = f"  {hit.score:.3f}" if found.rank else ""
    console.print(Text.assemble(rank, (place(hit.source, hit.page, hit.headings), "bold"), score))
    print_explained(console, query, found)


def print_answer(answer: QueryOut) -> None:
    """Each sentence with its verdict, then the footnotes, the route and the timings."""
    console = out()
    if answer.abstained:
        reason = answer.reason or ""
        console.print(Text(f"No answer. {REASONS.get(reason, reason)}".strip(), "yellow"))
    for sentence in answer.sentences:
        console.print(sentence_line(sentence))
    for citation in answer.citations:
        console.print(Padding(citation_text(citation), (1, 0, 0, 2), expand=False))
    console.print()
    for step in answer.route:
        console.print(Text(step_line(step), "dim"))
    console.print(Text(timings_line(answer.timings_ms), "dim"))


def print_keys(keys: Sequence[Key]) -> None:
    """One line a key."""
    table = Table("id", "name", "role", "collections", "created")
    for key in keys:
        reach = "all" if key.collections is None else ", ".join(key.collections)
        table.add_row(key.id, key.name, key.role, reach, f"{key.created_at:%Y-%m-%d %H:%M}")
    out().print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """One line a finding, with what to do below those that are not well."""
    console = out()
    for finding in findings:
        mark, style = (
            ("ok  ", "green") if finding.ok else (("FAIL", "red") if finding.needed else ("--  ", "yellow"))
        )
        console.print(Text.assemble((mark, style), f" {finding.name}: {finding.detail}"), soft_wrap=True)
        if finding.advice:
            console.print(Text(f"     → {finding.advice}"), soft_wrap=True)


def sentence_line(sentence: SentenceOut) -> Text:
    """The sentence, and behind it the verdict with its probability."""
    if sentence.verdict is None:
        return Text(sentence.text)
    mark, style = MARKS[sentence.verdict.label]
    verdict = f"  {mark} {sentence.verdict.label} {sentence.verdict.probability:.2f}"
    return Text.assemble((sentence.text, "bold"), (verdict, style))


def citation_text(citation: CitationOut) -> Text:
    """The footnote: marker, where it stands, and the document's own words."""
    where = place(citation.source, citation.page, citation.headings)
    return Text.assemble(
        (f"[{citation.marker}] ", "bold"), where, f"\n    “{' '.join(citation.quote.split())}”"
    )


def step_line(step: StepOut) -> str:
    """One decision of the route in words."""
    confidence = "" if step.confidence is None else f", confidence {step.confidence:.2f}"
    reason = f" ({step.reason})" if step.reason else ""
    return f"{step.step}: {step.model}{confidence}, {'taken' if step.taken else 'not taken'}{reason}"


def timings_line(timings: Mapping[str, float]) -> str:
    """Milliseconds of each stage."""
    return "timings: " + ", ".join(f"{stage} {ms:.1f} ms" for stage, ms in timings.items())


def place(source: str, page: int | None, headings: Sequence[str]) -> str:
    """Where a passage stands: its source, its page if it has one, and the headings above it."""
    parts = [
        source,
        *([f"page {page}"] if page is not None else []),
        *([" › ".join(headings)] if headings else []),
    ]
    return ", ".join(parts)


def shortened(text: str, length: int) -> str:
    """The text on one line, cut at a word."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[:length].rsplit(" ", 1)[0] + " …"


class IngestBar:
    """A progress bar on standard error: files done, chunks a second, time left; silent where nobody looks."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def update(self, done: int, total: int, chunks_per_second: float, source: str) -> None:
        """Show the state after a source."""
        self._bar.update(
            self._task,
            completed=done,
            total=total or None,
            rate=f"{chunks_per_second:.1f} chunks/s",
            source=shortened(source, 40),
        )


@contextmanager
def ingest_bar(*, quiet: bool) -> Iterator[IngestBar]:
    """The bar, shown while the block runs."""
    console = Console(stderr=True, highlight=False)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files · {task.fields[rate]} ·"),
        TimeRemainingColumn(),
        TextColumn("left ·"),
        TextColumn("{task.fields[source]}", markup=False),
    )
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    with bar:
        yield IngestBar(bar, bar.add_task("ingest", total=None, rate="starting", source=""))


@contextmanager
def reembedding_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, shown while the block runs and somebody looks."""
    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("·"), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    with bar:
        task = bar.add_task("reembed", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_job(job: Job, chunks: int, seconds: float) -> None:
    """A table of the outcomes, then each failed file with its code and text."""
    console = out()
    counts = job.counts
    table = Table(
        "total",
        "added",
        "replaced",
        "moved",
        "unchanged",
        "removed",
        "failed",
        "quarantined",
        title=f"Ingest into {job.collection}",
    )
    numbers = (
        counts.total,
        counts.added,
        counts.replaced,
        counts.moved,
        counts.unchanged,
        counts.removed,
        counts.failed,
        counts.quarantined,
    )
    table.add_row(*map(str, numbers))
    console.print(table)
    console.print(f"{job.status}: {chunks} chunks written in {seconds:.1f} s, job {job.id}")
    print_found(console, job)
    print_failed(console, job)


def print_formats(formats: Iterable[Format]) -> None:
    """A table of formats: files, characters, passages, and failures by code."""
    table = Table("format", "files", "characters", "passages", "failures", title="By format")
    for each in formats:
        failures = ", ".join(f"{code} {count}" for code, count in sorted(each.failures.items()))
        table.add_row(each.name, str(each.files), f"{each.characters:,}", f"{each.chunks:,}", failures)
    out().print(table)


def print_pass(job: Job, seconds: float) -> None:
    """One line of a sync that goes on: when, what changed; then each failed file."""
    console, counts = out(), job.counts
    names = ("added", "replaced", "moved", "removed", "failed", "unchanged")
    parts = [f"{number} {name}" for name in names if (number := getattr(counts, name))]
    moment = job.updated_at.astimezone().strftime("%H:%M:%S")
    console.print(f"{moment} {job.status}: {', '.join(parts) or 'no files'} ({seconds:.1f} s)")
    print_failed(console, job)


def print_found(console: Console, job: Job) -> None:
    """A line about what curation found, if anything."""
    if job.curation:
        found = ", ".join(f"{number} {reason}" for reason, number in job.curation.items())
        console.print(f"chunks flagged: {found} (`footnote curation {job.collection}` says what follows)")


def print_failed(console: Console, job: Job) -> None:
    """A line for each failed file of a job."""
    for error in job.errors:
        console.print(
            Text.assemble(("failed ", "red"), f"{error.source} [{error.code}] {error.message}"),
            soft_wrap=True,
        )


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "input"
