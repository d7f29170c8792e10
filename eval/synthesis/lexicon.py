"""What a collection's own text says of its words: which are verbs, which are names, how rare each is.

There is no tagger: a word that follows "can" or "to" is a verb, one that is written small inside sentences
is no name.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.text.words import STOP_WORDS, split_words, stem


def words(text: str) -> frozenset[str]:
    """The words of a text, once each."""
    return frozenset(text.split())


_BEFORE_VERB = re.compile(r"\b(can|must|should|will|cannot|may|might|would|could|to)\s+([a-z]{2,})\b")
_INSIDE = re.compile(r"(?<=[a-z,] )([^\W\d_][\w'’-]*)")
_LEAST_AFTER_TO = 3
_FEW = 20
"""Documents of a small collection."""

VERBS = words(
    """accept access achieve act activate add address adjust affect agree aim allow analyze announce answer
    appear apply approve arrive ask assign assist attach attend authorize avoid award base be become
    begin believe belong block bring build buy calculate call cancel carry cause change charge check
    choose clear close collect combine come compare complete compute conduct configure confirm connect
    consist contain continue control convert copy cost count cover create cut deal decide declare
    decrease define delete deliver depend deploy describe deserve design destroy detect determine
    develop die direct disable discard discover discuss display divide download draw drive drop earn
    edit emit employ enable encode encrypt end enforce enhance ensure enter establish estimate evaluate
    examine exceed exclude execute exist expand expect expire explain export expose express extend
    extract face fail fall feature fetch fight fill filter find finish fix follow form found gain
    generate get give go grant grow guide handle happen have hear help hide hold host identify ignore
    implement import improve include increase index indicate influence inform ingest inherit initialize
    insert inspect install interpret introduce invest invoke involve issue join keep know label last
    launch lead learn leave let lie limit list live load locate log look lose lower maintain make manage
    map mark match mean measure meet merge migrate modify monitor mount move name need notify obtain
    occur offer open operate optimize order override own parse pass pay perform permit place play point
    populate precede predict prepare present preserve prevent process produce promote protect prove
    provide publish pull purchase push put quote raise rank reach read rebuild receive recommend record
    recover reduce refer refresh refuse reindex reject relate release remain remove rename render renew
    repeat replace replicate report represent request require rescore reset resolve respond restart
    restore restrict result retain retrieve return reuse review revoke rise rotate route run sail save
    say scale scan schedule search secure see select sell send separate serve set share show shut sign
    simplify sing skip solve sort specify spend split stand start state stay stop store stream study
    submit succeed suggest summarize supply support switch take tell tend terminate test track train
    transfer transform translate travel treat trigger try tune turn update upgrade upload use validate
    vary verify view visit visualize wait walk want warn watch wear weigh win work wrap write"""
)
"""Verbs of manuals and encyclopedias: what a small collection does not show by itself."""


@dataclass(frozen=True)
class Lexicon:
    """Counts over the passages of a collection."""

    verbs: frozenset[str]
    small: Counter[str]
    capital: Counter[str]
    documents: Counter[str]
    size: int

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]]) -> Lexicon:
        """Count over the passages of each document. In a small collection every passage counts as one: there
        the documents are too few to tell rare words from others.
        """
        if len(documents) < _FEW:
            documents = [[text] for passages in documents for text in passages]
        modal: Counter[str] = Counter()
        to: Counter[str] = Counter()
        small: Counter[str] = Counter()
        capital: Counter[str] = Counter()
        found: Counter[str] = Counter()
        for passages in documents:
            stems: set[str] = set()
            for text in passages:
                for before, verb in _BEFORE_VERB.findall(text):
                    (to if before == "to" else modal)[verb] += 1
                for word in _INSIDE.findall(text):
                    (capital if word[0].isupper() else small)[word.lower()] += 1
                stems |= {stem(word.lower()) for word in split_words(text)}
            found.update(stems)
        often = {verb for verb, n in to.items() if n >= _LEAST_AFTER_TO and verb in modal}
        shown = {verb for verb in (*modal, *often) if verb not in STOP_WORDS | _NO_VERBS}
        return cls(VERBS | shown, small, capital, found, len(documents))

    def rarity(self, word: str) -> float:
        """ln of documents over those with the word."""
        return math.log((self.size + 1) / (self.documents[stem(word.lower())] + 0.5))

    @property
    def rarest(self) -> float:
        """The rarity of a word that one document has."""
        return math.log((self.size + 1) / 1.5)

    def in_a_sentence(self, text: str) -> str:
        """The text with a small first letter, unless its first word is a name."""
        first, _, others = text.partition(" ")
        bare = re.sub(r"\W+$", "", first)
        if not bare[:1].isupper() or any(letter.isupper() or letter.isdigit() for letter in bare[1:]):
            return text
        key = re.sub(r"['’]s?$", "", bare.lower())
        if "-" in bare and not self.capital[key]:
            return text[:1].lower() + text[1:]
        unseen = not self.capital[key] and others[:1].islower()
        common = unseen or (self.small[key] > self.capital[key] and not others[:1].isupper())
        if key in STOP_WORDS or key in _DETERMINERS or common:
            return text[:1].lower() + text[1:]
        return text

    def is_name(self, word: str) -> bool:
        """Whether a word is written with a capital inside sentences, or like no common word."""
        key = word.lower()
        odd = any(letter.isupper() or letter.isdigit() or letter in "_.-" for letter in word[1:])
        return odd or (word[:1].isupper() and self.capital[key] > self.small[key])


_DETERMINERS = words("all any both each every few many most much no one several some two three")


_NO_VERBS = _DETERMINERS | words("also always already easily either even just never now only still then too")
"""What follows "can" and is no verb."""
