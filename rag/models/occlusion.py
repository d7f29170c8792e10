"""Which words of a passage made the reader's mind up: leave some out and look again.

Occlusion (Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901; for text Li, Monroe and Jurafsky 2016,
https://arxiv.org/abs/1612.08220): a window's weight is what the score loses without it. It needs nothing of
the model but its scores, costs a forward pass a window, and its weights do not add up to the score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.models.alignment import sentence_spans
from rag.models.types import Reader, Reading, ReadResult
from rag.types import Span

MOST_WINDOWS = 48
"""Forward passes of one explanation."""
LEAST_WORDS = 3
_WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the passage, and what is lost without it: of the relevance (a logit), and of the answer's
    probability (None where there is no answer).
    """

    start: int
    end: int
    relevance: float
    answer: float | None


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The reader's relevance of a whole passage, its best answer in it, and the windows in their order."""

    relevance: float
    answer: Reading | None
    windows: tuple[Window, ...]


def word_windows(text: str) -> list[Span]:
    """Runs of about three words, within sentences; of more words where the text is long, and regardless of
    sentences where it has too many: there are at most MOST_WINDOWS.
    """
    sentences = [
        [(start + word.start(), start + word.end()) for word in _WORD.finditer(text[start:end])]
        for start, end in sentence_spans(text)
    ]
    longest = max(len(words) for words in sentences)
    for size in range(LEAST_WORDS, longest + LEAST_WORDS + 1):
        found = [run for words in sentences for run in _runs(words, size)]
        if len(found) <= MOST_WINDOWS:
            return found
    words = [word for sentence in sentences for word in sentence]
    return _runs(words, -(-len(words) // MOST_WINDOWS))


def _runs(words: Sequence[tuple[int, int]], size: int) -> list[Span]:
    """The words in runs of about `size`, all nearly equally long."""
    count = round(len(words) / size) or 1
    cuts = [len(words) * n // count for n in range(count + 1)]
    return [Span(words[first][0], words[last - 1][1]) for first, last in pairwise(cuts) if first < last]


def occlude(reader: Reader, question: str, passage: str, windows: Sequence[Span]) -> Occlusion:
    """Read the passage whole and without each window, all in one call.

    The answer's loss is that of the probability of the same words; 1 pass for the passage and 1 for each of
    the first MOST_WINDOWS windows.
    """
    chosen = windows[:MOST_WINDOWS]
    texts = [passage, *(passage[: one.start] + passage[one.end :] for one in chosen)]
    found = reader.read(question, texts, top=len(texts) * 16)
    whole = found.relevance[0]
    answer = next((reading for reading in found.readings if reading.passage == 0), None)
    lost = tuple(
        Window(one.start, one.end, whole - found.relevance[n], _answer_lost(found, answer, n))
        for n, one in enumerate(chosen, start=1)
    )
    return Occlusion(whole, answer, lost)


def _answer_lost(found: ReadResult, answer: Reading | None, passage: int) -> float | None:
    if answer is None:
        return None
    same = (one for one in found.readings if one.passage == passage and one.text == answer.text)
    return answer.probability - max((one.probability for one in same), default=0.0)
