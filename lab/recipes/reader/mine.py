"""Mines and saves hard negatives for every question of the reader's splits.

`python -m lab.recipes.reader.mine --data DIR --out DIR`
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from adapt.network import backbone_folder, embed_texts, load_backbone, load_tokenizer
from lab.recipes.mining import Bm25, Floats, best, hybrid, stemmed
from lab.recipes.reader.data import QaSplits, normal, split_qa
from lab.recipes.records import QaRow

WIKIPEDIA = ("qed_nq", "squadshifts/new_wiki", "tydiqa_goldp_en", "nq_open_oracle")


def pool_name(row: QaRow) -> str:
    """Rows share a pool of candidate paragraphs when a reader could meet them in one collection."""
    return "wikipedia" if row.source in WIKIPEDIA else row.source


def holds(passage: str, answer: str) -> bool:
    """Whether the passage contains the answer as whole words, whatever case and punctuation."""
    wanted = normal(answer)
    return bool(wanted) and f" {wanted} " in f" {normal(passage)} "


def holds_answer(row: QaRow, passage: str) -> bool:
    """Whether the passage contains one of the row's answers."""
    return any(holds(passage, row.context[s.start : s.end]) for s in row.spans)


def negatives(row: QaRow, ranked: Sequence[int], contexts: Sequence[str], keep: int) -> list[int]:
    """The best-ranked paragraphs that are neither the row's own nor hold its answer."""
    wrong = [i for i in ranked if contexts[i] != row.context and not holds_answer(row, contexts[i])]
    return wrong[:keep]


def rank_pool(
    questions: Sequence[str], contexts: Sequence[str], embed: Embedder | None, depth: int
) -> npt.NDArray[np.int64]:
    """The `depth` best paragraphs of each question by the hybrid score, or by BM25 alone, in blocks that fit
    memory.
    """
    lexical = Bm25(contexts) if embed else Bm25(contexts, analyse=stemmed)
    vectors = (embed(questions), embed(contexts)) if embed else None
    blocks = []
    for start in range(0, len(questions), 512):
        part = slice(start, start + 512)
        scores = lexical.scores(questions[part])
        if vectors:
            scores = hybrid(vectors[0][part] @ vectors[1].T, scores)
        blocks.append(best(scores, depth))
    return np.concatenate(blocks)


def mine_pool(rows: Sequence[QaRow], embed: Embedder | None, keep: int) -> list[list[str]]:
    """For each row the texts of its hard negatives among all paragraphs of the rows."""
    contexts = sorted({row.context for row in rows})
    questions = [row.question for row in rows]
    ranked = rank_pool(questions, contexts, embed, min(40, len(contexts)))
    return [
        [contexts[i] for i in negatives(row, order, contexts, keep)]
        for row, order in zip(rows, ranked.tolist(), strict=True)
    ]


class Embedder:
    """The backbone as a function from texts to unit vectors."""

    def __init__(self, folder: Path) -> None:
        self._model = load_backbone(folder).eval()
        self._tokenizer = load_tokenizer(folder)

    def __call__(self, texts: Sequence[str]) -> Floats:
        return embed_texts(self._model, self._tokenizer, texts)


def mine(splits: QaSplits, embed: Embedder | None, keep: int) -> dict[str, dict[str, list[list[str]]]]:
    """{pool: {split: one list of negatives per row}}; dev rows compete with train's paragraphs as well."""
    named = {"train": splits.train, "calibrate": splits.calibrate, "dev": splits.dev}
    members: dict[str, list[tuple[str, QaRow]]] = defaultdict(list)
    for split, rows in named.items():
        for row in rows:
            members[pool_name(row)].append((split, row))
    out: dict[str, dict[str, list[list[str]]]] = {}
    for pool, pairs in members.items():
        found = mine_pool([row for _, row in pairs], embed, keep)
        out[pool] = {name: [n for (s, _), n in zip(pairs, found, strict=True) if s == name] for name in named}
        print(pool, {name: len(value) for name, value in out[pool].items()}, flush=True)
    return out


def in_order(
    mined: dict[str, dict[str, list[list[str]]]], split: str, rows: Sequence[QaRow]
) -> list[list[str]]:
    """The negatives of one split in the order of its rows."""
    queues = {pool: iter(by_split[split]) for pool, by_split in mined.items()}
    return [next(queues[pool_name(row)]) for row in rows]


def main() -> None:
    """Write negatives.json into --out: `contexts`, and for each split one list of indices into them per
    row.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbone")
    parser.add_argument("--keep", type=int, default=19)
    parser.add_argument("--words", action="store_true", help="by BM25 alone: minutes instead of an hour")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    splits = split_qa(args.data)
    embed = None if args.words else Embedder(backbone_folder(args.backbone))
    mined = mine(splits, embed, args.keep)
    named = {"train": splits.train, "calibrate": splits.calibrate, "dev": splits.dev}
    args.out.mkdir(parents=True, exist_ok=True)
    texts = {name: in_order(mined, name, rows) for name, rows in named.items()}
    contexts = sorted({text for lists in texts.values() for found in lists for text in found})
    place = {text: i for i, text in enumerate(contexts)}
    result = {name: [[place[text] for text in found] for found in lists] for name, lists in texts.items()}
    (args.out / "negatives.json").write_text(json.dumps({"contexts": contexts, **result}), encoding="utf-8")


if __name__ == "__main__":
    main()
