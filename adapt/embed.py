"""Dense vectors of many texts with the backbone, for mining hard negatives before any model is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from transformers import BertModel

from adapt.backbone import mean_pool
from rag.models.runtime import token_batches


def pad(rows: Sequence[Sequence[int]], value: int = 0) -> torch.Tensor:
    """Right-pad rows of integers to a [B, longest] tensor."""
    width = max(len(row) for row in rows)
    return torch.tensor([list(row) + [value] * (width - len(row)) for row in rows])


def embed_texts(
    model: BertModel, tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int = 128, budget: int = 8192
) -> npt.NDArray[np.float32]:
    """Unit vectors [len(texts), H] of the first `max_tokens` tokens of each text."""
    encoded = tokenizer.encode_batch(list(texts))
    ids = [
        item.ids[: max_tokens - 1] + item.ids[-1:] if len(item.ids) > max_tokens else item.ids
        for item in encoded
    ]
    out = np.zeros((len(texts), model.config.hidden_size), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for batch in token_batches([len(row) for row in ids], budget):
            tokens = pad([ids[i] for i in batch])
            mask = (tokens != 0).long()
            hidden = model(tokens, attention_mask=mask).last_hidden_state
            out[batch] = mean_pool(hidden.float(), mask).numpy()
    return out
