"""Why a hit has its score: the words and tokens behind its lexical and late parts.

Everything is read from the index and the stored vectors, by the models' tokenizers: no forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.answer.flow import Candidates
from rag.answer.sentences import split
from rag.answer.tables import with_header
from rag.index import IndexManager
from rag.index.types import TermScore
from rag.models.interactions import token_matches
from rag.models.late import rows
from rag.models.occlusion import Occlusion, word_windows
from rag.models.types import EncodedQuery, Encoder
from rag.store import Store
from rag.types import Explanation, Hit, Query, Span, TermMatch, TokenMatch

Unit = Literal["words", "sentence"]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains hits of one query; `encoded` is what retrieval searched with (None: it took no encoder)."""

    query: Query
    encoded: EncodedQuery | None
    encoder: Encoder
    indexes: IndexManager
    store: Store

    def explained(self, hits: Mapping[int, Hit]) -> list[Hit]:
        """The hits, each behind its chunk key, with their explanations."""
        terms = self.indexes.term_scores(self.query.collection, self.query.text, list(hits))
        blobs = self._token_vectors(list(hits))
        return [
            replace(
                hit,
                explanation=Explanation(
                    self._terms(hit, terms.get(key, ())), self._tokens(hit, blobs.get(key))
                ),
            )
            for key, hit in hits.items()
        ]

    def _token_vectors(self, keys: Sequence[int]) -> Mapping[int, bytes]:
        if self.encoded is None or self.encoded.tokens is None:
            return {}
        return self.store.token_vectors(keys, self.encoder.info.name, self.encoder.info.revision)

    def _terms(self, hit: Hit, scores: Sequence[TermScore]) -> tuple[TermMatch, ...]:
        if not scores:
            return ()
        places = self.indexes.places(hit.chunk.text)
        return tuple(
            TermMatch(one.word, one.score, one.count, one.idf, one.tf, tuple(places.get(one.stem, ())))
            for one in scores
        )

    def _tokens(self, hit: Hit, blob: bytes | None) -> tuple[TokenMatch, ...]:
        if blob is None or self.encoded is None or self.encoded.tokens is None:
            return ()
        query = self.encoder.query_spans(self.query.text)
        return token_matches(self.encoded.tokens, query, blob, self._passage_spans(hit, rows(blob)))

    def _passage_spans(self, hit: Hit, count: int) -> list[Span | None]:
        """What each of a chunk's `count` packed vectors stands for, in the chunk's text.

        The encoder read the chunk behind its title and headings, which the store does not keep as it read
        them: the arrangement that gives as many vectors is taken. Where none does, spans count from the end
        and may be off by a token.
        """
        text = hit.chunk.text
        for context in _contexts(with_header(hit, self.store.text)):
            prefix = f"{context}\n" if context else ""
            spans = self.encoder.passage_spans(prefix + text)
            if len(spans) == count:
                return [_shifted(span, len(prefix)) for span in spans]
        spans = self.encoder.passage_spans(text)
        return [None] * (count - len(spans)) + spans[-count:]


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
    alive = store.hydrate([item.key for item in found.items])
    keys = {chunk.id: key for key, (chunk, _) in alive.items()}
    return {keys[hit.chunk.id]: hit for hit in hits if hit.chunk.id in keys}


def windows(unit: Unit, text: str) -> list[Span]:
    """The windows of a text that are left out one by one."""
    return split(text) if unit == "sentence" else word_windows(text)


def _contexts(hit: Hit) -> Iterator[str]:
    """What may have stood before the chunk, likeliest first: the headings that it does not begin with itself
    (see ingest/chunk.py), with the title and the first row of its table or without.
    """
    headings, title = hit.chunk.headings, hit.document.title
    outside = len([heading for heading in headings if heading not in hit.chunk.text[:400]])
    depths = sorted(range(len(headings) + 1), key=lambda depth: abs(depth - outside))
    for depth in depths:
        kept = [heading for heading in headings[:depth] if heading != title]
        for lines in ([title, *kept], kept):
            first = " > ".join(line for line in lines if line)
            yield "\n".join(part for part in (first, hit.header) if part)
            if hit.header:
                yield first


def _shifted(span: Span | None, offset: int) -> Span | None:
    if span is None or span.end <= offset:
        return None
    return Span(max(0, span.start - offset), span.end - offset)
