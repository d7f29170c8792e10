"""SQuAD's exact match and F1, and the reader scored by them on cases with passages."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eval.cases.case import Question
from eval.statistics import Interval, mean_interval
from rag.errors import InvalidInput
from rag.models.types import Reader

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReadCase:
    """One question: what was read and how probable it is; `said` is that, or nothing below the threshold."""

    id: str
    question: str
    answers: tuple[str, ...]
    read: str
    probability: float
    said: str
    exact: float
    f1: float
    type: str | None = None

    @property
    def answerable(self) -> bool:
        """Whether the passages answer."""
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class ReaderScores:
    """All questions. `scores` maps a group to its measures: `all`; `has_answer` and `no_answer`, where to say
    nothing is right; `always`, those that have an answer when the reader always says its best span; and each
    type as `type: NAME`.

    `left_out` counts cases that cannot be read: without passages, or with neither a reference nor
    `answerable: false`.
    """

    model: str
    threshold: float
    left_out: int
    rows: tuple[ReadCase, ...]
    scores: Mapping[str, Mapping[str, Interval]]


def score_reading(
    reader: Reader, questions: Sequence[Question], threshold: float, progress: Progress | None = None
) -> ReaderScores:
    """Read every question in its own passages; a probability below `threshold` is an abstention.

    Raises InvalidInput `cases_unreadable` when no case can be read.
    """
    usable = [one for one in questions if _is_usable(one)]
    if not usable:
        raise InvalidInput(
            "No case has both contexts and a reference (or answerable: false).", code="cases_unreadable"
        )
    rows = []
    for done, one in enumerate(usable, 1):
        rows.append(_read(reader, one, threshold))
        if progress:
            progress(done, len(usable))
    info = reader.info
    model, left_out = f"{info.name}@{info.revision}", len(questions) - len(usable)
    return ReaderScores(model, threshold, left_out, tuple(rows), _scores(rows))


def _is_usable(question: Question) -> bool:
    case = question.case
    return bool(case.contexts) and (bool(question.answers) or case.answerable is False)


def _read(reader: Reader, question: Question, threshold: float) -> ReadCase:
    case = question.case
    found = reader.read(case.question, list(case.contexts or ()), top=1).readings
    read, probability = (found[0].text, found[0].probability) if found else ("", 0.0)
    said = read if probability >= threshold else ""
    answers = question.answers
    exact, overlap = exact_match(answers, said), f1(answers, said)
    return ReadCase(case.id or "", case.question, answers, read, probability, said, exact, overlap, case.type)


def _scores(rows: Sequence[ReadCase]) -> dict[str, dict[str, Interval]]:
    with_answer = [row for row in rows if row.answerable]
    groups = {
        "all": list(rows),
        "has_answer": with_answer,
        "no_answer": [row for row in rows if not row.answerable],
    }
    types = sorted({row.type for row in rows if row.type is not None})
    groups |= {f"type: {name}": [row for row in rows if row.type == name] for name in types}
    found = {name: _means(group) for name, group in groups.items() if group}
    if with_answer:
        found["always"] = {
            "exact_match": mean_interval([exact_match(row.answers, row.read) for row in with_answer]),
            "f1": mean_interval([f1(row.answers, row.read) for row in with_answer]),
        }
    return found


def _means(rows: Sequence[ReadCase]) -> dict[str, Interval]:
    return {
        "exact_match": mean_interval([row.exact for row in rows]),
        "f1": mean_interval([row.f1 for row in rows]),
    }


_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)


def normalise(text: str) -> str:
    """Lower case, without punctuation, articles and extra space, as SQuAD does (Rajpurkar 2016)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answers: Sequence[str], prediction: str) -> float:
    """1 when one of the answers is the prediction, else 0. Without an answer only silence is right."""
    return max(float(normalise(one) == normalise(prediction)) for one in _gold(answers))


def f1(answers: Sequence[str], prediction: str) -> float:
    """The harmonic mean of precision and recall of words, against the answer that fits best."""
    return max(_f1(normalise(one).split(), normalise(prediction).split()) for one in _gold(answers))


def token_recall(answer: str, prediction: str) -> float:
    """Share of the words of the answer, with their number, that the prediction holds; 1 if it has none."""
    gold = Counter(normalise(answer).split())
    return sum((gold & Counter(normalise(prediction).split())).values()) / gold.total() if gold else 1.0


def _gold(answers: Sequence[str]) -> list[str]:
    """The answers of which something is left when normalised; one that is empty when none is."""
    return [one for one in answers if normalise(one)] or [""]


def _f1(gold: Sequence[str], prediction: Sequence[str]) -> float:
    if not gold or not prediction:
        return float(list(gold) == list(prediction))
    both = sum((Counter(gold) & Counter(prediction)).values())
    return 2 * both / (len(gold) + len(prediction))
