"""The encoder: text to a dense vector and, from the same pass, small token vectors for late interaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Encoding

from rag.models.config import read_config
from rag.models.late import pack, pool, pooled_spans
from rag.models.runtime import CLS, SEP, UNKNOWN, Network, Row, RuntimeOptions, revision
from rag.models.types import EncodedPassage, EncodedQuery, Floats, ModelInfo
from rag.types import Span


def known_share(ids: Sequence[int]) -> float:
    """The share of tokens that a vocabulary has, 1 of none."""
    return 1.0 - list(ids).count(UNKNOWN) / len(ids) if ids else 1.0


class OnnxEncoder:
    """A sentence encoder in a weights folder (outputs `sentence_embedding` and `token_embeddings`)."""

    def __init__(self, name: str, folder: Path, options: RuntimeOptions | None = None) -> None:
        config = read_config(folder)
        self._network = Network(folder, options or RuntimeOptions())
        self._pooling = config.get("pooling", int)
        self._info = ModelInfo(
            name,
            revision(folder),
            "encoder",
            config.get("parameters", int),
            config.get("max_tokens", int),
            config.get("dimension", int),
            config.get("token_dimension", int),
        )

    @property
    def info(self) -> ModelInfo:
        """Name, revision and sizes."""
        return self._info

    def encode_queries(self, texts: Sequence[str]) -> list[EncodedQuery]:
        """One unit vector (dimension,) and the query's token vectors (tokens, token_dimension) for each
        text.
        """
        found = self._network.tokenize(texts)
        vectors = self._network.run([self._row(item) for item in found])
        return [
            EncodedQuery(dense.copy(), tokens.copy(), known_share(item.ids))
            for item, (dense, tokens) in zip(found, vectors, strict=True)
        ]

    def encode_passages(self, texts: Sequence[str]) -> list[EncodedPassage]:
        """One unit vector and the packed, pooled token vectors for each text; text past `max_tokens` is not
        seen.
        """
        return [
            EncodedPassage(dense, pack(pool(tokens, self._pooling))) for dense, tokens in self._encode(texts)
        ]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of the text's tokens, uncut and without special tokens."""
        found: list[tuple[int, int]] = self._network.tokenize_spans([text])[0].offsets
        return found

    def query_spans(self, text: str) -> list[Span | None]:
        """What each of the query's token vectors stands for; None for [CLS] and [SEP]."""
        spans = self._network.tokenize_spans([text])[0].offsets[: self._info.max_tokens - 2]
        return [None, *(Span(start, end) for start, end in spans), None]

    def passage_spans(self, text: str) -> list[Span | None]:
        """What each of the passage's packed vectors stands for: from the first to the last of its tokens."""
        return pooled_spans(self.query_spans(text), self._pooling)

    def _encode(self, texts: Sequence[str]) -> list[tuple[Floats, Floats]]:
        rows = [self._row(item) for item in self._network.tokenize(texts)]
        return [(dense.copy(), tokens.copy()) for dense, tokens in self._network.run(rows)]

    def _row(self, item: Encoding) -> Row:
        ids = [CLS, *item.ids[: self._info.max_tokens - 2], SEP]
        return Row(ids, [0] * len(ids))
