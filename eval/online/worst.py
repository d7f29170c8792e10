"""The worst of the answers given of late, with what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.online.signals import SUPPORTED, Signal
from rag.store import SampledPassage, SampleRecord, SampleTexts, Store


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample with its texts and passages, best first; None where a passage is gone or in quarantine."""

    sample: SampleRecord
    texts: SampleTexts
    passages: tuple[SampledPassage | None, ...]


def worst_of(store: Store, signals: Sequence[Signal], most: int) -> list[Judged]:
    """At most `most` answers whose texts are still there, worst first; abstentions say nothing to be wrong.

    An answer's place is its mean rank among the others by each judge and by the live check, as the scales
    of judges differ.
    """
    ranks = _ranks([one for one in signals if one.kind == "mean"])
    order = sorted(ranks, key=lambda key: (ranks[key], -key))
    records = {one.key: one for signal in signals for one in signal.samples}
    texts = store.sample_texts(order[: 4 * most])
    chosen = [key for key in order if key in texts and not records[key].abstained][:most]
    found = store.sampled_passages([ref for key in chosen for ref in texts[key].passages])
    return [
        Judged(records[key], texts[key], tuple(found.get(ref) for ref in texts[key].passages))
        for key in chosen
    ]


def _ranks(signals: Sequence[Signal]) -> Mapping[int, float]:
    """For each judged sample its mean rank, from 0 (the worst) to 1; equal scores share a rank."""
    places: dict[int, list[float]] = {}
    for signal in signals:
        if signal.name == SUPPORTED and min(signal.values) == max(signal.values):
            continue
        ordered = sorted(signal.values)
        first = {value: n for n, value in reversed(list(enumerate(ordered)))}
        for value, sample in zip(signal.values, signal.samples, strict=True):
            places.setdefault(sample.key, []).append(first[value] / len(ordered))
    return {key: sum(found) / len(found) for key, found in places.items()}
