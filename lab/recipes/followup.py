"""Fits how follow-up questions are read (`rag.answer.followup`): whether one leans on what was said, on what.

`python -m lab.recipes.followup --data DIR` reads conversations with people's rewrites (mtrag_rewrite, of
which only the questions are known) and makes others from questions about one text: what a question shares
with the one before it, or with its answer, becomes a pronoun or is left out. It prints the weights, and what
ten fits on half of the conversations, with the thresholds of a quarter, give on the quarter that is kept.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from lab.recipes.logistic import Doubles, auc, fit_logistic, fit_signed
from lab.recipes.reader.data import load_set
from lab.recipes.records import QaRow, read_rows, text_of, texts_of
from rag.answer.anaphora import CUES, cues_of
from rag.answer.followup import ABOUT, ALSO, LEANS, TURNS, chosen, leanings, scores_of
from rag.answer.topics import (
    FEATURES,
    Mention,
    Topic,
    features_of,
    listed,
    mentions_of,
    stems_of,
    topics_of,
    who_or_what,
    words_of,
)
from rag.models.types import Floats
from rag.types import Turn

MADE = ("squadshifts", "policyqa_devtest", "fairytaleqa", "tatqa_devtest")
"""Sets in which several questions are asked about one text."""
NOUN_FOLLOWS = listed("the a an of in for with from on about by to is are was were do does did has have")
NOUN_PRECEDES = listed("is are was were do does did has have in on of to for with from by and")
"""Words in front of and behind a phrase that say that it is a noun's."""
SHARES = {"people": 0.65, "made": 0.35}
"""What each kind of conversation counts in a fit."""


SIGNS = tuple(
    -1 if cue in {"topic words", "many sentences", "a name", "goes back", "words said before"} else 1
    for cue in CUES
)
"""Which way each cue pulls: some are rare, and a fit turns them around."""


@dataclass(frozen=True)
class Exchange:
    """A question after others; `wanted` are the stems that its rewrite adds and the turns hold, `meant` all
    stems of the rewrite.
    """

    kind: str
    conversation: str
    question: str
    history: tuple[Turn, ...]
    rewrite: str

    @property
    def asked(self) -> list[str]:
        """The user's turns, the question last."""
        return [*(turn.content for turn in self.history[-TURNS:] if turn.role == "user"), self.question]

    @cached_property
    def meant(self) -> frozenset[str]:
        """All stems of the rewrite."""
        return stems_of(self.rewrite)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The stems that the rewrite adds, as far as earlier turns hold them."""
        held = frozenset[str]().union(*(stems_of(turn.content) for turn in self.history))
        return (self.meant - stems_of(self.question)) & held

    @cached_property
    def stands_alone(self) -> bool:
        """Whether the rewrite adds no telling word. Rewrites that add only words which no turn holds (a
        paraphrase, or what an answer said that is not known) say neither that a question leans nor that not.
        """
        return not self.meant - stems_of(self.question)


def people(folder: Path) -> list[Exchange]:
    """The rewrites that people wrote; first questions, which follow nothing, are left out."""
    found = []
    for row in read_rows(folder / "pairs" / "mtrag_rewrite.jsonl.gz"):
        *earlier, question = texts_of(row, "history")
        turns = tuple(Turn("user", text) for text in earlier)
        if turns:
            conversation = text_of(row, "id").split("<")[0]
            found.append(Exchange("people", conversation, question, turns, text_of(row, "rewrite")))
    return found


def made(folder: Path, most: int, dice: random.Random) -> list[Exchange]:
    """Conversations of questions about one text, each with its answer; some of the last ones stay whole, and
    some change the subject.
    """
    talks: dict[tuple[str, str], list[QaRow]] = defaultdict(list)
    for name in MADE:
        for row in load_set(folder, name):
            if row.spans:
                talks[name, row.context].append(row)
    pairs = [(key, pair) for key, rows in talks.items() for pair in pairwise(rows)]
    dice.shuffle(pairs)
    found: list[Exchange] = []
    counts = dict.fromkeys(MADE, 0)
    for (name, context), (first, second) in pairs:
        if counts[name] >= most // len(MADE):
            continue
        turns = [*_said(first)]
        if dice.random() < 0.4:
            (_, (other, _)) = dice.choice(pairs)
            turns = [*_said(other), *turns]
        draw = dice.random()
        if draw < 0.1:
            _, (_, second) = dice.choice(pairs)
        asked = shortened(first, second, dice) if draw > 0.2 else second.question
        if asked is not None:
            counts[name] += 1
            found.append(Exchange("made", f"{name} {context[:80]}", asked, tuple(turns), second.question))
    return found


def _said(row: QaRow) -> tuple[Turn, Turn]:
    span = row.spans[0]
    return Turn("user", row.question), Turn("assistant", _sentence(row.context, span.start, span.end))


def _sentence(context: str, start: int, end: int) -> str:
    """The answer with the rest of its sentence."""
    first = max(context.rfind(mark, 0, start) for mark in (". ", "\n"))
    last = context.find(". ", end)
    return context[first + 1 : last + 1 if last >= 0 else len(context)].strip()


def shortened(first: QaRow, second: QaRow, dice: random.Random) -> str | None:
    """The second question without what it shares with the first or its answer; None where it shares none."""
    if cut := _ellipsis(first.question, second.question):
        return f"{dice.choice(('And', 'What about', 'How about', 'and', 'And what about'))} {cut}?"
    asked, said = (stems_of(turn.content) for turn in _said(first))
    shared = [
        one
        for one in mentions_of(second.question)
        if {word.stem for word in one.words} <= (asked | said if _is_name(one) else asked)
        and one.before in NOUN_FOLLOWS
        and (one.after in NOUN_PRECEDES or one.last)
    ]
    if not shared:
        return None
    mention = max(shared, key=lambda one: (len(one.words), one.last))
    start, end = mention.words[0].start, mention.words[-1].end
    plain = second.question[:start]
    for article in ("the ", "a ", "an ", "The "):
        plain = plain.removesuffix(article)
    name = second.question[start:end]
    owner = name.endswith(("'s", "’s", "s'"))
    text = f"{plain}{_pronoun(name, owner, dice)}{second.question[end:]}"
    return text if plain else text[0].upper() + text[1:]


def _is_name(mention: Mention) -> bool:
    return mention.words[0].text[0].isupper()


def _pronoun(name: str, owner: bool, dice: random.Random) -> str:
    many = name.endswith("s") and not owner and not name.endswith("ss")
    person = len(name.split()) > 1 and name.istitle() and dice.random() < 0.5
    if owner:
        return dice.choice(("his", "her")) if person else "its"
    if person:
        return dice.choice(("he", "she"))
    return dice.choice(("they", "those", "these", "them") if many else ("it", "it", "that", "this"))


def _ellipsis(first: str, second: str) -> str:
    """What is different at the end of two questions that begin alike; nothing where they do not."""
    before, after = words_of(first.rstrip("? ")), words_of(second.rstrip("? "))
    same = 0
    while same < min(len(before), len(after)) and before[same].text.lower() == after[same].text.lower():
        same += 1
    telling = sum(word.telling for word in after[:same])
    if same < 3 or not telling or not 0 < len(after) - same <= 6:
        return ""
    return second[after[same].start : after[-1].end]


@dataclass(frozen=True)
class Weights:
    """Both models, and the thresholds `leans`, `about` and `also`."""

    cues: Doubles
    topics: Doubles
    leans: float = 0.5
    about: float = 0.3
    also: float = 0.5


def fit(rows: Sequence[Exchange], ridge: float) -> Weights:
    """Both models on these exchanges."""
    rows = [row for row in rows if row.wanted or row.stands_alone]
    leans = np.array([bool(row.wanted) for row in rows])
    cues = np.array([_cues(row) for row in rows])
    counts = {kind: sum(row.kind == kind for row in rows) for kind in SHARES}
    sample = np.array([SHARES[row.kind] / counts[row.kind] for row in rows])
    first = fit_signed(cues, leans.astype(float), sample, SIGNS, ridge)
    features: list[tuple[float, ...]] = []
    labels: list[float] = []
    weights: list[float] = []
    for row, share in zip(rows, sample, strict=True):
        if not row.wanted:
            continue
        asked, meant = stems_of(row.question), row.meant
        for topic in topics_of(row.history[-TURNS:], leanings(row.asked, first.tolist())[:-1]):
            if new := topic.stems - asked:
                known = len(new & meant)
                features += [features_of(topic, row.question)] * 2
                labels += [1.0, 0.0]
                weights += [share * known, share * (len(new) - known)]
    second = fit_logistic(np.array(features), np.array(labels), np.array(weights), ridge)
    return Weights(first, second)


def _cues(row: Exchange) -> tuple[float, ...]:
    before = frozenset[str]().union(*(stems_of(text) for text in row.asked[:-1]))
    return cues_of(row.question, before)


@dataclass(frozen=True)
class Judged:
    """An exchange with what both models say of it."""

    row: Exchange
    leaning: float
    asked: frozenset[str]
    topics: list[Topic]
    scores: Floats

    def added(self, weights: Weights) -> frozenset[str]:
        """The stems that are added to the question."""
        if self.leaning < weights.leans:
            return frozenset()
        kept = chosen(self.topics, self.scores, self.asked, weights.about, weights.also)
        return frozenset[str]().union(*(topic.stems for topic in kept)) - self.asked


def judge(rows: Sequence[Exchange], weights: Weights) -> list[Judged]:
    """What both models say of these exchanges."""
    found = []
    for row in rows:
        leaning = leanings(row.asked, weights.cues.tolist())
        topics = who_or_what(topics_of(row.history[-TURNS:], leaning[:-1]), row.question)
        asked = stems_of(row.question)
        scores = scores_of(topics, row.question, weights.topics.tolist())
        found.append(Judged(row, leaning[-1], asked, topics, scores))
    return found


@dataclass(frozen=True)
class Quality:
    """`added`: share of the wanted words that are added; `foreign`: share of the added ones that the rewrite
    has not, over all questions; `within`: the same over those that want some; `unchanged`: share of the
    questions that stand alone to which none is added.
    """

    added: float
    foreign: float
    within: float
    unchanged: float


def measure(judged: Sequence[Judged], weights: Weights) -> Quality:
    """Counted over all words and all questions together."""
    given = [(one.row, one.added(weights)) for one in judged]
    leaning = [(row, added) for row, added in given if row.wanted]
    alone = [added for row, added in given if row.stands_alone]
    wanted = sum(len(row.wanted) for row, _ in leaning)
    hit = sum(len(row.wanted & added) for row, added in leaning)
    kept = sum(not added for added in alone)
    return Quality(hit / max(1, wanted), _foreign(given), _foreign(leaning), kept / max(1, len(alone)))


def _foreign(given: Sequence[tuple[Exchange, frozenset[str]]]) -> float:
    count = sum(len(added) for _, added in given)
    return sum(len(added - row.meant) for row, added in given) / max(1, count)


def tuned(judged: Sequence[Judged], weights: Weights, least: float) -> Weights:
    """The thresholds that add most of what is wanted less what is foreign, with a share of `least` of those
    that stand alone unchanged .
    """
    best, most = weights, -9.0
    for leans, about, also in product(np.arange(0.2, 0.85, 0.05), (0.15, 0.25), (0.3, 0.4, 0.5)):
        tried = Weights(weights.cues, weights.topics, float(leans), about, also)
        given = measure(judged, tried)
        worth = given.added - given.foreign / 2
        if given.unchanged >= least and worth > most:
            best, most = tried, worth
    return best


def split(rows: Sequence[Exchange], seed: int) -> tuple[list[Exchange], list[Exchange], list[Exchange]]:
    """Half of the conversations to fit, a quarter for the thresholds, a quarter that is kept."""
    names = sorted({row.conversation for row in rows})
    random.Random(seed).shuffle(names)
    half, most = len(names) // 2, 3 * len(names) // 4
    parts = [set(names[:half]), set(names[half:most]), set(names[most:])]
    fit_on, tune_on, kept = ([row for row in rows if row.conversation in part] for part in parts)
    return fit_on, tune_on, kept


def main() -> None:
    """Print what the splits give, then the weights of a fit on all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--most", type=int, default=1500, help="conversations that are made")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--ridge", type=float, default=0.05)
    parser.add_argument("--unchanged", type=float, default=0.95)
    args = parser.parse_args()
    rows = [*people(args.data), *made(args.data, args.most, random.Random(1))]
    results: dict[tuple[str, str], list[tuple[float, ...]]] = defaultdict(list)
    tried = []
    for seed in range(args.splits):
        fit_on, tune_on, kept = split(rows, seed)
        fitted = fit(fit_on, args.ridge)
        best = tuned(judge(tune_on, fitted), fitted, args.unchanged)
        tried.append((best.leans, best.about, best.also))
        for kind in SHARES:
            judged = judge([row for row in kept if row.kind == kind], fitted)
            wants = np.array([bool(one.row.wanted) for one in judged])
            area = auc(np.array([one.leaning for one in judged]), wants)
            for name, weights in (
                ("tuned", best),
                ("shipped", replace(fitted, leans=LEANS, about=ABOUT, also=ALSO)),
            ):
                results[kind, name].append((*astuple(measure(judged, weights)), area))
    print("added, foreign, foreign within, unchanged, area: mean and spread over the splits")
    for (kind, name), figures in results.items():
        print(kind, name, np.mean(figures, 0).round(3), np.std(figures, 0).round(3))
    print("leans, about, also:", np.mean(tried, 0).round(3), np.std(tried, 0).round(3))
    final = fit(rows, args.ridge)
    print("CUE_WEIGHTS", dict(zip((*CUES, "intercept"), final.cues.round(3).tolist(), strict=True)))
    print("TOPIC_WEIGHTS", dict(zip((*FEATURES, "intercept"), final.topics.round(3).tolist(), strict=True)))


if __name__ == "__main__":
    main()
