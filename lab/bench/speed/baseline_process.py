"""A process with the bare libraries, models and indexes, and nothing of Footnote in between: the baseline of
the service's start and memory.

Prints `ready` once everything is loaded and has answered once, then, after a full batch through some of them,
its peak memory as JSON. Run by lab.bench.speed.footprint.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

from eval.environment import peak_memory_mb

BATCH, LENGTH = 16, 256  # the 4,096 tokens of a full batch


def _pass(session: onnxruntime.InferenceSession, rows: int, length: int) -> None:
    ids = np.full((rows, length), 2000, np.int64)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    session.run(None, {given.name: feeds[given.name] for given in session.get_inputs()})


def main() -> None:
    """Traffic, answer once, say so, work, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=Path, nargs="*", default=[])
    parser.add_argument("--full", type=Path, nargs="*", default=[], help="those that get a full batch")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--indexes", type=Path)
    given = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = given.threads
    sessions = [
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for path in given.graphs
    ]
    for session in sessions:
        _pass(session, 1, 8)
    if given.indexes:
        from lab.bench.speed.baseline import FaissAlone, TantivyAlone  # not in the baseline of the worker

        dense = FaissAlone.read(given.indexes / "faiss")
        dense.search(np.ones(dense.dimension, np.float32), 10)
        TantivyAlone(given.indexes / "tantivy").search("word", 10)
    print("ready", flush=True)
    for session, path in zip(sessions, given.graphs, strict=True):
        if path in given.full:
            _pass(session, BATCH, LENGTH)
    print(json.dumps({"peak_mb": peak_memory_mb()}), flush=True)


if __name__ == "__main__":
    main()
