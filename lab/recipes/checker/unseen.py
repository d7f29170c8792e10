"""Scores a net on the sources it never saw, its head left-out too.

`python -m lab.recipes.checker.unseen --data DIR --model FOLDER --encoder FOLDER`

FOLDER is a net trained with `lab.recipes.checker.train --left-out` for all of FAMILIES at once, which is
stricter than leaving them out one at a time. For each source the head and every threshold are fitted on the
other sources. Three heads are fitted, each on its own bootstrap sample of the rows; the net is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lab.recipes.checker.data import FAMILIES, split_claims, without
from lab.recipes.checker.fit import (
    WORDS,
    Examples,
    features_of,
    fit_head,
    held_rows,
    open_checker,
    open_encoder,
    recipe_parser,
    unseen_rows,
)
from lab.recipes.checker.measure import Score, check_sets, rules_of, score, shown
from lab.recipes.records import ClaimRow

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Spread:
    """The mean of one source's scores over the heads, and how far they lie apart."""

    score: Score
    auc_range: float
    balanced_range: float


def fit_rows(data: Path, seed: int) -> list[ClaimRow]:
    """Rows of every source that the net did not see: whole sources, and the kept parts of the others."""
    return without(held_rows(data, seed), FAMILIES) + unseen_rows(split_claims(data), seed)


def resampled(examples: Examples, seed: int) -> Examples:
    """A bootstrap sample."""
    picks = np.random.default_rng(seed).integers(0, len(examples.rows), len(examples.rows))
    return examples.pick(picks.tolist())


def left_out(name: str, check: Examples, fitted: Examples, seeds: Sequence[int] = SEEDS) -> Spread:
    """Measure a source with heads that saw only the others; `name` begins with the source's family."""
    family = next(prefix for prefix in FAMILIES if name.startswith(prefix))
    others = fitted.pick([i for i, row in enumerate(fitted.rows) if not row.source.startswith(family)])
    scores = [_once(name, check, resampled(others, seed)) for seed in seeds]
    means = {
        key: float(np.mean([getattr(one, key) for one in scores]))
        for key, value in asdict(scores[0]).items()
        if isinstance(value, float)
    }
    areas, balances = [one.auc for one in scores], [one.balanced for one in scores]
    middle = Score(name=name, rows=scores[0].rows, **means)
    return Spread(middle, max(areas) - min(areas), max(balances) - min(balances))


def _once(name: str, check: Examples, fitted: Examples) -> Score:
    plain = fit_head(Examples(fitted.rows, fitted.features[:, :WORDS]))
    return score(name, check, rules_of(fit_head(fitted), plain, fitted))


def main() -> None:
    """Print one JSON line for each check set of a left-out source."""
    parser = recipe_parser(__doc__)
    parser.add_argument("--most", type=int, default=300)
    args = parser.parse_args()
    checker, encoder = open_checker(args, args.model), open_encoder(args)
    rows = fit_rows(args.data, args.seed)
    fitted = Examples(rows, features_of(checker, encoder, rows))
    for name, held in check_sets(args.data, args.most, args.seed).items():
        if name.startswith(FAMILIES):
            check = Examples(held, features_of(checker, encoder, held))
            found = left_out(name, check, fitted)
            ranges = {"auc_range": found.auc_range, "balanced_range": found.balanced_range}
            print(shown({**asdict(found.score), **ranges}), flush=True)


if __name__ == "__main__":
    main()
