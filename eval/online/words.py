"""Signals and their drift, said in words."""

from __future__ import annotations

from datetime import datetime

from eval.online.difference import Difference
from eval.online.drift import FEWEST, Drift
from eval.online.signals import ABSTAINED, LATENCY, SLOW, SUPPORTED

TITLES = {
    SUPPORTED: "Supported share",
    ABSTAINED: "Abstention",
    LATENCY: "Latency",
    SLOW: "Slow answers",
    "faithfulness": "Faithfulness",
    "answer_relevancy": "Answer relevancy",
    "context_relevance": "Context relevance",
    "citation_recall": "Citation recall",
    "citation_precision": "Citation precision",
    "bert_score": "BERTScore",
}
MEANINGS = {
    SUPPORTED: "share of an answer's sentences that the live check supports; what is quoted always is",
    ABSTAINED: "share of questions without an answer",
    LATENCY: "median time of an answer",
    SLOW: "share of answers that took longer than 95% of all shown here",
    "faithfulness": "share of the sentences that the passages support, checked anew",
    "answer_relevancy": "how far the answer is one to the question",
    "context_relevance": "how far the passages found are about the question",
    "citation_recall": "share of the sentences that what they cite supports",
    "citation_precision": "share of the citations that their sentence needs",
}


def title(signal: str) -> str:
    """A signal's name for people."""
    return TITLES.get(signal, signal.replace("_", " ").capitalize())


def in_words(drift: Drift) -> str:
    """A sentence that says what became of a signal, without its name."""
    if drift.difference is None:
        return f"Too few answers to tell: {drift.before}, and {FEWEST} are needed."
    move = f"{_value(drift, drift.difference.before)} → {_value(drift, drift.difference.after)}"
    by = _change(drift, drift.difference)
    if drift.since is not None:
        return (
            f"{drift.verdict.capitalize()} since {when(drift.since)}: {move} ({by}), {drift.after:,} answers."
        )
    return f"No sure change: {move} in the {drift.after:,} newest answers ({by})."


def when(at: datetime) -> str:
    """A time of day, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _value(drift: Drift, value: float) -> str:
    if drift.signal == LATENCY:
        return f"{value:,.0f} ms"
    return f"{value:.1%}" if drift.signal in (SUPPORTED, ABSTAINED, SLOW) else f"{value:.3f}"


def _change(drift: Drift, found: Difference) -> str:
    """The change with its interval: a factor for times, percentage points for shares."""
    numbers = found.change, found.low, found.high
    if drift.signal == LATENCY:
        change, low, high = (f"{number:.2f}" for number in numbers)
        return f"× {change}, 95% interval {low} to {high}"
    if drift.signal in (SUPPORTED, ABSTAINED, SLOW):
        change, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in numbers)
        return f"{change} points, 95% interval {low} to {high}"
    change, low, high = (f"{number:+.3f}".replace("-", "−") for number in numbers)
    return f"{change}, 95% interval {low} to {high}"
