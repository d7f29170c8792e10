"""What any judge has to beat: words in common, and the cosine of sentence vectors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

from eval.judges.models import Models
from eval.judges.sample import NotJudgeable, Sample
from rag.answer.overlap import content_words, coverage
from rag.answer.sentences import split
from rag.models.types import Floats

Sides = Literal["response_contexts", "question_contexts", "question_response", "response_reference"]
"""Two texts of a sample that are compared: the first is looked for in the second."""

_KEPT = 20_000  # sentence vectors that are remembered, some 30 MB


class Vectors:
    """Sentence vectors by the encoder, remembered for as long as the same evidence comes again."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._known: OrderedDict[str, Floats] = OrderedDict()

    def of(self, texts: Sequence[str]) -> list[Floats]:
        """The unit vector (dimension,) of each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, item in zip(new, self._models.encoder.encode_passages(new) if new else [], strict=True):
            self._known[text] = item.dense
        found = [self._known[text] for text in texts]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found


def overlap(sample: Sample, sides: Sides) -> float:
    """Share of the first text's content words that the second holds; for a response and its reference, which
    are alike, the words in both over the words in either (Jaccard). Raises NotJudgeable.
    """
    first, texts = _texts(sample, sides)
    ours, theirs = content_words(first), content_words(" ".join(texts))
    if sides != "response_reference":
        return coverage(ours, theirs)
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0


def similarity(sample: Sample, sides: Sides, vectors: Vectors) -> float:
    """The cosine of the first text and the nearest sentence of the second; a reference is taken as a whole.
    Raises NotJudgeable.
    """
    first, texts = _texts(sample, sides)
    whole = sides == "response_reference"
    sentences = texts if whole else [text[s.start : s.end] for text in texts for s in split(text)]
    ours, *theirs = vectors.of([first, *sentences])
    return max(float(ours @ other) for other in theirs)


def _texts(sample: Sample, sides: Sides) -> tuple[str, list[str]]:
    first = sample.question if sides.startswith("question") else sample.response
    others = {"contexts": sample.contexts, "response": (sample.response,), "reference": (sample.reference,)}
    second = [text for text in others[sides.rpartition("_")[2]] if text and text.strip()]
    if not first.strip() or not second:
        raise NotJudgeable(f"There is nothing to compare: {sides.replace('_', ' and ')}.")
    return first, second
