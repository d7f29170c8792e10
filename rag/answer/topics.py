"""What the earlier turns of a conversation speak of: runs of telling words, and how each was brought up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from rag.text.sentences import split_sentences
from rag.text.words import QUOTING_STOP_WORDS, stem
from rag.types import Turn


def listed(words: str) -> frozenset[str]:
    """Words between spaces, as a set."""
    return frozenset(words.split())


_WORD = re.compile(r"[#@$€£]?\w+(?:[.,'’/&-]\w+)*%?")
_POSSESSIVE = re.compile(r"['’]s?$")
_TALK = """
tell please explain clarify know think want mean means meant say saying said talk talking talked speak
speaking example ok okay yes yeah thanks thank hi hello help like give given need needs get gets getting
got make makes made making use used using go going come comes let see seem seems look take takes put just
really also still even well way thing things lot lots much many does don't doesn't didn't isn't aren't
can't won't wasn't couldn't what's it's that's how's who's where's there's here's i'm i'd i've i'll
you're they're we're happen happens happened during between after before without because since while am
us one ones able actually again already another others first second last please sure right maybe too now
here yet ever never within through against per etc via mentioned understand heard hear anything something
everything someone anyone anybody somebody else instead same different better best good bad possible true
currently often long tell list show find ask asking wonder describe both every work works exist exists
called
"""
SAYS_NOTHING = QUOTING_STOP_WORDS | listed(_TALK)
"""Beside the stop words, those of which talk is made, whatever it is about."""
_AUXILIARIES = listed("do does did can could will would should may might must")
_BE = listed("is are was were be been")
_PERSONS = listed("he she him her his")
_DATES = """
monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays
saturdays sundays january february march april may june july august september october november december
"""
_NO_NAMES = listed(_DATES)
_DETERMINERS = listed("the a an this that these those my our your their its")
_PREPOSITIONS = listed("of in for with from on about by at to into over under")
_GOES_ON = _PREPOSITIONS | listed("and or")
_ASKERS = listed("i you we they he she it to")
_INFLECTED = re.compile(r"(?:ing|ed|ly)$")
_QUALITY = re.compile(r"(?:al|ive|ous|ful|ble|ic|est)$")
_GLUE = re.compile(r"[\s'\"’/-]*")
_ANSWER_SENTENCES = 3
"""Sentences at an answer's start in which it names things to ask about."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text at its place; `telling` where it says what the text is about."""

    text: str
    stem: str
    start: int
    end: int

    @property
    def telling(self) -> bool:
        """Whether it says what the text is about."""
        return bool(self.stem)


@lru_cache(maxsize=256)
def words_of(text: str) -> tuple[Word, ...]:
    """The words in order; a word that says nothing has an empty stem."""
    return tuple(
        Word(match.group(), _telling_stem(match.group()), match.start(), match.end())
        for match in _WORD.finditer(text)
    )


def _telling_stem(written: str) -> str:
    word = written.lower().replace("’", "'")
    plain = _POSSESSIVE.sub("", word)
    if word in SAYS_NOTHING or plain in SAYS_NOTHING or (len(plain) < 2 and not plain.isdigit()):
        return ""
    return stem(plain)


def stems_of(text: str) -> frozenset[str]:
    """The stems of a text's telling words."""
    return frozenset(word.stem for word in words_of(text) if word.telling)


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase (telling words in a row) where a turn has it: the words in front and behind, the preposition
    that governs it, its number among the turn's phrases, counted from either end.
    """

    words: tuple[Word, ...]
    before: str
    preposition: str
    after: str
    first: bool
    last: bool


def mentions_of(text: str) -> list[Mention]:
    """The phrases of a text in order."""
    words = words_of(text)
    runs = list(_runs(text, words))
    found = []
    for number, (start, end) in enumerate(runs):
        before = words[start - 1].text.lower() if start else ""
        after = words[end].text.lower() if end < len(words) else ""
        governing = words[start - 2].text.lower() if start > 1 and before in _DETERMINERS else before
        preposition = governing if governing in _PREPOSITIONS else ""
        last = number == len(runs) - 1
        found.append(Mention(words[start:end], before, preposition, after, number == 0, last))
    return found


def _runs(text: str, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Where phrases begin and end (indices of words); the verb of a question belongs to none."""
    cuts = [0, *(n for n, (a, b) in enumerate(pairwise(words), 1) if _parts(text, a, b)), len(words)]
    awaited = ""
    for start, end in pairwise(cuts):
        if not words or not words[start].telling:
            continue
        awaited = _auxiliary(words[max(0, start - 2) : start]) or awaited
        if end - start > 1 and awaited and _is_verb(words[end - 1].text, awaited):
            yield start, end - 1
            awaited = ""
        else:
            yield start, end
            goes_on = end < len(words) and words[end].text.lower() in _GOES_ON
            awaited = awaited if goes_on else ""


def _parts(text: str, left: Word, right: Word) -> bool:
    """Whether a phrase ends between two words: at one that says nothing, at a mark, or where a name is over
    and a verb may begin (`Mrs Lund leads`).
    """
    glued = _GLUE.fullmatch(text[left.end : right.start]) is not None
    named = left.text[0].isupper() and right.text[0].islower() and right.text.endswith(("s", "ed"))
    return not (left.telling and right.telling and glued) or named


def _auxiliary(before: Sequence[Word]) -> str:
    """The auxiliary in the two words in front of a phrase, whose verb is still to come."""
    said = [word.text.lower() for word in before]
    if any(word in _ASKERS for word in said):
        return ""
    return next((word for word in said if word in _AUXILIARIES | _BE), "")


def _is_verb(word: str, auxiliary: str) -> bool:
    """Whether the last word behind an auxiliary and its subject is the verb: `does the pump work` ends in no
    s, `is the filter changed` in ed.
    """
    if auxiliary in _BE:
        return word.endswith("ed")
    return not word.endswith("s") and not word[0].isupper()


@dataclass(slots=True)
class Topic:
    """A phrase of the conversation: its newest mention in full, and what is known of all of them.

    `distance` counts exchanges back to the newest, 1 for the last one; `salience` is 1 there, and falls with
    every later question that did not lean on it.
    """

    text: str
    stems: frozenset[str]
    mention: Mention
    spoken_by_user: bool
    distance: int
    salience: float
    opened: bool
    turns: set[int] = field(default_factory=set)
    prepositions: set[str] = field(default_factory=set)

    @property
    def is_name(self) -> bool:
        """Whether a word inside of the turn is written like a name, and is no date."""
        return any(
            word.text[0].isupper() and word.start > 0 and word.text.lower() not in _NO_NAMES
            for word in self.mention.words
        )


def topics_of(history: Sequence[Turn], leaning: Sequence[float]) -> list[Topic]:
    """Every phrase of the questions, and of the last answer's start, newest mention first.

    `leaning` says how much each of the user's turns leans on those before it, 0 to 1, in their order.
    """
    asked = [turn.content for turn in history if turn.role == "user"]
    found: dict[frozenset[str], Topic] = {}
    said = _last_answer(history)
    for mention in mentions_of(said):
        _add(found, said, mention, len(asked), 1, 1.0, by_user=False)
    for back, text in enumerate(reversed(asked), 1):
        number = len(asked) - back
        salience = 1.0
        for later in leaning[number + 1 :]:
            salience *= later
        for mention in mentions_of(text):
            _add(found, text, mention, number, back, salience, by_user=True)
    return list(found.values())


def _last_answer(history: Sequence[Turn]) -> str:
    if not history or history[-1].role != "assistant":
        return ""
    text = history[-1].content
    sentences = split_sentences(text)[:_ANSWER_SENTENCES]
    return text[: sentences[-1].end] if sentences else ""


def _add(
    found: dict[frozenset[str], Topic],
    text: str,
    mention: Mention,
    turn: int,
    distance: int,
    salience: float,
    *,
    by_user: bool,
) -> None:
    stems = frozenset(word.stem for word in mention.words)
    known = found.get(stems)
    if known is None:
        phrase = text[mention.words[0].start : mention.words[-1].end]
        known = Topic(_POSSESSIVE.sub("", phrase), stems, mention, by_user, distance, salience, turn == 0)
        found[stems] = known
    known.turns.add(turn)
    known.prepositions.add(mention.preposition)
    known.opened |= turn == 0
    known.spoken_by_user |= by_user
    known.salience = max(known.salience, salience)


def who_or_what(topics: Sequence[Topic], question: str) -> list[Topic]:
    """The names where the question says he or she, if there are any; else all topics."""
    person = any(word.text.lower() in _PERSONS for word in words_of(question))
    return [topic for topic in topics if topic.is_name] or list(topics) if person else list(topics)


_ELLIPSIS = 5
"""Words behind "and" or "what about" of a question that is nothing but a phrase."""
_INSTEAD = re.compile(r"(?:and what about|and|or|but|what about|how about|what of)\b[\s,]*", re.IGNORECASE)


def put_instead(question: str) -> Mention | None:
    """The one phrase of a question that has no other: "What about Puffin?", "And for children?"."""
    opening = _INSTEAD.match(question)
    rest = question[opening.end() :] if opening else ""
    said = mentions_of(rest)
    return said[0] if len(said) == 1 and len(words_of(rest)) <= _ELLIPSIS else None


def not_replaced(topics: Sequence[Topic], question: str) -> list[Topic]:
    """The topics without the one in whose place the question puts another: "And of the freight desk?" asks
    the same of the desk as was asked of the captain. All of them where none would be left.
    """
    new = put_instead(question)
    if new is None:
        return list(topics)
    named = new.words[0].text[0].isupper()
    kept = [topic for topic in topics if topic.distance > 1 or not _is_replaced(topic, new, named=named)]
    return kept or list(topics)


def _is_replaced(topic: Topic, new: Mention, *, named: bool) -> bool:
    if new.preposition:
        return new.preposition in topic.prepositions
    return named and topic.is_name


FEATURES = (
    "salience",
    "opened the talk",
    "said again",
    "by the user",
    "two back",
    "further back",
    "behind a determiner",
    "behind a preposition",
    "behind who asks",
    "before a preposition",
    "first in its turn",
    "last in its turn",
    "one word",
    "three words or more",
    "a name",
    "a number",
    "inflected",
    "a quality",
    "words in the question",
    "only topic of its turn",
    "salience and a name",
    "salience and last",
    "salience and a determiner",
)
"""What `features_of` says of a topic, in this order."""


def features_of(topic: Topic, question: str) -> tuple[float, ...]:
    """FEATURES of a topic beside a question."""
    asked = stems_of(question)
    mention = topic.mention
    size = len(mention.words)
    name = topic.is_name
    determined = mention.before in _DETERMINERS
    final = mention.words[-1].text.lower()
    alone = mention.first and mention.last
    given = (
        topic.salience,
        topic.opened,
        len(topic.turns) > 1,
        topic.spoken_by_user,
        topic.distance == 2,
        topic.distance > 2,
        determined,
        mention.before in _PREPOSITIONS,
        mention.before in _ASKERS,
        mention.after in _PREPOSITIONS,
        mention.first,
        mention.last,
        size == 1,
        size > 2,
        name,
        any(word.text[0].isdigit() for word in mention.words),
        _INFLECTED.search(final) is not None,
        _QUALITY.search(final) is not None,
        bool(topic.stems & asked),
        alone,
        topic.salience * name,
        topic.salience * mention.last,
        topic.salience * determined,
    )
    return tuple(float(value) for value in given)
