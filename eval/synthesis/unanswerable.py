"""Questions that the collection does not answer and that look as if it did: near misses.

As in SQuAD 2.0 (Rajpurkar et al. 2018) a question keeps its form and gets another subject or another year, or
something known is asked for what nobody said of it. The reader must stay silent on every passage that a
search finds.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import islice, permutations

import numpy as np

from eval.synthesis.lexicon import Lexicon
from eval.synthesis.passages import Draft
from rag.models.types import Encoder

_ABSENT = (
    "Who designed {}?",
    "In which year was {} introduced?",
    "Why was {} renamed?",
    "How much does {} cost?",
    "What will replace {}?",
    "Which company maintains {}?",
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SWAPPED = frozenset(("what", "used_for", "amount", "value", "how_often", "lets", "where", "why"))
_OF_THINGS = frozenset(("definition", "lets", "used_for"))
"""Rules whose subjects are things and not people or places."""
_SUBJECTS = _SWAPPED | {"definition"}
_NEAR = 0.3
"""Least cosine of two questions whose subjects may be swapped."""
_LONGEST_TAIL = 4
"""Words behind the subject: more of them fit only the subject that they were said of."""


def near_misses(
    drafts: Sequence[Draft], lexicon: Lexicon, encoder: Encoder, seed: int
) -> Iterator[tuple[str, str]]:
    """Questions and the rule that made them, in an order that the seed fixes: for three swapped subjects a
    missing default, two absent attributes and a shifted year, as far as there are any.
    """
    dice = random.Random(f"near misses {seed}")
    sources = (
        (3, _swapped(drafts, encoder, dice)),
        (1, _undefaulted(drafts, dice)),
        (2, _absent(drafts, lexicon, dice)),
        (1, _shifted(drafts, dice)),
    )
    seen = {draft.question for draft in drafts}
    while found := [one for most, source in sources for one in islice(source, most)]:
        for question, rule in found:
            if question not in seen:
                seen.add(question)
                yield question, rule


def _swapped(drafts: Sequence[Draft], encoder: Encoder, dice: random.Random) -> Iterator[tuple[str, str]]:
    """The frame of one question with the subject of another one of the same number and kind, on a like
    matter.
    """
    named = [draft for draft in drafts if draft.frame and draft.rule in _SUBJECTS and draft.subject != "you"]
    if not named:
        return
    vectors = np.stack([one.dense for one in encoder.encode_queries([draft.question for draft in named])])
    near = vectors @ vectors.T
    pairs = [(a, b) for a, b in permutations(range(len(named)), 2) if near[a, b] >= _NEAR]
    dice.shuffle(pairs)
    for a, b in pairs:
        frame, other = named[a], named[b]
        if frame.rule in _SWAPPED and _tail(frame) <= _LONGEST_TAIL and _fits(frame, other):
            yield frame.frame.replace("{}", other.subject), "swapped"


def _tail(draft: Draft) -> int:
    return len(draft.frame.partition("{}")[2].split()) if draft.subject != "you" else _LONGEST_TAIL + 1


def _fits(draft: Draft, other: Draft) -> bool:
    apart = draft.passage.document.id != other.passage.document.id and draft.subject != other.subject
    return apart and _number(draft) == _number(other) and _kind(draft) == _kind(other)


def _number(draft: Draft) -> str:
    """Whether a subject is one or many, as its question and its ending say; "unclear" fits itself only."""
    asked = "many" if re.search(r"\b(?:are|were|do|have) ", draft.frame.partition("{}")[0]) else "one"
    last = draft.subject.split()[-1]
    ending = "many" if last.endswith("s") and not last.endswith(("ss", "us", "is")) else "one"
    return asked if asked == ending else f"unclear {draft.subject}"


def _kind(draft: Draft) -> str:
    """What a subject is, as far as its article and its last word tell."""
    first, last = draft.subject.split()[0], draft.subject.split()[-1]
    return last if first == "the" and last.islower() else "article" if first in ("a", "an", "the") else "name"


def _undefaulted(drafts: Sequence[Draft], dice: random.Random) -> Iterator[tuple[str, str]]:
    """The default of what has none."""
    subjects = sorted({draft.subject for draft in drafts if draft.rule == "parameter"})
    dice.shuffle(subjects)
    for subject in subjects:
        yield f"What is the default value of {subject}?", "absent"


def _absent(drafts: Sequence[Draft], lexicon: Lexicon, dice: random.Random) -> Iterator[tuple[str, str]]:
    """What nobody said of something that has a name."""
    told = [draft for draft in drafts if draft.rule in _OF_THINGS and "Who " not in draft.frame]
    found = {draft.subject: _number(draft) for draft in told if draft.frame}
    named = sorted(one for one, number in found.items() if number == "one" and _is_named(one, lexicon))
    dice.shuffle(named)
    for number, subject in enumerate(named):
        yield _ABSENT[number % len(_ABSENT)].format(subject), "absent"


def _is_named(subject: str, lexicon: Lexicon) -> bool:
    """Whether this names one thing in particular."""
    said = subject.split()
    return said[0] not in ("a", "an", "each", "every") and any(map(lexicon.is_name, said))


def _shifted(drafts: Sequence[Draft], dice: random.Random) -> Iterator[tuple[str, str]]:
    """Another year."""
    for draft in drafts:
        if found := _YEAR.search(draft.question):
            year = int(found[0]) + dice.choice((-7, -4, 3, 6, 9))
            yield draft.question.replace(found[0], str(year)), "shifted"
