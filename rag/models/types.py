"""What a small model does, as Protocols; the rest of Footnote knows no more than this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.types import Span, Verdict

Floats = NDArray[np.float32]
Role = Literal["encoder", "reader", "checker"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model's identity; `revision` is a hash of its weights, so that two names never mean different
    vectors.
    """

    name: str
    revision: str
    role: Role
    parameters: int
    max_tokens: int
    dimension: int | None = None
    token_dimension: int | None = None


@dataclass(frozen=True, slots=True)
class EncodedPassage:
    """A passage's unit-length dense vector (dimension,) and its packed token vectors (see
    rag/models/late.py).
    """

    dense: Floats
    tokens: bytes | None


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A query's unit-length dense vector (dimension,), its token vectors (tokens, token_dimension) or None,
    and the share of its tokens that the model's vocabulary has: the vectors say nothing of the others.
    """

    dense: Floats
    tokens: Floats | None
    known: float = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A span of `passage` (an index) that answers: offsets in that passage, and the calibrated probability
    that the sentence around it holds the answer.
    """

    passage: int
    start: int
    end: int
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class EvidenceToken:
    """Characters [start, end) of a passage, and the logit that they belong to a sentence of evidence."""

    start: int
    end: int
    logit: float


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Readings best first, the probability that no passage answers, each passage's relevance score, and each
    passage's tokens as `evidence` (empty where the reader gives none).
    """

    readings: tuple[Reading, ...]
    no_answer_probability: float
    relevance: tuple[float, ...]
    evidence: tuple[tuple[EvidenceToken, ...], ...] = ()


class Encoder(Protocol):
    """Text to vectors. Query and passage encoding are two methods, as the two may differ."""

    @property
    def info(self) -> ModelInfo: ...

    def encode_queries(self, texts: Sequence[str]) -> list[EncodedQuery]: ...

    def encode_passages(self, texts: Sequence[str]) -> list[EncodedPassage]:
        """Headings, when wanted as context, are part of the text given here."""
        ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans (start, end) of the text's tokens, uncut and without special tokens; for
        chunking.
        """
        ...

    def query_spans(self, text: str) -> list[Span | None]:
        """What each token vector of the query stands for: characters of it, None for a mark; [] without any
        token vectors.
        """
        ...

    def passage_spans(self, text: str) -> list[Span | None]:
        """The same for the packed token vectors of a passage, where neighbours are pooled."""
        ...


class Reader(Protocol):
    """Question and passages to answer spans and relevance, one pass over each pair."""

    @property
    def info(self) -> ModelInfo: ...

    def read(self, question: str, passages: Sequence[str], *, top: int = 5) -> ReadResult: ...

    def relevance(self, question: str, passages: Sequence[str]) -> Floats:
        """Logits (len(passages),), higher is more relevant."""
        ...

    def threshold(self, accuracy: float) -> float:
        """The least probability of a reading so that a share of `accuracy` of the first answers is right."""
        ...


class Checker(Protocol):
    """Claims against evidence passages to verdicts."""

    @property
    def info(self) -> ModelInfo: ...

    def check(
        self, claims: Sequence[str], evidence: Sequence[Sequence[str]], question: str | None = None
    ) -> list[Verdict]:
        """One verdict per claim against its own evidence passages; `Verdict.evidence` indexes into them."""
        ...
