"""What the shipped encoder makes of texts and of every single token: the teacher of the static encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.models.runtime import CLS, SEP, Network, Row, RuntimeOptions
from rag.models.types import Floats

BATCH_TOKENS = 8192


def open_teacher(folder: Path, threads: int = 1) -> Network:
    """The encoder's network in int8 arithmetic: twice as fast, and its error is far below the student's."""
    return Network(folder, RuntimeOptions(threads=threads, precision="int8", batch_tokens=BATCH_TOKENS))


def text_vectors(teacher: Network, texts: Sequence[str], max_tokens: int = 128) -> Floats:
    """Unit vectors [len(texts), width] of the first `max_tokens` tokens of each text."""
    rows = [item.ids[: max_tokens - 2] for item in teacher.tokenize(texts)]
    return _dense(teacher, rows)


def token_vectors(teacher: Network) -> Floats:
    """Each entry of the vocabulary as a text of its own: [vocabulary, width], after Model2Vec
    (https://github.com/MinishLab/model2vec).
    """
    return _dense(teacher, [[token] for token in range(teacher.tokenizer.get_vocab_size())])


def _dense(teacher: Network, rows: Sequence[Sequence[int]]) -> Floats:
    ids = [[CLS, *row, SEP] for row in rows]
    names = [item.name for item in teacher.session.get_outputs()]
    place = names.index("sentence_embedding")
    found = teacher.run([Row(row, [0] * len(row)) for row in ids])
    return np.stack([outputs[place] for outputs in found]).astype(np.float32)
