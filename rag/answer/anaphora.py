"""What in a question points back to something said before: pronouns, ellipsis, openings. English, by rule."""

from __future__ import annotations

import re

from rag.answer.topics import Word, listed, stems_of, words_of

_PRONOUNS = listed(
    "it its it's they them their theirs they're he him his he's she her hers she's itself themselves"
)
_DEMONSTRATIVES = listed("this that these those")
_AFTER_A_PRONOUN = listed(
    "is are was were be do does did can could will would should may might must has have had in on at for of "
    "to from with by as work works mean means happen cost costs apply help make take get go come and or but "
    "if when than too also still"
)
_EXPLETIVE = re.compile(
    r"\bit(?:'s| is| was)?(?:n't)? (?:still |a |not |really )*(?:possible|better|safer?|true|necessary|worth|"
    r"easy|easier|hard|harder|important|free|advisable|best|good|common|legal|ok|okay|time|likely|recommended|"
    r"difficult|too late|allowed|mandatory|rain\w*|snow\w*)\b(?= .*\b(?:to|that|if)\b| .*ing\b)|"
    r"\bit (?:seems?|takes?|looks? like|rains?|snows?)\b|\bmakes? it\b",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^\W*(?:and|but|or|so|then|also|ok|okay|yes|no)\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"^\W*(?:and |so |but |ok |okay )?(?:(?:what|how) (?:about|if|of)\b|what else|why not|same for)",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\b(?:(?:talk|speak)ing (?:about|of)|going back|by the way|another question)\b", re.IGNORECASE
)
_ASKS = re.compile(
    r"\b(?:what|what's|who|whom|whose|who's|which|when|where|where's|why|how|is|are|am|do|does|did|can|could|"
    r"will|would|should|may|might|must|has|have|had|was|were)\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(
    r"\bthe (\w[\w'-]*)(?: (of|in|for|that|which|on|to|with|from|between)\b)?", re.IGNORECASE
)
_BRACKETED = re.compile(r"[,.;:!?)]")

CUES = (
    "pronoun before any topic",
    "pronoun behind one",
    "pronoun behind more",
    "this or that alone",
    "this or that with a noun",
    "there",
    "one",
    "other or same",
    "first or second",
    "more",
    "and at the start",
    "what about",
    "fragment",
    "no topic",
    "one topic word",
    "two topic words",
    "three topic words",
    "topic words",
    "definite and known",
    "definite and new",
    "no question",
    "many sentences",
    "a name",
    "goes back",
    "words said before",
    "all words new",
)
"""What `cues_of` says of a question, in this order."""


def cues_of(question: str, before: frozenset[str]) -> tuple[float, ...]:
    """CUES of a question that follows turns with the stems `before`."""
    words = words_of(_EXPLETIVE.sub(" ", question))
    asked = stems_of(question)
    count = sum(word.telling for word in words_of(question))
    asks = _ASKS.search(question) is not None
    known, new = _definite(question, before)
    pronouns = _pronouns(words)
    alone, with_noun = _demonstratives(question, words)
    said = {word.text.lower() for word in words}
    given = (
        0 in pronouns,
        1 in pronouns,
        2 in pronouns,
        alone,
        with_noun,
        re.search(r"\bthere\s*(?:[?.,!]|$)", question, re.IGNORECASE) is not None,
        bool(said & {"one", "ones"}),
        bool(said & {"other", "others", "another", "else", "both", "same", "such", "similar"}),
        bool(said & {"first", "second", "third", "latter", "former", "last"}),
        "more" in said,
        _OPENING.match(question) is not None,
        _ABOUT.match(question) is not None,
        not asks,
        count == 0,
        count == 1,
        count == 2,
        count == 3,
        min(count, 8) / 8,
        known,
        new,
        "?" not in question and not asks,
        re.search(r"[.?!]\s+\w", question) is not None,
        any(word.text[0].isupper() and word.start > 0 and len(word.text) > 1 for word in words),
        _BACK.search(question) is not None,
        len(asked & before) / max(1, len(asked)),
        bool(asked) and not asked & before,
    )
    return tuple(float(value) for value in given)


def pronoun_at(question: str) -> tuple[int, int, bool] | None:
    """The first pronoun that stands for a thing: where it begins and ends, and whether it is a possessive."""
    if _EXPLETIVE.search(question):
        return None
    words = words_of(question)
    for number, word in enumerate(words):
        text = word.text.lower()
        if text in _PRONOUNS and "'" not in text:
            return word.start, word.end, _possessive(question, words, number)
        if text in _DEMONSTRATIVES and _stands_alone(question, words, number):
            return word.start, word.end, False
    return None


def _possessive(question: str, words: tuple[Word, ...], number: int) -> bool:
    """`her` is one where a word follows that it belongs to."""
    text = words[number].text.lower()
    return text in {"its", "their", "his"} or (
        text == "her" and number + 1 < len(words) and words[number + 1].telling
    )


def _pronouns(words: tuple[Word, ...]) -> set[int]:
    """For each pronoun whether 0, 1 or (2) more telling words come before it, which it may stand for."""
    found, telling = set(), 0
    for word in words:
        telling += word.telling
        if word.text.lower().replace("’", "'") in _PRONOUNS:
            found.add(min(telling, 2))
    return found


def _demonstratives(question: str, words: tuple[Word, ...]) -> tuple[bool, bool]:
    """Whether one stands alone, whether one stands before a noun."""
    alone = with_noun = False
    for number, word in enumerate(words):
        if word.text.lower() in _DEMONSTRATIVES:
            if _stands_alone(question, words, number):
                alone = True
            elif word.text.lower() != "that" or not any(w.telling for w in words[:number]):
                with_noun = True
    return alone, with_noun


def _stands_alone(question: str, words: tuple[Word, ...], number: int) -> bool:
    word = words[number]
    ends = number + 1 == len(words) or _BRACKETED.match(question[word.end :].lstrip()) is not None
    if ends:
        return True
    relative = word.text.lower() == "that" and number > 0 and words[number - 1].telling
    following = words[number + 1].text.lower()
    return not relative and (following in _AFTER_A_PRONOUN or following.endswith("ed"))


def _definite(question: str, before: frozenset[str]) -> tuple[bool, bool]:
    """Whether a bare `the X` is of what was said before, whether one is not."""
    known = new = False
    for match in _DEFINITE.finditer(question):
        stems = stems_of(match.group(1))
        if stems and not match.group(2):
            known, new = known or bool(stems & before), new or not stems & before
    return known, new
