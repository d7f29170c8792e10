"""What each metric says of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.agreement.labelled import Labelled
from eval.agreement.scorers import OWN_THRESHOLD, Scored, Scorer
from eval.agreement.statistics import Bools, Doubles, Ints
from eval.judges.sample import NotJudgeable
from rag.types import Label

Progress = Callable[[int, int], None]
"""Called with the rows done and their total."""


@dataclass(frozen=True, slots=True)
class Column:
    """The scores of one metric: `values[i]` and `verdicts[i]` are those of row `at[i]`; rows that it could
    not judge are counted in `skipped` by reason.
    """

    scorer: Scorer
    at: Ints
    values: Doubles
    verdicts: tuple[Label | None, ...]
    skipped: Mapping[str, int]

    @property
    def said(self) -> Bools | None:
        """Whether each row is positive by the metric's own verdict or threshold; None without either."""
        if self.scorer.threshold is None:
            return None
        by_score = self.values >= self.scorer.threshold
        pairs = zip(self.verdicts, by_score, strict=True)
        return np.array([v == "supported" if v else bool(above) for v, above in pairs])

    def within(self, rows: Ints) -> Column:
        """This column over those of its rows that are among `rows`."""
        kept = np.flatnonzero(np.isin(self.at, rows))
        verdicts = tuple(self.verdicts[n] for n in kept)
        return Column(self.scorer, self.at[kept], self.values[kept], verdicts, self.skipped)


def score_rows(
    rows: Sequence[Labelled], scorers: Sequence[Scorer], progress: Progress | None = None
) -> list[Column]:
    """One column for each scorer."""
    found: list[list[Scored | str]] = [[] for _ in scorers]
    for done, row in enumerate(rows, 1):
        for scorer, column in zip(scorers, found, strict=True):
            column.append(_scored(scorer, row))
        if progress:
            progress(done, len(rows))
    return [_column(scorer, column) for scorer, column in zip(scorers, found, strict=True)]


def given_column(rows: Sequence[Labelled], name: str) -> Column:
    """The scores that came with the rows."""

    def unused(_: object) -> Scored:
        raise LookupError(name)

    scorer = Scorer(name, "given", "response_contexts", OWN_THRESHOLD, unused)
    return _column(scorer, [Scored(row.scores[name]) if name in row.scores else "no_score" for row in rows])


def _scored(scorer: Scorer, row: Labelled) -> Scored | str:
    try:
        return scorer.score(row.sample)
    except NotJudgeable as error:
        return error.code


def _column(scorer: Scorer, found: Sequence[Scored | str]) -> Column:
    judged = [(n, item) for n, item in enumerate(found) if isinstance(item, Scored)]
    return Column(
        scorer,
        np.array([n for n, _ in judged], np.int64),
        np.array([item.value for _, item in judged], np.float64),
        tuple(item.verdict for _, item in judged),
        Counter(item for item in found if isinstance(item, str)),
    )
