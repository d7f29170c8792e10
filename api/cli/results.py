"""Hits and answers as text: plain sentences first, colour only where the terminal has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.cli.console import out
from api.cli.explanation import excerpt, print_explained, print_explanation
from footnote.models import Answer, Citation, Corrected, ExplainedHit, SearchResult, Sentence, Step

VERDICTS: Mapping[str, tuple[str, str]] = {
    "quoted": ("❝", "green"),
    "supported": ("✓", "green"),
    "contradicted": ("✗", "red"),
    "unsupported": ("?", "yellow"),
}
REASONS: Mapping[str, str] = {
    "empty_collection": "The collection holds no documents yet.",
    "no_relevant_passage": "No passage answers the question.",
    "unsupported_language": "The question is in a language that the models cannot read; they read English.",
    "low_confidence": "Passages were found, but none answers surely enough.",
    "no_answer_in_passages": "The language model found no answer in the passages.",
    "unsupported_answer": "The passages did not support what was written.",
}


def print_hits(query: str, found: SearchResult, *, explain: bool) -> None:
    """Ranked hits with source, place, score and text; `explain` adds what made the score."""
    console = out()
    print_corrected(console, found.corrected)
    query = found.corrected.read if found.corrected else query
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
    if found.unknown_fields:
        names = ", ".join(found.unknown_fields)
        console.print(Text(f"No document has the filter's field {names}.", "yellow"))
    console.print(Text(timings_line(found.timings_ms), "dim"))


def print_chunk(query: str, found: ExplainedHit) -> None:
    """One passage with all that made its score, and what the reader heeds in it."""
    console, hit = out(), found.hit
    rank = f"{found.rank:>2}. " if found.rank else "not among the hits: "
    score = f"  {hit.score:.3f}" if found.rank else ""
    console.print(Text.assemble(rank, (place(hit.source, hit.page, hit.headings), "bold"), score))
    print_explained(console, query, found)


def print_answer(answer: Answer) -> None:
    """Each sentence with its verdict, then the footnotes, the route and the timings."""
    console = out()
    if answer.rewritten is not None:
        console.print(Text(f"Read as: {answer.rewritten}", "dim"))
    print_corrected(console, answer.corrected)
    if answer.abstained:
        reason = answer.reason or ""
        console.print(Text(f"No answer. {REASONS.get(reason, reason)}".strip(), "yellow"))
        print_closest(console, answer)
    elif answer.confidence is not None:
        console.print(Text(sureness(answer.confidence), "dim"))
    for sentence in answer.sentences:
        console.print(sentence_line(sentence))
    for part in () if answer.abstained else answer.parts:
        if not part.answered:
            console.print(Text(f"Not found: {part.question}", "yellow"))
    for citation in answer.citations:
        console.print(Padding(citation_text(citation), (1, 0, 0, 2), expand=False))
    console.print()
    for step in answer.route:
        console.print(Text(step_line(step), "dim"))
    console.print(Text(timings_line(answer.timings_ms), "dim"))


def print_corrected(console: Console, corrected: Corrected | None) -> None:
    """How a question with typos was read."""
    if corrected is not None:
        console.print(Text(f"Results for '{corrected.read}'", "italic"))


def sureness(confidence: float) -> str:
    """How sure the service is that its quotes answer, in words and as a number."""
    word = "Sure" if confidence >= 0.8 else "Fairly sure" if confidence >= 0.6 else "Not very sure"
    return f"{word} that this answers the question ({confidence:.0%})."


def print_closest(console: Console, answer: Answer) -> None:
    """The passages that come nearest, with their best parts."""
    if not answer.closest:
        return
    console.print(Text("Not sure; the closest passages:", "yellow"))
    for found in answer.closest:
        hit = found.hit
        inside = [span for span in found.spans if hit.start <= span.start and span.end <= hit.end]
        parts = [hit.text[span.start - hit.start : span.end - hit.start] for span in inside]
        text = " … ".join(" ".join(part.split()) for part in parts or [hit.text[:300]])
        console.print(Padding(Text(place(hit.source, hit.page, hit.headings), "bold"), (1, 0, 0, 2)))
        console.print(Padding(Text(text), (0, 0, 0, 4), expand=False))


def sentence_line(sentence: Sentence) -> Text:
    """The sentence, and behind it the verdict with its probability; a quote has none."""
    if sentence.verdict is None:
        return Text(sentence.text)
    mark, style = VERDICTS[sentence.verdict.label]
    said = sentence.verdict.label
    verdict = (
        f"  {mark} {said}" if said == "quoted" else f"  {mark} {said} {sentence.verdict.probability:.2f}"
    )
    return Text.assemble((sentence.text, "bold"), (verdict, style))


def citation_text(citation: Citation) -> Text:
    """The footnote: marker, where it stands, and the document's own words."""
    where = place(citation.source, citation.page, citation.headings)
    return Text.assemble(
        (f"[{citation.marker}] ", "bold"), where, f"\n    “{' '.join(citation.quote.split())}”"
    )


def step_line(step: Step) -> str:
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
