"""The encoder as RAGAS embeddings."""

from __future__ import annotations

from ragas.embeddings.base import BaseRagasEmbedding

from eval.ragas.models import shared_models
from rag.models.types import Encoder


class EncoderEmbeddings(BaseRagasEmbedding):  # type: ignore[misc]
    """Any Footnote encoder for RAGAS metrics; texts are encoded as passages, so that similarity is
    symmetric.
    """

    def __init__(self, encoder: Encoder | None = None) -> None:
        """Without an encoder it is that of the settings, shared with the metrics."""
        super().__init__()
        self._encoder = encoder or shared_models().encoder

    def embed_text(self, text: str, **kwargs: object) -> list[float]:
        """The unit-length dense vector (dimension,) of one text."""
        return self.embed_texts([text])[0]

    async def aembed_text(self, text: str, **kwargs: object) -> list[float]:
        """As embed_text: the encoder runs in this process, there is nothing to wait for."""
        return self.embed_text(text)

    def embed_texts(self, texts: list[str], **kwargs: object) -> list[list[float]]:
        """One vector per text, in one batch."""
        return [passage.dense.astype(float).tolist() for passage in self._encoder.encode_passages(texts)]
