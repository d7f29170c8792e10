"""What an adaptation found, at what cost: kept with the tuning, shown by the API and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rag.errors import ModelError


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean difference with its 95% bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate said of one piece: nDCG@10 on held-out questions with it, before, by plain fusion."""

    piece: str
    accepted: bool
    reason: str
    learned: str
    questions: int
    ndcg10: float
    ndcg10_before: float
    ndcg10_plain_fusion: float
    gain: Gain
    gain_over_plain_fusion: Gain


@dataclass(frozen=True, slots=True)
class Report:
    """One adaptation: `minutes` on the clock, `processor_minutes` of all cores together.

    `questions` counts them by split and kind; the gates used those of `judged_on`.
    """

    seed: int
    minutes: float
    processor_minutes: float
    judged_on: str
    questions: Mapping[str, int]
    left_out: Mapping[str, int]
    pieces: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The form in which the store keeps it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read what `to_json` wrote. Raises ModelError `profile_invalid`."""
        try:
            found = json.loads(text)
            pieces = tuple(_verdict(one) for one in found.pop("pieces"))
            notes = tuple(found.pop("notes"))
            return cls(**found, pieces=pieces, notes=notes)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"The report cannot be read: {error!r}.", code="profile_invalid") from error


def _verdict(found: dict[str, object]) -> Verdict:
    gains = {name: _gain(found.pop(name)) for name in ("gain", "gain_over_plain_fusion")}
    return Verdict(**found, **gains)  # type: ignore[arg-type]  # what is missing or too much is a TypeError


def _gain(found: object) -> Gain:
    if not isinstance(found, dict):
        raise TypeError("a gain")
    return Gain(**found)
