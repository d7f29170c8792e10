"""Questions turned so that their passage answers no longer: the subject is there, what is asked is not.

After SQuAD 2.0's kinds of unanswerable questions (Rajpurkar et al. 2018, https://arxiv.org/abs/1806.03822,
table 1): another entity, another number, negation, antonym, impossible condition, and what the text does not
tell. `HELD` kinds train nothing: they measure whether the reader learned turns or the idea.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lab.recipes.records import QaRow
from rag.text.sentences import split_sentences

_NAME = re.compile(
    r"\b(?:[A-Z][\w'’.-]*[\w'’])(?:\s+(?:(?:of|the|de|van|von|and|for)\s+)?[A-Z0-9][\w'’.-]*\w)*"
)
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d,.]*(?:st|nd|rd|th)?\b")
_TAIL = re.compile(
    r"\s((?:in|on|at|for|during|under|after|before|with|without|from|by|to|when|if)\s[\w' ,-]{3,45})\s*\??$"
)
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|must|may|do|does|did|has|have|had)\b(?!\s+not\b)"
)


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(one, other) for one, _, other in (pair.partition("/") for pair in text.split())]


ANTONYMS = _pairs("""
    largest/smallest biggest/smallest highest/lowest oldest/youngest longest/shortest more/less
    most/least before/after begin/end began/ended start/end started/stopped win/lose won/lost
    born/buried increase/decrease increased/decreased with/without minimum/maximum open/close
    opened/closed inside/outside include/exclude included/excluded allowed/forbidden
    required/optional buy/sell bought/sold enable/disable enabled/disabled male/female good/bad
    best/worst import/export add/remove added/removed created/destroyed built/demolished joined/left
    accepted/rejected public/private internal/external support/oppose supported/opposed rise/fall
    rose/fell above/below early/late hot/cold light/heavy friend/enemy king/queen father/mother
    husband/wife son/daughter brother/sister
""")
HELD_ANTONYMS = _pairs("""
    first/third second/fourth last/first left/right upper/lower north/south east/west
    northern/southern eastern/western front/rear morning/evening summer/winter day/night day/year
    daily/weekly month/hour kg/km miles/tonnes
""")


@dataclass(frozen=True)
class Turning:
    """What turning a question draws on: its row, the dice, and questions of the same source."""

    row: QaRow
    dice: random.Random
    others: Sequence[QaRow]


Turn = Callable[[Turning], QaRow | None]


def turned(rows: Sequence[QaRow], share: float, seed: int, kinds: Sequence[str] = ()) -> list[QaRow]:
    """For about `share` of the answered rows one turned copy, of a kind drawn among those that fit (`kinds`,
    else TRAINED); its source is `turned_KIND`.
    """
    dice = random.Random(seed)
    by_source: dict[str, list[QaRow]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    found = []
    for row in rows:
        if row.spans and dice.random() < share:
            order = _in_turn(kinds or TRAINED, dice)
            made = (KINDS[kind](Turning(row, dice, by_source[row.source])) for kind in order)
            taken = next(((kind, one) for kind, one in zip(order, made, strict=False) if one), None)
            if taken:
                found.append(replace(taken[1], source=f"turned_{taken[0]}", spans=()))
    return found


def _in_turn(kinds: Sequence[str], dice: random.Random) -> list[str]:
    """The kinds in an order drawn by weight (Efraimidis and Spirakis 2006): those that seldom fit, or turn
    well, come before those that always fit.
    """
    return sorted(kinds, key=lambda kind: -(dice.random() ** (1 / WEIGHTS.get(kind, 1.0))))


def _asked(turning: Turning, question: str) -> QaRow | None:
    """The row with another question, if it is another one and not one that the row's passage is known to
    answer.
    """
    row = turning.row
    return (
        None if question.strip().lower() == row.question.strip().lower() else replace(row, question=question)
    )


def other_entity(turning: Turning) -> QaRow | None:
    """An entity of question and passage replaced by another, of the passage or of another question's."""
    row, dice = turning.row, turning.dice
    lowered = row.question.lower()
    names = list(dict.fromkeys(found[0] for found in _NAME.finditer(row.context)))
    asked = [
        name for name in names if len(name) > 3 and re.search(rf"\b{re.escape(name.lower())}\b", lowered)
    ]
    if not asked:
        return None
    old = max(asked, key=len)
    answers = " ".join(_answers(row)).lower()
    source = (
        names
        if dice.random() < 0.5
        else [found[0] for found in _NAME.finditer(dice.choice(turning.others).context)]
    )
    taken = {word.lower() for word in old.split()}
    pool = [
        name
        for name in source
        if len(name) > 3
        and not taken & {word.lower() for word in name.split()}
        and name.lower() not in answers
        and name.lower() not in lowered
        and abs(len(name.split()) - len(old.split())) <= 2
        and not _opens_sentence(row.context, name)
    ]
    if not pool:
        return None
    new = dice.choice(pool)
    return _asked(turning, _put(row.question, old, new))


def _opens_sentence(text: str, name: str) -> bool:
    """Whether a one-word name may be a capital letter for the sentence's sake."""
    return " " not in name and bool(re.search(rf"(?:^|[.!?:]\s+){re.escape(name)}\b", text))


def _put(question: str, old: str, new: str) -> str:
    """The question with a name replaced, in small letters where it was so."""
    place = re.search(rf"\b{re.escape(old)}\b", question, re.IGNORECASE)
    if place is None:
        return question
    given = place[0]
    return question[: place.start()] + (new.lower() if given.islower() else new) + question[place.end() :]


def _answers(row: QaRow) -> list[str]:
    return [row.context[span.start : span.end] for span in row.spans]


def other_number(turning: Turning) -> QaRow | None:
    """A number or year of the question replaced by another of like size, or one of the passage."""
    row, dice = turning.row, turning.dice
    places = list(_NUMBER.finditer(row.question))
    if not places:
        return None
    place = dice.choice(places)
    digits = re.sub(r"\D", "", place[0])
    answers = " ".join(_answers(row))
    pool = [
        found[0]
        for found in _NUMBER.finditer(row.context)
        if found[0] not in row.question
        and found[0] not in answers
        and len(re.sub(r"\D", "", found[0])) == len(digits)
    ]
    changed = (
        str(max(1, int(digits) + dice.choice((-27, -10, -3, -2, -1, 1, 2, 3, 10, 27))))
        if len(digits) < 9
        else ""
    )
    new = dice.choice(pool) if pool and dice.random() < 0.4 else changed
    if not new or new == place[0] or (re.search(rf"\b{re.escape(new)}\b", row.context) and new not in pool):
        return None
    suffix = re.sub(r"[\d,.]+", "", place[0])
    return _asked(
        turning,
        row.question[: place.start()] + re.sub(r"[a-z]", "", new) + suffix + row.question[place.end() :],
    )


def negation(turning: Turning) -> QaRow | None:
    """`not`, `never` or `no longer` put behind the auxiliary, or taken away."""
    question, dice = turning.row.question, turning.dice
    if re.search(r"\b(?:not|never|n't)\b", question):
        return _asked(turning, re.sub(r"\s*\b(?:not|never)\b", "", question, count=1))
    places = list(_AUXILIARY.finditer(question))
    if not places:
        return None
    place = dice.choice(places)
    rest = question[place.end() :].split(" ", 2)
    word = dice.choice(("not", "never", "no longer", "not"))
    if place[0] in ("do", "does", "did") and len(rest) > 2:  # behind the subject's first word
        return _asked(turning, f"{question[: place.end()]} {rest[1]} {word} {rest[2]}")
    return _asked(turning, f"{question[: place.end()]} {word}{question[place.end() :]}")


def _opposite(pairs: Sequence[tuple[str, str]]) -> Turn:
    table: dict[str, list[str]] = {}
    for one, other in pairs:
        table.setdefault(one, []).append(other)
        table.setdefault(other, []).append(one)
    words = re.compile(rf"\b(?:{'|'.join(map(re.escape, table))})\b", re.IGNORECASE)

    def opposite(turning: Turning) -> QaRow | None:
        """A word of the question turned into its opposite."""
        places = list(words.finditer(turning.row.question))
        if not places:
            return None
        place = turning.dice.choice(places)
        new = turning.dice.choice(table[place[0].lower()])
        question = turning.row.question
        return _asked(turning, question[: place.start()] + new + question[place.end() :])

    return opposite


def condition(turning: Turning) -> QaRow | None:
    """A condition that the text does not speak of, taken from another question, in place of the own one's."""
    row, dice = turning.row, turning.dice
    for _ in range(12):
        tail = _TAIL.search(dice.choice(turning.others).question)
        if tail is None:
            continue
        words = [word for word in re.findall(r"\w+", tail[1].lower()) if len(word) > 3]
        if not words or any(word in row.context.lower() or word in row.question.lower() for word in words):
            continue
        own = _TAIL.search(row.question)
        body = row.question[: own.start()] if own and dice.random() < 0.5 else row.question.rstrip("? ")
        mark = "?" if row.question.rstrip().endswith("?") else ""
        return _asked(turning, f"{body} {tail[1].strip()}{mark}")
    return None


def not_told(turning: Turning) -> QaRow | None:
    """The sentences that answer taken out of the passage; at least two remain."""
    row = turning.row
    answers = [answer.lower() for answer in _answers(row)]
    sentences = split_sentences(row.context)
    kept = [
        s
        for s in sentences
        if not any(a in row.context[s.start : s.end].lower() for a in answers)
        and all(span.end <= s.start or span.start >= s.end for span in row.spans)
    ]
    if len(kept) < 2 or len(kept) == len(sentences):
        return None
    return replace(row, context=" ".join(row.context[s.start : s.end] for s in kept))


def other_attribute(turning: Turning) -> QaRow | None:
    """Another question's words asked of this passage's subject, by its title."""
    row, dice = turning.row, turning.dice
    title = row.title.replace("_", " ").strip()
    if not title or len(title.split()) > 5 or title.lower() not in row.context.lower():
        return None
    for _ in range(25):
        other = dice.choice(turning.others)
        name = other.title.replace("_", " ").strip()
        if len(name) > 3 and name.lower() != title.lower() and name.lower() in other.question.lower():
            return _asked(turning, _put(other.question, name, title))
    return None


def swapped(turning: Turning) -> QaRow | None:
    """Two names of the question in each other's place: who beat whom, the actor for the part."""
    question, lowered = turning.row.question, turning.row.question.lower()
    names = [
        name
        for name in dict.fromkeys(found[0] for found in _NAME.finditer(turning.row.context))
        if len(name) > 3
        and not _opens_sentence(turning.row.context, name)
        and len(re.findall(rf"\b{re.escape(name.lower())}\b", lowered)) == 1
    ]
    pairs = [
        (one, other)
        for one in names
        for other in names
        if one < other and one.lower() not in other.lower() and other.lower() not in one.lower()
    ]
    if not pairs or re.search(r"\b(?:and|or|between)\b", lowered):  # where the order may say nothing
        return None
    one, other = turning.dice.choice(pairs)
    return _asked(turning, _put(_put(_put(question, one, "Zzz"), other, one), "Zzz", other))


def other_word(turning: Turning) -> QaRow | None:
    """A word that question and passage share replaced by a like one that the passage does not have."""
    row, dice = turning.row, turning.dice
    context = row.context.lower()
    shared = [found[0] for found in _WORD.finditer(row.question) if _stem(found[0].lower()) in context]
    if not shared:
        return None
    old = dice.choice(shared)
    for _ in range(12):
        others = [
            found[0]
            for found in _WORD.finditer(dice.choice(turning.others).question)
            if _ending(found[0]) == _ending(old)
            and _stem(found[0].lower()) not in context
            and _stem(found[0].lower()) not in row.question.lower()
        ]
        if others:
            return _asked(turning, _put(row.question, old, dice.choice(others)))
    return None


_WORD = re.compile(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])")
"""A content word in small letters: five letters leave out nearly all others."""


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 3)]


def _ending(word: str) -> str:
    """What stands for a word's part of speech and number."""
    return next((end for end in ("ing", "ed", "ly", "tion", "ies", "s") if word.endswith(end)), "")


QUALIFIERS = (
    "former", "second-hand", "upper", "lower", "electric", "manual", "temporary", "second", "third",
    "junior", "senior", "private", "public", "annual", "monthly", "average", "total", "net", "gross",
    "reserve", "spare", "portable", "fixed", "northern", "southern", "eastern", "western", "inner", "outer",
    "original", "revised", "indoor", "outdoor", "foreign", "domestic", "digital", "commercial", "medical",
    "military", "standby", "optional", "external", "internal",
)  # fmt: skip


def qualified(turning: Turning) -> QaRow | None:
    """A qualifier that the passage does not know put before the last shared noun of the question."""
    row, dice = turning.row, turning.dice
    context = row.context.lower()
    places = [
        found
        for found in re.finditer(r"(?<=\bthe )[a-z]{4,}(?![\w'’-])", row.question)
        if _stem(found[0]) in context and not re.match(r"\w+est\b|most|least|first|last|same", found[0])
    ]
    fitting = [word for word in QUALIFIERS if word not in context and word not in row.question.lower()]
    if not places or not fitting:
        return None
    place = dice.choice(places)
    return _asked(
        turning, f"{row.question[: place.start()]}{dice.choice(fitting)} {row.question[place.start() :]}"
    )


KINDS: Mapping[str, Turn] = {
    "entity": other_entity,
    "number": other_number,
    "negation": negation,
    "antonym": _opposite(ANTONYMS),
    "condition": condition,
    "not_told": not_told,
    "attribute": other_attribute,
    "swapped": swapped,
    "word": other_word,
    "qualifier": qualified,
    "order": _opposite(HELD_ANTONYMS),
}
WEIGHTS = {
    "entity": 3.0,
    "number": 6.0,
    "antonym": 3.0,
    "attribute": 2.0,
    "negation": 0.3,
    "swapped": 4.0,
    "qualifier": 2.0,
}
HELD = ("order",)
TRAINED = tuple(kind for kind in KINDS if kind not in HELD)
