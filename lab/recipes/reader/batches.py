"""Turns questions and passages into token windows and batches for the reader."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from adapt.network import pad
from lab.recipes.records import QaRow, Span
from rag.text.sentences import split_sentences

CLS, SEP = 101, 102
MAX_QUESTION = 48
MAX_TITLE = 16
"""Tokens of a title on top of a window."""
UNKNOWN = -100
"""A target that cross-entropy leaves out."""
REACH = 600
"""Characters on either side of an answer in which its sentence is looked for."""


Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Tokens:
    """A passage's token ids and their character offsets, without special tokens. The first `head` are a
    title, which is on top of every window.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]
    head: int = 0


@dataclass(frozen=True)
class Question:
    """One training question: its tokens, its passage, its answers as token spans (inclusive), its hard
    negatives. Without spans the passage does not answer, unless `answers` says that it does, who knows where.
    `evidence` are the token spans of the sentences that carry the answer; None where nobody knows them.
    """

    source: str
    ids: list[int]
    passage: Tokens
    spans: list[tuple[int, int]]
    negatives: list[Tokens]
    answers: bool = False
    evidence: list[tuple[int, int]] | None = None


@dataclass(frozen=True)
class Pair:
    """One sequence: `start`/`end` are positions in it, 0 when there is no answer, UNKNOWN when nobody knows
    where it is; `group` joins one question's pairs, the relevant one first. `evidence` has 1, 0 or UNKNOWN
    for each token.
    """

    ids: list[int]
    types: list[int]
    start: int
    end: int
    relevant: float
    group: int
    evidence: list[int]


@dataclass(frozen=True)
class ReaderBatch:
    """Padded tensors [B,T] and targets [B] and, for `evidence`, [B,T]."""

    ids: torch.Tensor
    mask: torch.Tensor
    types: torch.Tensor
    start: torch.Tensor
    end: torch.Tensor
    relevant: torch.Tensor
    group: torch.Tensor
    evidence: torch.Tensor


def token_span(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """The first and last token that overlap the characters [start, end), or None."""
    inside = [i for i, (a, b) in enumerate(offsets) if b > start and a < end]
    return (inside[0], inside[-1]) if inside else None


class PassageCache:
    """Tokenises each different text once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._seen: dict[str, Tokens] = {}

    def get(self, text: str) -> Tokens:
        """The text's tokens, without special ones."""
        if text not in self._seen:
            item = self._tokenizer.encode(text, add_special_tokens=False)
            self._seen[text] = Tokens(item.ids, item.offsets)
        return self._seen[text]

    def below(self, title: str, text: str) -> Tokens:
        """The tokens of a text with its title as the first line."""
        tokens = self.get(_below(title, text))
        head = sum(end <= len(_plain(title)) for _, end in tokens.offsets)
        return replace(tokens, head=min(head, MAX_TITLE))

    def question(self, text: str) -> list[int]:
        """The question's first tokens."""
        return self.get(text).ids[:MAX_QUESTION]


def pack(rows: Sequence[QaRow], negatives: Sequence[Sequence[str]], cache: PassageCache) -> list[Question]:
    """Tokenise rows with their negatives.

    A share HEADED of those whose title is known have the titles of all their passages on top, as the service
    puts a passage's headings there.
    """
    dice, titles = random.Random(len(rows)), {row.context: row.title for row in rows}
    packed = []
    for bare, bare_wrong in zip(rows, negatives, strict=True):
        row, passage, wrong = bare, cache.get(bare.context), [cache.get(text) for text in bare_wrong]
        if bare.title and dice.random() < HEADED:
            row, passage = headed(bare), cache.below(bare.title, bare.context)
            wrong = [cache.below(titles.get(text, ""), text) for text in bare_wrong]
        spans = [token_span(passage.offsets, s.start, s.end) for s in row.spans]
        ids = cache.question(row.question)
        known = [s for s in spans if s]
        around = [sentence_around(row.context, passage, s) for s in known]
        packed.append(Question(row.source, ids, passage, known, wrong, evidence=around))
    return packed


HEADED = 0.6


def headed(row: QaRow) -> QaRow:
    """The row with its title as the passage's first line."""
    context = _below(row.title, row.context)
    shift = len(context) - len(row.context)
    spans = tuple(Span(span.start + shift, span.end + shift) for span in row.spans)
    return replace(row, context=context, spans=spans)


def _below(title: str, text: str) -> str:
    plain = _plain(title)
    return f"{plain}\n{text}" if plain else text


def _plain(title: str) -> str:
    return title.replace("_", " ").strip()


def sentence_around(text: str, passage: Tokens, span: tuple[int, int]) -> tuple[int, int]:
    """The tokens of the sentences that hold a token span."""
    start, end = passage.offsets[span[0]][0], passage.offsets[span[1]][1]
    low = max(0, start - REACH)
    sentences = split_sentences(text[low : end + REACH])
    touched = [s for s in sentences if s.start + low < end and s.end + low > start]
    if not touched:
        return span
    return token_span(passage.offsets, touched[0].start + low, touched[-1].end + low) or span


def load_negatives(path: Path, split: str, keep: int) -> list[list[str]]:
    """The first `keep` mined negatives of each row of a split (see lab/recipes/reader/mine.py)."""
    mined = json.loads(path.read_text(encoding="utf-8"))
    contexts: list[str] = mined["contexts"]
    return [[contexts[i] for i in found[:keep]] for found in mined[split]]


def window(passage: Tokens, span: tuple[int, int] | None, size: int, rng: random.Random) -> tuple[int, int]:
    """A random window of at most `size` tokens below the title, that holds the span when there is one."""
    total, top = len(passage.ids), passage.head
    if total - top <= size:
        return top, total
    low, high = top, total - size
    if span is not None:
        low, high = max(top, span[1] + 1 - size), min(span[0], total - size)
    start = rng.randint(min(low, high), max(low, high))
    return start, start + size


def make_pair(
    question: Question,
    passage: Tokens,
    span: tuple[int, int] | None,
    size: int,
    group: int,
    rng: random.Random,
    evidence: Spans | None = (),
) -> Pair:
    """[CLS] question [SEP] window [SEP] with its targets; an answer longer than the window counts as none."""
    if span and (span[1] - span[0] >= size or span[0] < passage.head):
        span = None
    return pair_of(question, passage, span, window(passage, span, size, rng), group, evidence)


def pair_of(
    question: Question,
    passage: Tokens,
    span: tuple[int, int] | None,
    place: tuple[int, int],
    group: int,
    evidence: Spans | None = (),
) -> Pair:
    """The same of one window, the tokens [first, last) of the passage."""
    first, last = place
    ids = [CLS, *question.ids, SEP, *passage.ids[: passage.head], *passage.ids[first:last], SEP]
    lead = len(question.ids) + 2 + passage.head
    types = [0] * (lead - passage.head) + [1] * (passage.head + last - first) + [0]
    start, end = (span[0] - first + lead, span[1] - first + lead) if span else (0, 0)
    return Pair(ids, types, start, end, float(span is not None), group, marked(types, lead, first, evidence))


def marked(types: Sequence[int], lead: int, first: int, evidence: Spans | None) -> list[int]:
    """For each position of a window that begins at token `first`: 1 in evidence, 0 elsewhere in the passage,
    UNKNOWN in the question, or everywhere when the evidence is not known.
    """
    if evidence is None:
        return [UNKNOWN] * len(types)
    inside = {n for a, b in evidence for n in range(max(a, first), b + 1)}
    return [int(n - lead + first in inside) if kind else UNKNOWN for n, kind in enumerate(types)]


@dataclass(frozen=True)
class Mix:
    """How examples are drawn: tokens in a batch, shares of questions with 0, 1, 2... negatives (of those with
    a span, and of those with relevance only), share of short windows, share of questions that also see
    another window of their own passage, and how often a source's row comes in an epoch.
    """

    budget: int = 3072
    negative_counts: tuple[float, ...] = (0.56, 0.36, 0.08)
    relevance_counts: tuple[float, ...] = (0.0, 0.1, 0.4, 0.5)
    short: float = 0.75
    elsewhere: float = 0.6
    weights: tuple[tuple[str, float], ...] = (
        ("subjqa", 0.3),
        ("qed_nq", 1.6),
        ("nq_open_oracle", 1.6),
        ("tydiqa", 1.4),
        ("medquad", 0.15),
        ("squad_nqg", 0.5),
        ("fever_eraser", 0.7),
        ("hotpotqa", 2.0),
        ("title", 0.5),
        ("heading", 0.25),
    )

    def weight(self, source: str) -> float:
        """How often a row of this source is used in an epoch, on average."""
        return next((w for prefix, w in self.weights if source.startswith(prefix)), 1.0)

    def times(self, source: str, rng: random.Random) -> int:
        """How often this time."""
        whole, part = divmod(self.weight(source), 1)
        return int(whole) + (rng.random() < part)


def located(question: Question, size: int, group: int, rng: random.Random) -> Pair:
    """The question with its own passage."""
    places = question.spans or (question.evidence if question.answers else None)
    span = rng.choice(places) if places else None
    pair = make_pair(question, question.passage, span, size, group, rng, question.evidence)
    return replace(pair, start=UNKNOWN, end=UNKNOWN, relevant=1.0) if question.answers else pair


def elsewhere(question: Question, size: int, group: int, rng: random.Random) -> Pair | None:
    """Another window of the question's own passage, in which none of its answers is."""
    passage = question.passage
    answers = [passage.ids[a : b + 1] for a, b in question.spans]
    places = [*question.spans, *(question.evidence or ())]
    borders = sorted([(passage.head - 1, passage.head - 1), *places, (len(passage.ids), len(passage.ids))])
    free, reached = [], passage.head
    for start, end in borders:
        if start - reached >= LEAST_WINDOW:
            free.append((reached, start))
        reached = max(reached, end + 1)
    if not free:
        return None
    low, high = rng.choice(free)
    width = min(size, high - low)
    first = rng.randint(low, high - width)
    window_ids = passage.ids[first : first + width]
    if any(_holds(window_ids, answer) for answer in answers):
        return None
    return pair_of(question, passage, None, (first, first + width), group)


LEAST_WINDOW = 12
"""Tokens of the smallest other window."""


def _holds(ids: Sequence[int], part: Sequence[int]) -> bool:
    return any(list(ids[n : n + len(part)]) == list(part) for n in range(len(ids) - len(part) + 1))


def draw(question: Question, group: int, mix: Mix, rng: random.Random) -> list[Pair]:
    """The question with its own passage and, where that answers, with some hard negatives of the same window
    size.
    """
    size = rng.randint(*SHORT) if rng.random() < mix.short else 224
    pairs = [located(question, size, group, rng)]
    if pairs[0].relevant:
        shares = mix.relevance_counts if question.answers else mix.negative_counts
        count = rng.choices(range(len(shares)), shares)[0]
        wrong = rng.sample(question.negatives, min(count, len(question.negatives)))
        pairs += [make_pair(question, passage, None, size, group, rng) for passage in wrong]
        if question.spans and rng.random() < mix.elsewhere:
            other = elsewhere(question, size, group, rng)
            pairs += [other] if other else []
    return pairs


SHORT = (24, 120)
"""Tokens of a short window: the service's parts are sentences, lists and rows under their headings."""


def collate(pairs: Sequence[Pair]) -> ReaderBatch:
    """Pad pairs into one batch."""
    ids = pad([p.ids for p in pairs])
    return ReaderBatch(
        ids,
        pad([[1] * len(p.ids) for p in pairs]),
        pad([p.types for p in pairs]),
        torch.tensor([p.start for p in pairs]),
        torch.tensor([p.end for p in pairs]),
        torch.tensor([p.relevant for p in pairs]),
        torch.tensor([p.group for p in pairs]),
        pad([p.evidence for p in pairs], UNKNOWN),
    )


def cut_groups(groups: Sequence[list[Pair]], budget: int) -> list[list[Pair]]:
    """Groups of similar length joined so that rows × longest row stays within `budget` tokens."""
    ordered = sorted(groups, key=lambda g: -max(len(p.ids) for p in g))
    batches: list[list[Pair]] = []
    longest = 0
    for group in ordered:
        if batches and (len(batches[-1]) + len(group)) * longest <= budget:
            batches[-1].extend(group)
        else:
            batches.append(list(group))
            longest = max(len(p.ids) for p in group)
    return batches


def stream(questions: Sequence[Question], mix: Mix, seed: int) -> Iterator[ReaderBatch]:
    """Endless shuffled batches; lengths are sorted only inside blocks of 256 questions."""
    rng = random.Random(seed)
    while True:
        chosen = [q for q in questions for _ in range(mix.times(q.source, rng))]
        rng.shuffle(chosen)
        for start in range(0, len(chosen), 256):
            block = chosen[start : start + 256]
            batches = cut_groups([draw(q, i, mix, rng) for i, q in enumerate(block)], mix.budget)
            rng.shuffle(batches)
            yield from map(collate, batches)
