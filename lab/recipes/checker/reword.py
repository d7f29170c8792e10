"""The same sentence in other words, as models and people repeat what they have read."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

NUMBER_WORDS = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
SYNONYMS = {
    "big": "large", "large": "big", "also": "too", "began": "started", "started": "began", "begin": "start",
    "approximately": "about", "roughly": "about", "nearly": "almost", "almost": "nearly",
    "often": "frequently", "frequently": "often", "usually": "typically", "commonly": "often",
    "located": "situated", "film": "movie", "movie": "film", "however": "but", "because": "since",
    "received": "got", "purchased": "bought", "created": "made", "founded": "established",
    "established": "founded", "wrote": "authored", "children": "kids", "numerous": "many",
    "many": "numerous", "primarily": "mainly", "mainly": "mostly", "died": "passed", "built": "constructed",
    "constructed": "built", "obtain": "get", "require": "need", "requires": "needs", "allows": "lets",
    "shows": "demonstrates", "showed": "demonstrated", "huge": "very large", "famous": "well-known",
    "important": "key", "different": "various", "entire": "whole", "whole": "entire", "former": "previous",
    "within": "inside", "attempted": "tried", "ended": "finished", "near": "close to", "whilst": "while",
    "although": "though", "though": "although", "called": "named", "named": "called", "is not": "isn't",
    "did not": "didn't", "was not": "wasn't", "does not": "doesn't", "are not": "aren't",
    "cannot": "can not", "United States": "US", "percent": "%",
}  # fmt: skip
LEADS = (
    "According to the text,", "The text says that", "Yes,", "Well,", "I know that", "I think",
    "As far as I know,",
    "In fact,", "Actually,", "It is said that", "Sure!", "I read that", "Based on the passage,", "Here,",
)  # fmt: skip
_FRONT = re.compile(
    r"((?:In|On|At|After|Before|During|By|Since|From|Until|For) [^,]{3,40}), (.{12,}?)([.!?]?)"
)
_PRONOUN = re.compile(r"(He|She|It)(?= [a-z])")


def fold(text: str) -> str:
    """The opening phrase moved to the end: "In 1990, X won." becomes "X won in 1990."."""
    found = _FRONT.fullmatch(text)
    if not found:
        return text
    front, rest, stop = found.groups()
    return f"{rest[:1].upper()}{rest[1:]} {front[:1].lower()}{front[1:]}{stop}"


def name_subject(text: str, title: str, context: str) -> str:
    """The title in place of an opening pronoun, where the passage begins with that title."""
    name = re.sub(r"[_ ]*\(.*\)", "", title).replace("_", " ").strip()
    known = bool(name) and context.lower().startswith(name.lower()[:20])
    return _PRONOUN.sub(lambda _: name, text, count=1) if known and _PRONOUN.match(text) else text


def respell(text: str) -> str:
    """Small number words as digits."""
    return re.sub(
        r"\b(" + "|".join(NUMBER_WORDS[1:]) + r")\b", lambda m: str(NUMBER_WORDS.index(m.group()) + 1), text
    )


def replace_synonyms(text: str, rng: random.Random) -> str:
    """Up to three words or phrases in other words."""
    found = [old for old in SYNONYMS if re.search(rf"(?<=\s){re.escape(old)}(?=[\s,.])", text)]
    for old in rng.sample(found, min(3, len(found))):
        text = re.sub(rf"(?<=\s){re.escape(old)}(?=[\s,.])", SYNONYMS[old], text, count=1)
    return text


def lead_in(text: str, rng: random.Random) -> str:
    """The sentence behind a phrase that answers open with."""
    lead = rng.choice(LEADS)
    keep = (
        lead.endswith("!") or text[:2] == "I " or not re.match(r"(?:The|In|It|He|She|They|This|A|An) ", text)
    )
    return f"{lead} {text if keep else text[:1].lower() + text[1:]}"


def reword(words: Sequence[str], title: str, context: str, rng: random.Random) -> list[str]:
    """A random mix of the changes above; the meaning stays."""
    text = " ".join(words)
    if rng.random() < 0.5:
        text = name_subject(text, title, context)
    if rng.random() < 0.5:
        text = fold(text)
    if rng.random() < 0.3:
        text = respell(text)
    if rng.random() < 0.5:
        text = replace_synonyms(text, rng)
    if rng.random() < 0.12:
        text = lead_in(text, rng)
    return text.split()


def join_next(words: Sequence[str], following: Sequence[str]) -> list[str]:
    """Two sentences as one claim."""
    return [*words, *following][:60]
