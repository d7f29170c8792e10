"""How fast encoders are beside one another: `python -m lab.recipes.edge.measure --data DIR`.

The same passages of scifact for every encoder: processor time on one thread, the best of some rounds, so that
a busy machine says nothing wrong about the ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.corpus import load_beir
from lab.recipes.beir import texts_of
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.settings import Settings

ENCODERS = (("footnote-encoder", "float"), ("footnote-encoder", "int8"), ("footnote-edge", "float"))


@dataclass(frozen=True)
class Speed:
    """Processor seconds for the passages and for the queries, and the passages' tokens."""

    name: str
    passages: float
    queries: float
    tokens: int


def measure(
    name: str, encoder: Encoder, passages: Sequence[str], queries: Sequence[str], rounds: int
) -> Speed:
    """The best of some rounds, after one to warm up; queries one at a time, as they come."""
    tokens = sum(min(len(encoder.token_spans(text)), encoder.info.max_tokens) for text in passages)
    encoder.encode_passages(passages[:8])
    ours = min(_timed(lambda: encoder.encode_passages(passages)) for _ in range(rounds))
    asked = min(_timed(lambda: [encoder.encode_queries([text]) for text in queries]) for _ in range(rounds))
    return Speed(name, ours, asked, tokens)


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print a row for each encoder, the first being what the others are compared with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    data = load_beir(args.data / "beir" / "scifact", "train")
    passages, queries = texts_of(data)[: args.passages], list(data.queries.values())[:50]
    speeds = [
        measure(f"{name} {precision}", _load(name, precision), passages, queries, args.rounds)
        for name, precision in ENCODERS
    ]
    print("| encoder | tokens/s | times | a query, ms | times |\n|---|---:|---:|---:|---:|")
    for one in speeds:
        times = speeds[0].passages / one.passages, speeds[0].queries / one.queries
        rate, query = one.tokens / one.passages, 1000 * one.queries / len(queries)
        print(f"| {one.name} | {rate:,.0f} | {times[0]:.1f} | {query:.3f} | {times[1]:.1f} |")


def _load(name: str, precision: str) -> Encoder:
    return load_encoder(name, Settings.model_validate({"threads": 1, "precision": precision}))


if __name__ == "__main__":
    main()
