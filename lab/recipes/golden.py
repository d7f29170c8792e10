"""Golden outputs of a weights folder, which a test compares on whatever machine it runs.

`python -m lab.recipes.golden FOLDER...`

They are written with float arithmetic, which is the same everywhere up to rounding; int8 arithmetic is
compared with more room.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from rag.models.checker import OnnxChecker
from rag.models.config import read_config
from rag.models.encoder import OnnxEncoder
from rag.models.reader import OnnxReader
from rag.models.runtime import RuntimeOptions
from rag.models.static import StaticEncoder, is_static

TEXTS = (
    "What is the pressure rating of the pump?",
    "The pump is rated for a working pressure of 16 bar and must be serviced every 2,000 hours.",
    "Employees may carry over five days of leave; more needs the approval of a manager.",
    "naïve café — 東京 😀 tab\tand\nnewline",
)
QUESTION = "When was The Hobbit published?"
PASSAGES = (
    "Paris is the capital of France. It has 2.1 million inhabitants.",
    "The Hobbit is a children's fantasy novel by J. R. R. Tolkien. It was published in September 1937 to "
    "wide acclaim.",
)
CLAIMS = (
    "The Hobbit was published in September 1937.",
    "The Hobbit was published in March 1954.",
    "The novel sold ten million copies in Japan.",
    "Paris has 2.1 million inhabitants.",
)
FLOAT = RuntimeOptions(threads=1, precision="float")


def encoder_golden(folder: Path) -> dict[str, object]:
    """Texts, their dense vectors, and each one's first token vector, where the encoder has any."""
    if is_static(read_config(folder)):
        rows = np.stack([item.dense for item in StaticEncoder("golden", folder).encode_queries(TEXTS)])
        return {"texts": TEXTS, "dense": rows.round(5).tolist()}
    found = OnnxEncoder("golden", folder, FLOAT).encode_queries(TEXTS)
    dense = np.stack([item.dense for item in found])
    tokens = np.stack([item.tokens[0] for item in found if item.tokens is not None])
    return {"texts": TEXTS, "dense": dense.round(5).tolist(), "first_token": tokens.round(5).tolist()}


def reader_golden(folder: Path) -> dict[str, object]:
    """A question over passages: the best answer, its probability, the relevance logits."""
    result = OnnxReader("golden", folder, FLOAT).read(QUESTION, PASSAGES)
    best = result.readings[0]
    return {
        "question": QUESTION,
        "passages": PASSAGES,
        "answer": best.text,
        "passage": best.passage,
        "probability": round(best.probability, 4),
        "relevance": [round(value, 4) for value in result.relevance],
    }


def checker_golden(folder: Path) -> dict[str, object]:
    """Claims against the same passages: label and support of each, with the encoder in the folder beside."""
    beside = folder.parent / "encoder"
    encoder = OnnxEncoder("golden", beside, FLOAT) if beside.is_dir() else None
    found = OnnxChecker("golden", folder, FLOAT, encoder).check(CLAIMS, [PASSAGES] * len(CLAIMS))
    return {
        "claims": CLAIMS,
        "passages": PASSAGES,
        "labels": [verdict.label for verdict in found],
        "support": [round(verdict.support, 4) for verdict in found],
    }


WRITERS = {"encoder": encoder_golden, "reader": reader_golden, "checker": checker_golden}


def write_golden(folder: Path) -> None:
    """Write FOLDER/golden.json for whatever role the folder's model has."""
    golden = WRITERS[read_config(folder).role](folder)
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Write golden.json into each folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    for folder in parser.parse_args().folders:
        write_golden(folder)


if __name__ == "__main__":
    main()
