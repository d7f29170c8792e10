"""The checker: does the evidence support the sentence? A small net over windows, joined with lexical
alignment and, where the encoder is at hand that its head was fitted with, with the likeness of the vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from rag.models.claims import (
    Likeness,
    align,
    closest_sentence,
    content,
    mark_features,
    share,
    similarities,
    words_of,
)
from rag.models.config import Config, read_config
from rag.models.reader import cut_windows, logistic
from rag.models.runtime import CLS, SEP, Network, Row, RuntimeOptions, revision
from rag.models.types import Encoder, Floats, ModelInfo
from rag.types import Evidence, Label, Span, Verdict

MAX_CLAIM, MAX_QUESTION = 96, 48
NET_FEATURES = ("support", "contradiction")
ACCUSED = 0.5
"""Least chance of a contradicted claim: who is told so should not more often be told wrongly."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A window of evidence: characters [start, end) of the `context`-th passage, and its tokens."""

    context: int
    start: int
    end: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the net says of one claim: per piece the log-chances [P,3], per piece and claim token a mark
    logit [P,T].
    """

    pieces: tuple[Piece, ...]
    chances: Floats
    marks: Floats

    @property
    def best(self) -> int:
        """The piece with the strongest support."""
        return int(np.argmax(log_odds(self.chances[:, 0])))


def log_odds(log_chance: Floats) -> Floats:
    """Log-odds of log-probabilities."""
    safe = np.minimum(log_chance, -1e-6)
    return np.asarray(safe - np.log(-np.expm1(safe)), np.float32)


def log_softmax(logits: Floats) -> Floats:
    """Log-probabilities along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


def net_features(judged: Judged) -> list[float]:
    """What the head reads from the net, in the order of NET_FEATURES: the best log-odds over the windows."""
    return [float(log_odds(judged.chances[:, place]).max()) for place in (0, 1)]


@dataclass(frozen=True, slots=True)
class Head:
    """Logistic weights over the features [F+1] (the intercept last): of "supported", and of "contradicted"
    among the rest; `threshold` is the least support of a supported claim.
    """

    support: NDArray[np.float64]
    contradiction: NDArray[np.float64]
    threshold: float


def read_head(config: Config, prefix: str = "") -> Head:
    """The head under `prefix` of a config.json."""
    return Head(
        np.array(config.floats(f"{prefix}support_weights")),
        np.array(config.floats(f"{prefix}contradiction_weights")),
        config.get(f"{prefix}support_threshold", float),
    )


SIMILAR = "similarity_"
"""Prefix of the head that also reads the encoder's vectors, and of that encoder's revision."""


class OnnxChecker:
    """A checker in a weights folder (outputs `label` [B,3] and `mark` [B,T]).

    `encoder` is used when it is the one that the folder's second head was fitted with (the same revision);
    with another one, or none, the first head judges by the net and the words alone.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        options: RuntimeOptions | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        config = read_config(folder)
        self._network = Network(folder, options or RuntimeOptions())
        self._window = config.get("window_tokens", int)
        self._overlap = config.get("window_overlap", int)
        self._most = config.get("max_windows", int)
        fits = encoder is not None and wanted_encoder(config) == encoder.info.revision
        prefix = SIMILAR if fits else ""
        self._encoder = encoder if fits else None
        self._head = read_head(config, prefix)
        self._mark_threshold = config.get(f"{prefix}mark_threshold", float)
        self._mark_weights = np.array(config.floats(f"{prefix}mark_weights")) if fits else np.zeros(1)
        parameters, tokens = config.get("parameters", int), config.get("max_tokens", int)
        self._info = ModelInfo(name, revision(folder), "checker", parameters, tokens)

    @property
    def info(self) -> ModelInfo:
        """Name, revision and sizes."""
        return self._info

    def check(
        self, claims: Sequence[str], evidence: Sequence[Sequence[str]], question: str | None = None
    ) -> list[Verdict]:
        """One verdict per claim against its own evidence; without evidence, or without a word in it,
        "unsupported".
        """
        judged = self.judge(claims, evidence, question)
        windows = evidence_windows(evidence, judged)
        near = similarities(claims, windows, self._encoder) if self._encoder else [None] * len(claims)
        return [
            self._verdict(claim, passages, found, alike)
            for claim, passages, found, alike in zip(claims, evidence, judged, near, strict=True)
        ]

    def judge(
        self, claims: Sequence[str], evidence: Sequence[Sequence[str]], question: str | None = None
    ) -> list[Judged | None]:
        """The net's raw view of each claim, None where there is nothing to compare; all windows run in one
        batch.
        """
        asked = self._network.tokenize([question])[0].ids[:MAX_QUESTION] if question else []
        tokens = [item.ids[:MAX_CLAIM] for item in self._network.tokenize(claims)]
        pairs = zip(claims, tokens, evidence, strict=True)
        pieces = [self._pieces(claim, passages) if ids else [] for claim, ids, passages in pairs]
        rows = [_row(asked, ids, piece) for ids, found in zip(tokens, pieces, strict=True) for piece in found]
        outputs = iter(self._network.run(rows))
        lead = 1 + (len(asked) + 1 if asked else 0)
        return [
            _judged(found, [next(outputs) for _ in found], lead, len(ids)) if found else None
            for ids, found in zip(tokens, pieces, strict=True)
        ]

    def _pieces(self, claim: str, passages: Sequence[str]) -> list[Piece]:
        encoded = self._network.tokenize_spans(passages)
        pieces = [
            _piece(context, item, first, last)
            for context, item in enumerate(encoded)
            if item.ids
            for first, last in cut_windows(len(item.ids), self._window, self._overlap)
        ]
        if len(pieces) <= self._most:
            return pieces
        wanted = content(words_of(claim))
        found = [
            share(wanted, frozenset(words_of(passages[p.context][p.start : p.end]).stems)) for p in pieces
        ]
        order = sorted(range(len(pieces)), key=lambda i: -found[i])[: self._most]
        return [pieces[i] for i in sorted(order)]

    def _verdict(
        self, claim: str, passages: Sequence[str], judged: Judged | None, near: Likeness | None
    ) -> Verdict:
        if judged is None:
            return Verdict("unsupported", 1.0, 0.0)
        windows = window_texts(passages, judged)
        features = claim_features(claim, windows, judged, near)
        support = logistic(self._head.support, features)
        contradicted = (1 - support) * logistic(self._head.contradiction, features)
        label, probability = self._label(support, contradicted)
        spans = () if label == "supported" else self._marked(claim, judged, near, windows)
        return Verdict(label, probability, support, (_evidence(claim, passages, judged, label),), spans)

    def _label(self, support: float, contradicted: float) -> tuple[Label, float]:
        if support >= self._head.threshold:
            return "supported", support
        if contradicted >= ACCUSED:
            return "contradicted", contradicted
        return "unsupported", 1 - support

    def _marked(
        self, claim: str, judged: Judged, near: Likeness | None, windows: Sequence[str]
    ) -> tuple[Span, ...]:
        item = self._network.tokenize_spans([claim])[0]
        said = judged.marks.min(axis=0)
        if near is not None:
            found = mark_features(claim, item, said, near.nearest[: len(said)], windows)
            said = np.asarray(found @ self._mark_weights[:-1] + self._mark_weights[-1], np.float32)
        words = {item.word_ids[i] for i in np.flatnonzero(said > self._mark_threshold)}
        spans = [item.offsets[i] for i in range(len(said)) if item.word_ids[i] in words]
        return merge_spans(spans, claim)


def evidence_windows(evidence: Sequence[Sequence[str]], judged: Sequence[Judged | None]) -> list[list[str]]:
    """The texts of the windows that each claim was judged by."""
    return [
        window_texts(passages, found) if found else []
        for passages, found in zip(evidence, judged, strict=True)
    ]


def window_texts(passages: Sequence[str], judged: Judged) -> list[str]:
    """The texts of one claim's windows."""
    return [passages[piece.context][piece.start : piece.end] for piece in judged.pieces]


def claim_features(
    claim: str, windows: Sequence[str], judged: Judged, near: Likeness | None = None
) -> list[float]:
    """What a head reads of a claim: the net, the words and, where it was compared, the vectors."""
    return [*net_features(judged), *align(claim, windows), *(near.features if near else ())]


def wanted_encoder(config: Config) -> str | None:
    """The revision of the encoder that the folder's second head was fitted with, if it has one."""
    return config.get(f"{SIMILAR}encoder", str) if f"{SIMILAR}encoder" in config.values else None


def merge_spans(spans: Sequence[tuple[int, int]], text: str) -> tuple[Span, ...]:
    """Spans with nothing but space between them joined into one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and not text[merged[-1].end : start].strip():
            merged[-1] = Span(merged[-1].start, end)
        else:
            merged.append(Span(start, end))
    return tuple(merged)


def _evidence(claim: str, passages: Sequence[str], judged: Judged, label: Label) -> Evidence:
    """The sentence that the verdict rests on: in the window with most support, or with most contradiction."""
    place = int(np.argmax(judged.chances[:, 1])) if label == "contradicted" else judged.best
    piece = judged.pieces[place]
    start, end = closest_sentence(words_of(claim), passages[piece.context][piece.start : piece.end])
    return Evidence(piece.context, piece.start + start, piece.start + end)


def _piece(context: int, item: Encoding, first: int, last: int) -> Piece:
    return Piece(context, item.offsets[first][0], item.offsets[last - 1][1], tuple(item.ids[first:last]))


def _row(question: Sequence[int], claim: Sequence[int], piece: Piece) -> Row:
    head = [CLS, *question, SEP] if question else [CLS]
    ids = [*head, *claim, SEP, *piece.ids, SEP]
    return Row(ids, [0] * (len(head) + len(claim) + 1) + [1] * len(piece.ids) + [0])


def _judged(pieces: Sequence[Piece], outputs: Sequence[tuple[Floats, ...]], lead: int, length: int) -> Judged:
    chances = log_softmax(np.stack([label for label, _ in outputs]))
    return Judged(tuple(pieces), chances, np.stack([mark[lead : lead + length] for _, mark in outputs]))
