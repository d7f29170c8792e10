"""The way back: does the reader read the reference in the passage, and in no other document?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval.synthesis.lexicon import VERBS, Lexicon
from eval.synthesis.passages import Draft, Passage
from rag.models.types import Reading
from rag.service import Service
from rag.text.words import content_words, stem
from rag.types import Query

READ = 0.45
"""Least probability of a reading that counts as an answer."""
RIVAL = 0.35
"""Probability from which on another document's reading makes a question ambiguous."""
SILENT = 0.25
"""Probability below which the reader says nothing: a question that no passage answers stays below it."""
_SHARED = 0.6
_RIVALS = 5
_FOUND = 12
_TOLD = 2.6  # ln of documents over those with the word: one in thirteen
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Checks of drafts on one collection."""

    service: Service
    collection: str
    lexicon: Lexicon

    def fault(self, draft: Draft, beside: Passage | None = None) -> str | None:
        """Why a draft is no good, or None: `vague`, `unread`, `misread`, `ambiguous`.

        The document of `beside` may answer too, as that of a multi-hop question's other passage.
        """
        if not self.tells(draft.question):
            return "vague"
        alone = self._first(draft.question, [draft.passage.text])
        if alone is None or alone.probability < READ:
            return "unread"
        if not agrees(draft, alone):
            return "misread"
        own = {passage.document.id for passage in (draft.passage, beside) if passage is not None}
        others = self.others(draft.question, own)
        rival = self._first(draft.question, [passage.text for passage in others[:_RIVALS]])
        return "ambiguous" if rival is not None and rival.probability >= RIVAL else None

    def tells(self, question: str) -> bool:
        """Whether a question says what it is about: a word of few documents, or two that are not of many."""
        words = [word for word in content_words(question) if word.lower() not in VERBS]
        rarities = sorted(map(self.lexicon.rarity, words), reverse=True)
        least = min(_TOLD, self.lexicon.rarest - 0.5)
        return bool(rarities) and (rarities[0] >= least or sum(rarities[:2]) >= 1.5 * least)

    def silent(self, question: str) -> Passage | None:
        """The passage that comes nearest to answering, if the reader reads no answer in any that is found."""
        found = self.others(question, set())
        if not found:
            return None
        result = self.service.models.reader.read(question, [passage.text for passage in found])
        singly = max((self._probability(question, passage) for passage in found[:_RIVALS]), default=0.0)
        together = max((reading.probability for reading in result.readings), default=0.0)
        nearest = max(range(len(found)), key=lambda n: result.relevance[n])
        return found[nearest] if max(singly, together) < SILENT else None

    def others(self, question: str, without: set[str]) -> list[Passage]:
        """The first passages that a search finds, those of some documents left out."""
        hits, _ = self.service.searcher.search(Query(question, self.collection, _FOUND), rerank=False)
        return [Passage(hit.chunk, hit.document) for hit in hits if hit.document.id not in without]

    def _probability(self, question: str, passage: Passage) -> float:
        found = self._first(question, [passage.text])
        return found.probability if found else 0.0

    def _first(self, question: str, texts: Sequence[str]) -> Reading | None:
        readings = self.service.models.reader.read(question, texts).readings if texts else ()
        return readings[0] if readings else None


def agrees(draft: Draft, reading: Reading) -> bool:
    """Whether what was read lies in the draft's sentence and says mostly what the reference says."""
    inside = reading.start < draft.end and reading.end > draft.start
    said, wanted = _stems(reading.text), _stems(draft.reference)
    both = len(said & wanted)
    return inside and bool(said) and both / len(said) >= _SHARED


def alike(one: str, other: str) -> bool:
    """Whether two questions are near duplicates: they share most of their words."""
    a, b = _stems(one), _stems(other)
    return len(a & b) / max(1, len(a | b)) >= _ALIKE


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word.lower()) for word in re.findall(r"\w+(?:[.,]\d+)*", text)) - _EMPTY


_EMPTY = frozenset(("a", "an", "the", "to"))
