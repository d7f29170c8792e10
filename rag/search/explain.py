"""Why a hit has its score: the words and tokens behind its lexical and late parts.

Everything is read from the index and the stored vectors, by the models' tokenizers: no forward pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rag.index.tantivy import Analyzer
from rag.index.types import TermScore
from rag.models.late import rows, token_matches
from rag.models.types import Encoder, Reader, Reading, ReadResult
from rag.search.retrieve import Candidates
from rag.store import Store
from rag.text.sentences import evidence_sentences, split_sentences
from rag.types import Explanation, Hit, Span, TermMatch, TokenMatch

Unit = Literal["words", "sentence"]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains hits of one query from what retrieval searched with."""

    found: Candidates
    store: Store
    analyzer: Analyzer

    def explained(self, hits: Mapping[int, Hit]) -> list[Hit]:
        """The hits, each behind its chunk key, with their explanations."""
        terms = self.found.collection.term_scores(self.found.query.text, list(hits))
        tokens = self._tokens(hits)
        return [
            replace(hit, explanation=Explanation(self._terms(hit, terms.get(key, ())), tokens.get(key, ())))
            for key, hit in hits.items()
        ]

    def _terms(self, hit: Hit, scores: Sequence[TermScore]) -> tuple[TermMatch, ...]:
        if not scores:
            return ()
        places = self.analyzer.places(hit.chunk.text)
        return tuple(
            TermMatch(one.word, one.score, one.count, one.idf, one.tf, tuple(places.get(one.stem, ())))
            for one in scores
        )

    def _tokens(self, hits: Mapping[int, Hit]) -> dict[int, tuple[TokenMatch, ...]]:
        encoded, encoder = self.found.encoded, self.found.collection.encoder
        if encoded is None or encoded.tokens is None:
            return {}
        packed = self.store.chunks.token_vectors(list(hits), encoder.info.name, encoder.info.revision)
        contexts = self.store.chunks.contexts(list(packed))
        query = encoder.query_spans(self.found.query.text)
        return {
            key: token_matches(
                encoded.tokens,
                query,
                vectors,
                passage_spans(encoder, hits[key].chunk.text, contexts.get(key, ""), rows(vectors)),
            )
            for key, vectors in packed.items()
        }


def passage_spans(encoder: Encoder, text: str, context: str, count: int) -> list[Span | None]:
    """What each of a chunk's `count` packed vectors stands for, in the chunk's text; None for what stands in
    the context that the encoder read in front of it.

    Where that is not known, as of chunks that were stored long ago, spans count from the end and may be off
    by a token.
    """
    prefix = f"{context}\n" if context else ""
    spans = [_shifted(span, len(prefix)) for span in encoder.passage_spans(prefix + text)]
    return [None] * (count - len(spans)) + spans[len(spans) - min(count, len(spans)) :]


@dataclass(frozen=True, slots=True)
class ExplainedChunk:
    """One chunk under the microscope: `rank` is its place among the hits, None where it is not one of them;
    `hit` then has no score.
    """

    hit: Hit
    rank: int | None
    reader: Occlusion


def keyed(found: Candidates, hits: Sequence[Hit], store: Store) -> dict[int, Hit]:
    """The hits made of these candidates behind their chunk keys; those that are gone since are left out."""
    alive = store.chunks.hydrate([item.key for item in found.items])
    keys = {chunk.id: key for key, (chunk, _) in alive.items()}
    return {keys[hit.chunk.id]: hit for hit in hits if hit.chunk.id in keys}


def windows(unit: Unit, text: str) -> list[Span]:
    """The windows of a text that are left out one by one."""
    return split_sentences(text) if unit == "sentence" else word_windows(text)


def _shifted(span: Span | None, offset: int) -> Span | None:
    if span is None or span.end <= offset:
        return None
    return Span(max(0, span.start - offset), span.end - offset)


MOST_WINDOWS = 48
"""Forward passes of one explanation."""
LEAST_WORDS = 3
_WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the passage, and what is lost without it: of the relevance (a logit), and of the answer's
    probability (None where there is no answer).
    """

    start: int
    end: int
    relevance: float
    answer: float | None


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The reader's relevance of a whole passage, its best answer in it, and the windows in their order."""

    relevance: float
    answer: Reading | None
    windows: tuple[Window, ...]


def word_windows(text: str) -> list[Span]:
    """Runs of about three words, within sentences; of more words where the text is long, and regardless of
    sentences where it has too many: there are at most MOST_WINDOWS.
    """
    sentences = [
        [(start + word.start(), start + word.end()) for word in _WORD.finditer(text[start:end])]
        for start, end in evidence_sentences(text)
    ]
    longest = max(len(words) for words in sentences)
    for size in range(LEAST_WORDS, longest + LEAST_WORDS + 1):
        found = [run for words in sentences for run in _runs(words, size)]
        if len(found) <= MOST_WINDOWS:
            return found
    words = [word for sentence in sentences for word in sentence]
    return _runs(words, -(-len(words) // MOST_WINDOWS))


def _runs(words: Sequence[tuple[int, int]], size: int) -> list[Span]:
    """The words in runs of about `size`, all nearly equally long."""
    count = round(len(words) / size) or 1
    cuts = [len(words) * n // count for n in range(count + 1)]
    return [Span(words[first][0], words[last - 1][1]) for first, last in pairwise(cuts) if first < last]


def occlude(reader: Reader, question: str, passage: str, windows: Sequence[Span]) -> Occlusion:
    """Read the passage whole and without each window, all in one call.

    The answer's loss is that of the probability of the same words; 1 pass for the passage and 1 for each of
    the first MOST_WINDOWS windows.
    """
    chosen = windows[:MOST_WINDOWS]
    texts = [passage, *(passage[: one.start] + passage[one.end :] for one in chosen)]
    found = reader.read(question, texts, top=len(texts) * 16)
    whole = found.relevance[0]
    answer = next((reading for reading in found.readings if reading.passage == 0), None)
    lost = tuple(
        Window(one.start, one.end, whole - found.relevance[n], _answer_lost(found, answer, n))
        for n, one in enumerate(chosen, start=1)
    )
    return Occlusion(whole, answer, lost)


def _answer_lost(found: ReadResult, answer: Reading | None, passage: int) -> float | None:
    if answer is None:
        return None
    same = (one for one in found.readings if one.passage == passage and one.text == answer.text)
    return answer.probability - max((one.probability for one in same), default=0.0)
