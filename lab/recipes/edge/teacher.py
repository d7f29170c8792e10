"""What the shipped encoder makes of every single token: what the static encoder is distilled from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


Counts = NDArray[np.float64]
SIF = 3e-4
"""The constant of SIF weighting; nDCG@10 on the choosing sets is flat from 1e-4 to 1e-3 (docs/log.md)."""


def token_counts(texts: Iterable[Sequence[int]], vocabulary: int) -> Counts:
    """How often each token occurs: [vocabulary]."""
    counts = np.zeros(vocabulary)
    for ids in texts:
        counts += np.bincount(ids, minlength=vocabulary)
    return counts


def start_table(vectors: Floats, counts: Counts, dimension: int) -> Floats:
    """Token vectors [V, width] to [V, dimension]: centred, projected to their principal directions, and each
    row weighted by a / (a + p(token)) (SIF, Arora, Liang and Ma 2017); the mean row has length 1.
    """
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred[::3], full_matrices=False)
    share = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    rows = (centred @ directions[:dimension].T) * (SIF / (SIF + share))[:, None]
    return np.asarray(rows / np.linalg.norm(rows, axis=1).mean(), np.float32)
