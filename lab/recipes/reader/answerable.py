"""Whether the reader knows a passage on the subject that does not hold the answer from one that does.

`python -m lab.recipes.reader.answerable --data DIR --model FOLDER`: area under the ROC curve of "there is an
answer" (1 less the no-answer probability), and SQuAD 2.0's F1 over answered and unanswered together, on texts
that trained nothing: with questions turned by kind (`HELD` ones never trained), and with what people could
not answer (clapnq, subjqa).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from sklearn.metrics import roc_auc_score

from eval.reading import f1
from lab.recipes.reader.data import normal, split_qa
from lab.recipes.reader.measure import answers_of
from lab.recipes.reader.turned import KINDS, turned
from lab.recipes.records import QaRow
from rag.models.reader import OnnxReader
from rag.models.runtime import RuntimeOptions

MOST = 250


def score(
    reader: OnnxReader, answered: Sequence[QaRow], unanswered: Sequence[QaRow]
) -> dict[str, float | int]:
    """AUC, and F1 where silence (no-answer probability of one half or more) is right for the unanswered."""
    present, labels, f1s = [], [], []
    for row in [*answered, *unanswered]:
        result = reader.read(row.question, [row.context], top=1)
        present.append(1 - result.no_answer_probability)
        labels.append(bool(row.spans))
        answer = result.readings[0].text if result.readings and result.no_answer_probability < 0.5 else ""
        f1s.append(f1(answers_of(row), answer))
    return {
        "answered": len(answered),
        "unanswered": len(unanswered),
        "auc": round(float(roc_auc_score(labels, present)), 3),
        "f1": round(sum(f1s) / len(f1s), 3),
    }


def main() -> None:
    """Print one JSON line for each set and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--most", type=int, default=MOST, help="questions of a set and kind")
    parser.add_argument("--precision", choices=("float", "int8"), default="int8")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    reader = OnnxReader("reader", args.model, RuntimeOptions(threads=args.threads, precision=args.precision))
    splits, dice = split_qa(args.data), random.Random(1)
    known = {normal(row.question) for row in splits.train}
    sets = {"qed_nq dev": splits.dev, **splits.checks}
    for name, rows in sets.items():
        fresh = [row for row in rows if normal(row.question) not in known]
        answered = [row for row in fresh if row.spans]
        unanswered = [row for row in fresh if not row.spans]
        if unanswered:
            pair = _drawn(dice, answered, args.most), _drawn(dice, unanswered, args.most)
            print(json.dumps({"data": name, "kind": "people", **score(reader, *pair)}), flush=True)
            continue
        for kind in KINDS:
            made = turned(answered, 1.0, 2, [kind])
            if len(made) >= 20:
                pair = _drawn(dice, answered, args.most), _drawn(dice, made, args.most)
                print(json.dumps({"data": name, "kind": kind, **score(reader, *pair)}), flush=True)


def _drawn(dice: random.Random, rows: Sequence[QaRow], most: int) -> list[QaRow]:
    return dice.sample(list(rows), min(most, len(rows)))


if __name__ == "__main__":
    main()
