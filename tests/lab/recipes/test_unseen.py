from __future__ import annotations

import numpy as np

from lab.recipes.checker.fit import WORDS, Examples
from lab.recipes.checker.unseen import left_out
from lab.recipes.records import ClaimRow


def examples(source: str, seed: int, honest: bool = True, count: int = 120) -> Examples:
    """Rows whose first feature tells the label (or lies), the others being noise."""
    random = np.random.default_rng(seed)
    truth = np.arange(count) % 2 == 0
    labels = ("entailment", "contradiction", "neutral")
    rows = [
        ClaimRow(source, "train", f"g{i}", f"c{i}", ("e",), labels[0] if yes else labels[1 + i % 4 // 3])
        for i, yes in enumerate(truth)
    ]
    features = random.normal(size=(count, WORDS + 3))
    features[:, 0] += np.where(truth == honest, 4, -4)
    return Examples(rows, features)


def test_a_source_is_judged_by_heads_that_saw_only_the_others() -> None:
    lying = examples("fm2", 1, honest=False)
    fitted = examples("healthver", 2).joined(lying).joined(lying).joined(lying)
    check = examples("fm2", 3)
    found = left_out("fm2", check, fitted)
    assert found.score.auc > 0.95
    assert found.score.balanced > 0.9
    assert found.score.rows == 120
    assert 0 <= found.auc_range < 0.1
    seen = left_out("healthver", examples("healthver", 4), fitted)
    assert seen.score.auc < 0.6
