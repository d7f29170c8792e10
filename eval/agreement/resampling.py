"""The cluster bootstrap: rows that share a claim or a question are drawn together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from eval.agreement.statistics import Doubles, Measure
from eval.stats import Interval

RESAMPLES = 2000
_CELLS = 1 << 21  # weights held in memory at once
_FEWEST_DEFINED = 0.5
LEANING = ("ece",)
"""A mean of distances grows with noise, in the rows and again in each resample; its interval is the basic
one, the percentiles mirrored at the value (Davison and Hinkley 1997), from 0 on.
"""


class Bootstrap:
    """Percentile intervals over groups drawn with replacement (Field and Welsh 2007); the same seed, the same
    resamples, so that two measures can be compared resample by resample.

    `groups` names each row's group; rows that stand alone have a name of their own.
    """

    def __init__(self, groups: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        _, self._group = np.unique(np.asarray(groups), return_inverse=True)
        self.rows, self.groups = len(groups), len(set(groups))
        self._seed, self._resamples = seed, resamples

    def intervals(self, measures: Mapping[str, Measure]) -> dict[str, Interval | None]:
        """Each measure of the rows as they are, with its 95% interval; None where it is undefined there, or
        in more than half of the resamples (those are left out otherwise).
        """
        whole = np.ones((1, self.rows))
        drawn: dict[str, list[Doubles]] = {name: [] for name in measures}
        for block in self._weights():
            for name, measure in measures.items():
                drawn[name].append(measure(block))
        return {
            name: self._interval(float(measure(whole)[0]), np.concatenate(drawn[name]), name in LEANING)
            for name, measure in measures.items()
        }

    def _interval(self, value: float, drawn: Doubles, leaning: bool) -> Interval | None:
        drawn = drawn[np.isfinite(drawn)]
        if not np.isfinite(value) or len(drawn) < _FEWEST_DEFINED * self._resamples:
            return None
        low, high = np.percentile(drawn, [2.5, 97.5])
        if leaning:
            low, high = max(0.0, 2 * value - high), max(0.0, 2 * value - low)
        return Interval(value, float(low), float(high), self.rows)

    def _weights(self) -> Iterator[Doubles]:
        """How often each resample holds each row, in blocks [some resamples, rows]."""
        random = np.random.default_rng(self._seed)
        at_once = max(1, _CELLS // max(self.rows, self.groups))
        for start in range(0, self._resamples, at_once):
            size = (min(at_once, self._resamples - start), self.groups)
            picks = random.integers(0, self.groups, size) + np.arange(size[0])[:, None] * self.groups
            counts = np.bincount(picks.ravel(), minlength=size[0] * self.groups).reshape(size)
            yield counts[:, self._group].astype(np.float64)
