"""Drift: whether the answers of late differ from those before, signal by signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from eval.online.change import Change, strongest_change
from eval.online.difference import Difference, of_means, of_medians, of_shares
from eval.online.signals import Signal
from eval.stats import holm

LEVEL = 0.01
"""The chance that a look at a collection in which nothing changed calls any of its signals changed."""
FEWEST = 120
"""Values that a signal needs before anything is said of it."""
SIDE = 30
"""Values on either side of a change: one is seen after so many at the earliest."""
RECENT = 200

Verdict = Literal["worse", "better", "steady", "too_few"]


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of a signal. Where it changed, `before` and `after` are parted at the change, which `since`
    names by the first answer after it; that split was chosen as the most striking one, so the difference is
    on the large side. Else the newest values (RECENT of them, a quarter at most) stand against the rest.

    `p` is the change's, after Holm's correction for the number of signals; `z` is signed, above zero for
    higher values after. Without enough values there is neither them nor a difference.
    """

    signal: str
    verdict: Verdict
    before: int
    after: int
    difference: Difference | None = None
    p: float | None = None
    z: float | None = None
    since: datetime | None = None


def drifts(signals: Sequence[Signal]) -> list[Drift]:
    """A verdict on every signal of a collection; all of them together err with the chance LEVEL at a look.

    Holm's procedure over the signals' permutation tests of a change anywhere in the window. The guarantee is
    for answers whose order means nothing; load that comes and goes, or questions that come in bursts, are
    changes to it.
    """
    tested = {s.name: _change(s) for s in signals if len(s.values) >= FEWEST}
    adjusted = holm({name: change.p if change else 1.0 for name, change in tested.items()})
    return [
        _verdict(s, tested[s.name], adjusted[s.name]) if s.name in tested else _too_few(s) for s in signals
    ]


def _change(signal: Signal) -> Change | None:
    return strongest_change(signal.values, SIDE)


def _too_few(signal: Signal) -> Drift:
    return Drift(signal.name, "too_few", len(signal.values), 0)


def _verdict(signal: Signal, change: Change | None, p: float) -> Drift:
    if change is not None and p <= LEVEL:
        found = _difference(signal, change.at)
        if _matters(signal, found, change):
            higher = change.z > 0
            verdict: Verdict = "better" if higher == (signal.better == "higher") else "worse"
            since = signal.samples[change.at].created_at
            return Drift(signal.name, verdict, *_sizes(signal, change.at), found, p, change.z, since)
    at = len(signal.values) - min(RECENT, len(signal.values) // 4)
    z = change.z if change else 0.0
    return Drift(signal.name, "steady", *_sizes(signal, at), _difference(signal, at), p, z)


def _sizes(signal: Signal, at: int) -> tuple[int, int]:
    return at, len(signal.values) - at


def _difference(signal: Signal, at: int) -> Difference:
    of = {"mean": of_means, "share": of_shares, "time": of_medians}[signal.kind]
    return of(signal.values[:at], signal.values[at:])


def _matters(signal: Signal, found: Difference, change: Change) -> bool:
    """Whether the change is large enough, and of the same sign as that of the ranks."""
    if signal.kind == "time":
        ratio = found.change if change.z > 0 else 1 / found.change
        return ratio >= signal.least
    return found.change * (1 if change.z > 0 else -1) >= signal.least
