"""BERTScore with the encoder's token vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from eval.metrics.grounding import plain
from eval.metrics.judge import Judge, NotJudgeable, Sample
from rag.models.late import unit
from rag.models.loaded import Models
from rag.models.types import Encoder, Floats


@dataclass(frozen=True, slots=True)
class BertScore:
    """How well two texts match token by token, each from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def bert_score(models: Models) -> Judge:
    """F1 of BERTScore (Zhang et al. 2020, https://arxiv.org/abs/1904.09675) of response and reference.

    Raises NotJudgeable `no_response`, `no_reference`, and `no_token_vectors` for an encoder without any, such
    as footnote-edge.
    """

    def judge(sample: Sample) -> float:
        if not (sample.reference or "").strip():
            raise NotJudgeable("There is no reference to compare with.", code="no_reference")
        return compare(plain(sample.response), sample.reference or "", models.encoder).f1

    return judge


def compare(candidate: str, reference: str, encoder: Encoder) -> BertScore:
    """Greedy matching: precision is the mean, over the candidate's tokens, of the best cosine to a token of
    the reference; recall the other way round.

    The vectors are those of late interaction, before pooling and without [CLS] and [SEP]; negative cosines
    count 0. No idf weights, no rescaling by a baseline. Texts longer than the encoder's window are read in
    parts. Raises NotJudgeable `no_token_vectors`.
    """
    ours, theirs = token_vectors([candidate, reference], encoder)
    similarity = np.clip(ours @ theirs.T, 0, 1)
    if not similarity.size:
        return BertScore(0.0, 0.0)
    return BertScore(float(similarity.max(axis=1).mean()), float(similarity.max(axis=0).mean()))


def token_vectors(texts: Sequence[str], encoder: Encoder) -> list[Floats]:
    """Each text's unit token vectors [tokens, token_dimension], all texts in one batch."""
    if encoder.info.token_dimension is None:
        raise NotJudgeable(f"{encoder.info.name} has no token vectors.", code="no_token_vectors")
    parts = [_parts(text, encoder) for text in texts]
    encoded = encoder.encode_queries([part for found in parts for part in found])
    vectors = [_inner(item.tokens) for item in encoded]
    ends = accumulate((len(found) for found in parts), initial=0)
    return [np.concatenate(vectors[start:end]) for start, end in pairwise(ends)]


def _inner(tokens: Floats | None) -> Floats:
    if tokens is None:
        raise NotJudgeable("The encoder has no token vectors.", code="no_token_vectors")
    return unit(tokens[1:-1])


def _parts(text: str, encoder: Encoder) -> list[str]:
    """The text cut between tokens into parts that fit the encoder."""
    size = encoder.info.max_tokens - 2
    spans = encoder.token_spans(text)
    if len(spans) <= size:
        return [text]
    starts = range(0, len(spans), size)
    return [text[spans[at][0] : spans[min(at + size, len(spans)) - 1][1]] for at in starts]
