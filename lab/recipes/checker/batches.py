"""Turns claims and evidence into token windows and batches for the checker."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from adapt.network import pad
from lab.recipes.mining import words
from lab.recipes.reader.batches import CLS, SEP, PassageCache
from lab.recipes.records import ClaimRow
from rag.models.runtime import token_batches

MAX_CLAIM = 96
MAX_QUESTION = 48
TARGETS = {"entailment": 0, "contradiction": 1, "neutral": 2, "not_entailment": 3}
UNKNOWN = -1


@dataclass(frozen=True)
class Claim:
    """A tokenised claim; `token_labels` holds 0, 1 or UNKNOWN for each claim token."""

    source: str
    question: list[int]
    ids: list[int]
    token_labels: list[int]
    sentences: list[list[int]]
    gold: tuple[int, ...]
    target: int
    start: int


@dataclass(frozen=True)
class Example:
    """One sequence with its target (index into TARGETS) and per-token labels."""

    ids: list[int]
    types: list[int]
    token_labels: list[int]
    target: int


@dataclass(frozen=True)
class CheckerBatch:
    """Padded tensors [B,T] and targets [B]; padding is UNKNOWN in `token_labels`."""

    ids: torch.Tensor
    mask: torch.Tensor
    types: torch.Tensor
    token_labels: torch.Tensor
    target: torch.Tensor


def token_labels(row: ClaimRow, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Word marks spread to tokens; all 0 for an entailed claim, UNKNOWN where nobody marked."""
    if row.label == "entailment":
        return [0] * len(offsets)
    if not row.unsupported:
        return [UNKNOWN] * len(offsets)
    spans, place = [], 0
    for word, mark in zip(row.words, row.unsupported, strict=True):
        found = row.claim.find(word, place)
        if found >= 0:
            spans.append((found, found + len(word), mark))
            place = found + len(word)
    return [next((int(m) for a, b, m in spans if start < b and end > a), UNKNOWN) for start, end in offsets]


def likely_sentence(row: ClaimRow) -> int:
    """The evidence sentence that shares most words with the claim, for rows without gold sentences."""
    wanted = set(words(row.claim))
    return max(range(len(row.sentences)), key=lambda i: len(wanted & set(words(row.sentences[i]))))


def pack_claim(row: ClaimRow, cache: PassageCache) -> Claim:
    """Tokenise a row; at most 120 evidence sentences round the place of interest are kept."""
    claim = cache.get(row.claim)
    gold = tuple(i for i in row.gold if i < len(row.sentences))
    centre = gold[0] if gold else likely_sentence(row)
    low = max(0, centre - 60)
    sentences = [cache.get(s).ids for s in row.sentences[low : centre + 60]]
    near = tuple(i - low for i in gold if 0 <= i - low < len(sentences))
    labels = token_labels(row, claim.offsets)[:MAX_CLAIM]
    question = cache.get(row.question).ids[:MAX_QUESTION] if row.question else []
    return Claim(
        row.source, question, claim.ids[:MAX_CLAIM], labels, sentences, near, TARGETS[row.label], centre - low
    )


def grow(lengths: Sequence[int], first: int, last: int, size: int, rng: random.Random) -> tuple[int, int]:
    """Widen the sentence range [first, last] by whole sentences on random sides while it fits `size`
    tokens.
    """
    total = sum(lengths[first : last + 1])
    sides = [-1, 1]
    while sides:
        side = rng.choice(sides)
        place = first - 1 if side < 0 else last + 1
        if place < 0 or place >= len(lengths) or total + lengths[place] > size:
            sides.remove(side)
            continue
        total += lengths[place]
        first, last = min(first, place), max(last, place)
    return first, last


def evidence_window(claim: Claim, size: int, rng: random.Random) -> tuple[list[int], bool]:
    """Evidence tokens of about `size`, and whether the gold sentences are inside (True when unknown)."""
    lengths = [len(s) for s in claim.sentences]
    places = list(claim.gold)
    if places and len(lengths) > len(places) + 1 and rng.random() < 0.2:
        kept = [i for i in range(len(lengths)) if i not in places]
        start = rng.randrange(len(kept))
        first, last = grow([lengths[i] for i in kept], start, start, size, rng)
        return _join(claim, kept[first : last + 1], size), False
    spread = sum(lengths[min(places) : max(places) + 1]) if places else 0
    whole = bool(places) and spread <= size
    centre = rng.choice(places) if places else claim.start
    first, last = (min(places), max(places)) if whole else (centre, centre)
    first, last = grow(lengths, first, last, size, rng)
    return _join(claim, range(first, last + 1), size), True


def _join(claim: Claim, chosen: Sequence[int], size: int) -> list[int]:
    return [t for i in chosen for t in claim.sentences[i]][: max(size, 256)]


def draw(claim: Claim, rng: random.Random) -> Example:
    """One training sequence: [CLS] question [SEP] claim [SEP] evidence [SEP], the question only half of the
    time.
    """
    size = rng.choice([32, 64, 96, 128, 128, 200])
    evidence, inside = evidence_window(claim, size, rng)
    question = [*claim.question, SEP] if claim.question and rng.random() < 0.5 else []
    ids = [CLS, *question, *claim.ids, SEP, *evidence, SEP]
    lead = 1 + len(question)
    rest = len(ids) - lead - len(claim.ids)
    types = [0] * (lead + len(claim.ids) + 1) + [1] * len(evidence) + [0]
    labels = claim.token_labels if inside or 1 in claim.token_labels else [UNKNOWN] * len(claim.ids)
    target = claim.target if inside else TARGETS["neutral"]
    return Example(ids, types, [UNKNOWN] * lead + labels + [UNKNOWN] * rest, target)


def collate(examples: Sequence[Example]) -> CheckerBatch:
    """Pad examples into one batch."""
    return CheckerBatch(
        pad([e.ids for e in examples]),
        pad([[1] * len(e.ids) for e in examples]),
        pad([e.types for e in examples]),
        pad([e.token_labels for e in examples], UNKNOWN),
        torch.tensor([e.target for e in examples]),
    )


WEIGHTS = (
    ("conjnli", 0.5), ("dnc", 0.35), ("cad_nli", 0.6), ("snli", 0.6), ("sick", 0.6), ("fm2", 3.0),
    ("scifact", 2.0), ("wice", 3.0), ("fever_eraser", 1.3), ("synthetic", 1.0), ("mnli", 1.5), ("rte", 2.0),
    ("multirc", 0.8), ("boolq", 1.0), ("fairytaleqa", 0.6), ("begin_v1", 1.5), ("climate_fever", 0.8),
    ("healthver", 3.0), ("covidfact", 1.5),
)  # fmt: skip


def epoch(claims: Sequence[Claim], rng: random.Random) -> list[Claim]:
    """One pass: each claim used as often as its source's weight says, shuffled."""
    chosen: list[Claim] = []
    for claim in claims:
        weight = next((w for prefix, w in WEIGHTS if claim.source.startswith(prefix)), 1.0)
        chosen += [claim] * (int(weight) + (rng.random() < weight % 1))
    rng.shuffle(chosen)
    return chosen


def stream(claims: Sequence[Claim], budget: int, seed: int) -> Iterator[CheckerBatch]:
    """Endless shuffled batches of `budget` tokens; lengths are sorted only inside blocks of 512 claims."""
    rng = random.Random(seed)
    while True:
        chosen = epoch(claims, rng)
        for start in range(0, len(chosen), 512):
            block = [draw(claim, rng) for claim in chosen[start : start + 512]]
            batches = token_batches([len(e.ids) for e in block], budget)
            rng.shuffle(batches)
            yield from (collate([block[i] for i in batch]) for batch in batches)
