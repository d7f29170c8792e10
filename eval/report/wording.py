"""How reports write numbers and tables of text, and what the names in them mean, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.statistics import CoveragePoint, Interval

SPACE = "\u00a0"
"""Keeps a unit with its number."""
_SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))

MEANINGS: Mapping[str, str] = {
    "abstention_accuracy": "an answer where there is one, none where there is none",
    "answer_relevancy": "whether the answer is one to the question",
    "bert_score": "tokens of answer and reference that mean alike",
    "bleu_score": "word sequences shared with the reference",
    "citation_precision": "footnotes that support their sentences",
    "citation_recall": "sentences that their footnotes support",
    "context_relevance": "passages that have to do with the question",
    "context_token_precision": "retrieved words that belong to a reference passage",
    "context_token_recall": "words of the reference passages that were retrieved",
    "exact_match": "the answer is the reference, letter by letter",
    "factual_correctness": "facts shared with the reference",
    "faithfulness": "share of the answer that the passages support",
    "id_based_context_precision": "retrieved sources that are relevant",
    "id_based_context_recall": "relevant sources that were retrieved",
    "llm_answer_relevancy": "whether the answer is one to the question, by an LLM",
    "llm_context_precision": "useful passages before useless ones, by an LLM",
    "llm_context_recall": "share of the reference that the passages hold, by an LLM",
    "llm_faithfulness": "share of the answer that the passages support, by an LLM",
    "non_llm_context_precision_with_reference": "retrieved passages that resemble a reference passage",
    "non_llm_context_recall": "reference passages that resemble a retrieved one",
    "non_llm_string_similarity": "letters shared with the reference, in order",
    "reference_recall": "share of the reference's words that the answer holds",
    "rouge_score": "longest word sequence shared with the reference",
    "semantic_similarity": "nearness in meaning to the reference",
    "string_present": "the answer holds the reference, letter by letter",
}
REASONS: Mapping[str, str] = {
    "empty_collection": "The collection holds no documents.",
    "unsupported_language": "The question is in a language that the models cannot read; they read English.",
    "low_confidence": "Passages were found, but none answers surely enough.",
    "no_answer_in_passages": "The language model found no answer in the passages.",
    "no_relevant_passage": "No passage answers the question.",
    "unsupported_answer": "The passages did not support what was written.",
}
MARKS: Mapping[str, str] = {"quoted": "❝", "supported": "✓", "contradicted": "✗", "unsupported": "?"}
OUTCOMES: Mapping[str, str] = {"better": "▲ better", "worse": "▼ worse", "same": "= same"}


def meaning(metric: str) -> str:
    """What a metric says, empty where it is not known here."""
    return MEANINGS.get(metric.partition("(")[0], "")


def reason(code: str | None) -> str:
    """Why there is no answer."""
    return REASONS.get(code or "", code or "No reason was given.")


def percentages(found: Interval) -> str:
    """A mean share with its interval: `94% [91, 96]`."""
    return f"{percent(found.mean)} {between(found)}"


def between(found: Interval | CoveragePoint) -> str:
    """The interval of a share, in percent: `[91, 96]`."""
    return f"[{100 * found.low:.0f}, {100 * found.high:.0f}]"


def limits(found: Interval) -> str:
    """The interval of a score: `[0.668, 0.751]`."""
    return f"[{score(found.low)}, {score(found.high)}]"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 case`, `1,200 cases`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def compact(value: float) -> str:
    """Three figures at most: `0.25`, `12`, `1.2k`, `3.4M`; small ones as `1.2e-05`."""
    size = abs(value)
    for least, letter in _SIZES:
        if size >= least * 0.9995:
            return f"{_three(value / least)}{letter}"
    return f"{value:.1e}" if 0 < size < 0.0005 else _three(value)


def percent(value: float) -> str:
    """A share as `7%`; tenths where rounding would say none or all: `<0.1%`, `0.4%`, `99.6%`."""
    if 0 < value < 0.0005:
        return "<0.1%"
    near_end = 0 < value < 0.01 or 0.99 < value < 1
    return f"{100 * value:.1f}%" if near_end else f"{100 * value:.0f}%"


def duration(ms: float) -> str:
    """Milliseconds as `0.8 ms`, `12 ms`, `1.2 s`, `3 min 5 s` or `2 h 5 min`, with no-break spaces."""
    if abs(ms) < 999.5:
        return f"{_three(ms)}{SPACE}ms" if abs(ms) >= 1 or not ms else f"{ms:.1g}{SPACE}ms"
    if abs(ms) < 99_950:
        return f"{_three(ms / 1000)}{SPACE}s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    text = f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    return text.replace(" ", SPACE)


def score(value: float) -> str:
    """A metric's value with three decimals, a real minus before negative ones."""
    return f"{value:.3f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference: `+0.012`, `−0.300`, `0.000`."""
    return f"{value:+.3f}".replace("-", "−") if round(value, 3) else "0.000"


def _three(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right, padded to line up in a
    terminal.
    """
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_padded(line, widths) for line in [header, rule, *rows]]
    return "\n".join(lines)


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(line, widths, strict=True)
    return (
        "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"
    )
