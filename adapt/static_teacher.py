"""What the shipped encoder makes of every single token: what the static encoder is distilled from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rag.models.runtime import CLS, SEP, Network, Row, RuntimeOptions
from rag.models.types import Floats

BATCH_TOKENS = 8192


def open_teacher(folder: Path, threads: int = 1) -> Network:
    """The encoder's network, in float arithmetic: a token's vector does not depend on its batch."""
    return Network(folder, RuntimeOptions(threads=threads, precision="float", batch_tokens=BATCH_TOKENS))


def token_vectors(teacher: Network) -> Floats:
    """Each entry of the vocabulary as a text of its own: [vocabulary, width], after Model2Vec
    (https://github.com/MinishLab/model2vec).
    """
    rows = [Row([CLS, token, SEP], [0, 0, 0]) for token in range(teacher.tokenizer.get_vocab_size())]
    names = [item.name for item in teacher.session.get_outputs()]
    place = names.index("sentence_embedding")
    return np.stack([outputs[place] for outputs in teacher.run(rows)]).astype(np.float32)
