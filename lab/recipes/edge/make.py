"""Makes the static encoder from the shipped one: `python -m lab.recipes.edge.make --data DIR --out FOLDER`.

Every token of the vocabulary goes through the encoder, the vectors are reduced by PCA and weighted by how
rare the token is (Model2Vec), then the table is trained on questions with their passages: minutes on one
core.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from lab.recipes.edge.data import StaticData, load_static_data
from lab.recipes.edge.teacher import open_teacher, start_table, token_counts, token_vectors
from lab.recipes.edge.train import StaticFit, train_table
from rag.models.runtime import UNKNOWN, Network
from rag.models.static import KIND, quantised, write_table
from rag.models.types import Floats

DIMENSION = 256
MAX_TOKENS = 512
QUESTION_TOKENS, PASSAGE_TOKENS = 48, 160


def make_table(teacher: Network, data: StaticData, dimension: int, fit: StaticFit) -> Floats:
    """The table [V, dimension] in float."""
    questions = _ids(teacher, [pair.question for pair in data.pairs], QUESTION_TOKENS)
    passages = _ids(teacher, [pair.passage for pair in data.pairs], PASSAGE_TOKENS)
    others = _ids(teacher, data.passages, PASSAGE_TOKENS)
    counts = token_counts([*questions, *passages, *others], teacher.tokenizer.get_vocab_size())
    start = start_table(token_vectors(teacher), counts, dimension)
    return train_table(start, questions, passages, fit) if fit.steps else start


def write_static(table: Floats, teacher: Path, out: Path) -> None:
    """The weights folder: config.json, tokenizer.json, weights.bin."""
    out.mkdir(parents=True, exist_ok=True)
    vocabulary, dimension = table.shape
    config = {
        "dimension": dimension,
        "kind": KIND,
        "max_tokens": MAX_TOKENS,
        "parameters": vocabulary * dimension,
        "role": "encoder",
        "vocabulary": vocabulary,
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(teacher / "tokenizer.json", out / "tokenizer.json")
    write_table(quantised(table), out)


def _ids(teacher: Network, texts: Sequence[str], most: int) -> list[list[int]]:
    return [item.ids[:most] or [UNKNOWN] for item in teacher.tokenize(texts)]


def main() -> None:
    """Write the weights folder --out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, default=Path("rag/models/weights/encoder"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dimension", type=int, default=DIMENSION)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=StaticFit.steps, help="0: distilled only")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = load_static_data(args.data, args.pairs, args.passages, args.seed)
    fit = StaticFit(steps=args.steps, seed=args.seed)
    table = make_table(open_teacher(args.encoder), data, args.dimension, fit)
    write_static(table, args.encoder, args.out)


if __name__ == "__main__":
    main()
