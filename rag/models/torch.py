"""Any sentence-transformers model by its Hub name or folder (extra `train`): encoders, and cross-encoders
as rerankers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ModelError
from rag.models.types import EncodedPassage, EncodedQuery, Floats, ModelInfo, ReadResult, Role
from rag.types import Span

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from torch.nn import Module


def _revision(model: Module) -> str:
    """Twelve hex digits of SHA-256 over the weights, so that a changed model is told from the one that
    built an index.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def _info(name: str, role: Role, model: Module, max_tokens: int, dimension: int | None = None) -> ModelInfo:
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return ModelInfo(name, _revision(model), role, parameters, max_tokens, dimension)


def _missing() -> ModelError:
    return ModelError(
        "This model needs sentence-transformers: install footnote-rag[train].", code="extra_missing"
    )


def _not_found(name: str, error: Exception) -> ModelError:
    return ModelError(
        f"{name} is no weights folder and sentence-transformers cannot load it: {error}",
        code="model_not_found",
    )


class TorchEncoder:
    """A SentenceTransformer as an encoder; it has no token vectors, so late interaction is skipped for it."""

    def __init__(self, name: str) -> None:
        self._model = _sentence_transformer(name)
        dimension = self._model.get_embedding_dimension()
        self._info = _info(name, "encoder", self._model, int(self._model.max_seq_length or 512), dimension)

    @property
    def info(self) -> ModelInfo:
        """Name, revision and sizes."""
        return self._info

    def encode_queries(self, texts: Sequence[str]) -> list[EncodedQuery]:
        """Unit vectors, with the model's own query prompt where it has one."""
        return [EncodedQuery(row, None) for row in _unit(self._model.encode_query(list(texts)))]

    def encode_passages(self, texts: Sequence[str]) -> list[EncodedPassage]:
        """Unit vectors, with the model's own document prompt where it has one."""
        return [EncodedPassage(row, None) for row in _unit(self._model.encode_document(list(texts)))]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of the tokens. Raises ModelError `model_invalid` when there are no offsets."""
        if not self._model.tokenizer.is_fast:
            raise ModelError(f"{self._info.name} has no fast tokenizer, so no offsets.", code="model_invalid")
        found = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False
        )
        return [(int(start), int(end)) for start, end in found["offset_mapping"]]

    def query_spans(self, text: str) -> list[Span | None]:
        """None: it has no token vectors."""
        return []

    def passage_spans(self, text: str) -> list[Span | None]:
        """None: it has no token vectors."""
        return []


class TorchReader:
    """A CrossEncoder as a reader that ranks; it finds no spans, so it never answers by itself."""

    def __init__(self, name: str) -> None:
        self._model = _cross_encoder(name)
        self._info = _info(name, "reader", self._model, int(self._model.max_seq_length or 512))

    @property
    def info(self) -> ModelInfo:
        """Name, revision and sizes."""
        return self._info

    def read(self, question: str, passages: Sequence[str], *, top: int = 5) -> ReadResult:
        """Relevance only: no readings, and no answer for certain."""
        return ReadResult((), 1.0, tuple(self.relevance(question, passages).tolist()))

    def relevance(self, question: str, passages: Sequence[str]) -> Floats:
        """The cross-encoder's score of each passage (len(passages),)."""
        if not passages:
            return np.zeros(0, np.float32)
        scores = self._model.predict([(question, passage) for passage in passages], show_progress_bar=False)
        return np.asarray(scores, np.float32).reshape(len(passages))

    def threshold(self, accuracy: float) -> float:
        """1: it gives no readings."""
        return 1.0


def _unit(rows: Floats) -> Floats:
    rows = np.asarray(rows, np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def _sentence_transformer(name: str) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise _missing() from error
    try:
        return SentenceTransformer(name, device="cpu")
    except (OSError, ValueError) as error:
        raise _not_found(name, error) from error


def _cross_encoder(name: str) -> CrossEncoder:
    try:
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise _missing() from error
    try:
        return CrossEncoder(name, device="cpu")
    except (OSError, ValueError) as error:
        raise _not_found(name, error) from error
