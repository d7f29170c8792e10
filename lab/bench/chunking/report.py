"""What a comparison of ways to split found: means, and differences at the same number of tokens retrieved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from eval.report.wording import table
from eval.statistics import Interval, mean_interval, paired_difference
from lab.bench.chunking.scores import Scores
from lab.drawing import COLOURS, picture

Way = Literal[
    "footnote",
    "footnote-bare",
    "footnote-markdown",
    "fixed",
    "fixed-overlap",
    "recursive",
    "recursive-overlap",
]
Stage = Literal["dense", "fused", "late", "reader"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One way at one size: of each question its scores, at one stage."""

    way: Way
    size: int
    stage: Stage
    chunks: int
    chunk_tokens: float
    scores: tuple[Scores, ...]

    def mean(self, measure: str) -> float:
        """Over all questions."""
        return float(np.mean(self.values(measure)))

    def values(self, measure: str) -> list[float]:
        """Question by question."""
        return [float(getattr(one, measure)) for one in self.scores]


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours at one size less another way at the same number of tokens retrieved, question by question."""

    size: int
    way: Way
    stage: Stage
    tokens: float
    recall: Interval
    iou: Interval


def against(mine: Sample, others: Sequence[Sample]) -> Difference | None:
    """The other way's values at our number of tokens lie between those of its two nearest sizes; None where
    it has none on both sides.
    """
    at = mine.mean("tokens")
    ordered = sorted(others, key=lambda one: one.mean("tokens"))
    for low, high in pairwise(ordered):
        start, end = low.mean("tokens"), high.mean("tokens")
        if start <= at <= end:
            share = (at - start) / (end - start)
            recall, iou = (_between(low, high, share, name) for name in ("recall", "iou"))
            return Difference(
                mine.size,
                low.way,
                mine.stage,
                at,
                paired_difference(mine.values("recall"), recall),
                paired_difference(mine.values("iou"), iou),
            )
    return None


def _between(low: Sample, high: Sample, share: float, measure: str) -> list[float]:
    pairs = zip(low.values(measure), high.values(measure), strict=True)
    return [(1 - share) * a + share * b for a, b in pairs]


def compared(samples: Sequence[Sample]) -> list[Difference]:
    """Every one of ours against every other way, stage by stage."""
    found = []
    for mine in samples:
        if mine.way != "footnote":
            continue
        for way in dict.fromkeys(one.way for one in samples if one.way != "footnote"):
            others = [one for one in samples if one.way == way and one.stage == mine.stage]
            found.append(against(mine, others))
    return [one for one in found if one is not None]


def markdown(samples: Sequence[Sample], differences: Sequence[Difference]) -> str:
    """Every sample, and ours less the others."""
    header = [
        "way",
        "size",
        "stage",
        "chunks",
        "tokens each",
        "recall",
        "precision",
        "IoU",
        "tokens retrieved",
    ]
    rows = [
        [
            one.way,
            str(one.size),
            one.stage,
            str(one.chunks),
            f"{one.chunk_tokens:.0f}",
            *(f"{one.mean(name):.3f}" for name in ("recall", "precision", "iou")),
            f"{one.mean('tokens'):.0f}",
        ]
        for one in samples
    ]
    less = [
        [str(one.size), one.stage, one.way, f"{one.tokens:.0f}", _signed(one.recall), _signed(one.iou)]
        for one in differences
    ]
    lines = [table(header, rows)]
    if less:
        lines.append(table(["size", "stage", "less", "at tokens", "recall", "IoU"], less))
    return "\n\n".join(lines)


def _signed(found: Interval) -> str:
    return f"{found.mean:+.3f} ({found.low:+.3f} – {found.high:+.3f})"


def as_object(sample: Sample) -> dict[str, object]:
    """For JSON: means with their intervals."""
    means = {
        name: asdict(mean_interval(sample.values(name))) for name in ("recall", "precision", "iou", "tokens")
    }
    plain = {"way": sample.way, "size": sample.size, "stage": sample.stage, "chunks": sample.chunks}
    return {**plain, "chunk_tokens": sample.chunk_tokens, **means}


def draw(samples: Sequence[Sample], stage: Stage) -> str:
    """Recall against tokens retrieved at one stage, a curve for each way, as SVG."""
    with picture(5.8, 3.8) as drawn:
        axes = drawn.axes
        ways = dict.fromkeys(one.way for one in samples)
        for way, colour in zip(ways, COLOURS, strict=False):
            own = [one for one in samples if one.way == way and one.stage == stage]
            points = sorted((one.mean("tokens"), one.mean("recall")) for one in own)
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=colour, marker="o", markersize=3, label=way)
        axes.set_xlabel("tokens retrieved")
        axes.set_ylabel("token recall of the evidence")
        axes.set_xlim(left=0)
        axes.set_ylim(min(0.9, axes.get_ylim()[0]), 1.0)
        axes.grid(axis="y", color="0.85")
        axes.legend(loc="lower right", frameon=False)
    return drawn.svg
