"""The extractive answer: parts of the passages, quoted, with footnotes. Nothing here composes text.

A table row is quoted with its header, cell by cell, a list behind the line that introduces it, a sentence
with its paragraph where that is short.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from time import perf_counter
from typing import NamedTuple

from rag.answer.cite import end_offset
from rag.answer.constraints import constraints_of
from rag.answer.draft import Anchor, Claim, Draft, PartFound
from rag.answer.lookup import Pick, look_up
from rag.answer.picked import claim_of, spans_of
from rag.answer.question import parts_of, shape_of, standing_alone
from rag.answer.region import Region
from rag.answer.select import MOST, WORDS, Source, Unit, is_quoted, row_header, select
from rag.answer.tables import TextOf, passage
from rag.models.types import Encoder, EvidenceToken, Reader, ReadResult
from rag.text.rows import cells
from rag.text.sentences import split_sentences
from rag.types import Hit, Span, Step

READINGS = 24
"""Spans that the reader is asked for over all passages."""
_NOTHING_THERE = 0.1
"""Below this confidence the reason to be silent is that no passage is relevant."""
UNSUPPORTED_LANGUAGE = "unsupported_language"
_CUT_BULLET = re.compile(r"^(?:[-*+•‣◦]|#{1,6}|\(?\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least confidence to answer at all, and to answer where an LLM could."""

    answer: float
    alone: float


class Room(NamedTuple):
    """How many parts, and about how many words, an answer may have."""

    most: int
    words: int


@dataclass(frozen=True, slots=True)
class Found:
    """What can be quoted for one question, and the probability that it answers: parts, or cells of tables."""

    confidence: float
    units: tuple[Unit, ...] = ()
    picks: tuple[Pick, ...] = ()

    @property
    def places(self) -> tuple[tuple[int, Span], ...]:
        """Where it stands: hits (indices) and spans of their documents."""
        cells = [(pick.grid.hit, span) for pick in self.picks for span in spans_of(pick)]
        return tuple(place for unit in self.units for place in _places(unit)) + tuple(cells)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What can be quoted for each of the `questions` in a question."""

    questions: tuple[str, ...]
    found: tuple[Found, ...]

    @property
    def near(self) -> tuple[tuple[int, Span], ...]:
        """Where all of it stands, sure or not: hits (indices) and spans of their documents."""
        return tuple(place for one in self.found for place in one.places)

    def confidence(self, least: float) -> float:
        """That of what is as sure as `least`, on average; of the surest where nothing is."""
        sure = [one.confidence for one in self.found if one.confidence >= least]
        return sum(sure) / len(sure) if sure else max(one.confidence for one in self.found)

    def parts(self, least: float) -> tuple[PartFound, ...]:
        """The questions with their confidence, answered from `least` on; () where there is but one."""
        if len(self.questions) == 1:
            return ()
        return tuple(
            PartFound(question, one.confidence, bool(one.places) and one.confidence >= least)
            for question, one in zip(self.questions, self.found, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Extractor:
    """Finds what to quote: the reader says what is evidence, the encoder what is near the question.

    `text_of` gives a document's text by its id: a list, a sentence or a table's header may begin in an
    earlier chunk and go on in a later one.
    """

    reader: Reader
    encoder: Encoder
    text_of: TextOf | None = None

    def extract(self, question: str, hits: Sequence[Hit]) -> Extracted:
        """The parts of the hits that answer the question, or each question in it, read by itself."""
        questions = parts_of(question)
        room = Room(MOST if len(questions) == 1 else 2, WORDS // len(questions))
        found = [
            self._found(one, alone, hits, room)
            for one, alone in zip(questions, standing_alone(questions), strict=True)
        ]
        return Extracted(questions, tuple(found))

    def _found(self, question: str, alone: str, hits: Sequence[Hit], room: Room) -> Found:
        """What answers one question, which is read as it stands `alone`: cells that a table surely has, else
        the best parts of those that may answer.
        """
        looked = look_up(alone, hits, self.encoder, self.text_of)
        if looked.picks:
            return Found(looked.confidence, picks=looked.picks)

        demanded = constraints_of(alone, [f"{_above(hit)} {hit.chunk.text}" for hit in hits])

        def may_answer(unit: Unit) -> bool:
            chunk = hits[unit.hit].chunk
            if any(looked.bars(chunk.document_id, span) for _, span in _places(unit)):
                return False
            return not demanded.fails(unit.text, unit.above, chunk.text)

        result = self.reader.read(alone, [passage(hit) for hit in hits], top=READINGS)
        shape = shape_of(question)
        chosen = select(alone, shape, hits, self.encoder, result, self.text_of, *room, may_answer)
        return Found(chosen.confidence, chosen.units)

    def claims(self, extracted: Extracted, hits: Sequence[Hit], least: float) -> tuple[Claim, ...]:
        """What is quoted for the questions that are answered as surely as `least`, nothing twice."""
        kept: list[tuple[Unit | Pick, frozenset[int]]] = []
        for number, one in enumerate(extracted.found):
            if one.confidence < least:
                continue
            kept += [(pick, frozenset({number})) for pick in one.picks]
            for unit in one.units:
                there = next((n for n, (other, _) in enumerate(kept) if _quotes(other, unit, hits)), None)
                if there is None:
                    kept.append((unit, frozenset({number})))
                else:
                    kept[there] = (kept[there][0], kept[there][1] | {number})
        claims = [replace(claim, parts=parts) for one, parts in kept for claim in self._claims_of(one, hits)]
        return tuple(
            replace(claim, lead="\n" if n and not claim.lead else claim.lead)
            for n, claim in enumerate(claims)
        )

    def _claims_of(self, one: Unit | Pick, hits: Sequence[Hit]) -> tuple[Claim, ...]:
        if isinstance(one, Pick):
            return (claim_of(one, hits[one.grid.hit]),)
        return claims_of(one, hits, self.text_of)


def _quotes(kept: Unit | Pick, unit: Unit, hits: Sequence[Hit]) -> bool:
    return isinstance(kept, Unit) and is_quoted(unit, kept, hits)


def _above(hit: Hit) -> str:
    return " ".join((hit.document.title, *hit.chunk.headings))


def _places(unit: Unit) -> list[tuple[int, Span]]:
    shift = unit.source.start
    return [(unit.hit, Span(span.start + shift, span.end + shift)) for span in unit.region.spans]


def read(question: str, hits: Sequence[Hit], draft: Draft, extractor: Extractor, least: Thresholds) -> Draft:
    """Quote what answers, if that is as sure as `least.alone`; what is as sure as `least.answer` is the
    fallback else.
    """
    if not hits or draft.reason:
        return draft
    started = perf_counter()
    found = extractor.extract(question, hits)
    confidence, parts = found.confidence(least.answer), found.parts(least.answer)
    quoted = extractor.claims(found, hits, least.answer)
    alone = least.alone <= least.answer  # nobody else could answer what is missing
    least_sure = min((one.confidence for one in found.found if not alone), default=confidence)
    taken = bool(quoted) and least_sure >= least.alone
    why = None if taken else "low_confidence" if confidence >= _NOTHING_THERE else "no_relevant_passage"
    step = Step("reader", extractor.reader.info.name, confidence, taken, why)
    answered = replace(
        draft,
        claims=quoted if taken else (),
        fallback=quoted,
        confidence=confidence,
        near=found.near,
        parts=parts,
        reason=why,
    )
    return answered.stepped(step).timed("read", started)


def unread(draft: Draft, reader: str) -> Draft:
    """Nothing is quoted for a question in a language that the reader cannot read, and the route says so."""
    step = Step("reader", reader, None, False, UNSUPPORTED_LANGUAGE)
    return replace(draft, reason=UNSUPPORTED_LANGUAGE).stepped(step)


def fall_back(
    question: str, hits: Sequence[Hit], draft: Draft, extractor: Extractor, least: Thresholds
) -> Draft:
    """Take what can be quoted where the LLM did not answer, and say so."""
    found = draft
    if not any(step.step == "reader" for step in draft.route):
        unread = replace(draft, reason=None)
        found = read(question, hits, unread, extractor, Thresholds(least.answer, least.answer))
    if found.claims or not found.fallback:
        return found
    step = Step("reader", extractor.reader.info.name, found.route[0].confidence, True, "fallback")
    return replace(found, claims=found.fallback, reason=None).stepped(step)


def claims_of(unit: Unit, hits: Sequence[Hit], text_of: TextOf | None) -> tuple[Claim, ...]:
    """The claims that quote a part."""
    hit = hits[unit.hit]
    if unit.region.kind == "row":
        return (_row_claim(hit, unit.hit, unit.source, unit.region.spans[0], text_of),)
    return _claims(hit, unit.hit, unit.source, unit.region, whole=unit.whole)


def _claims(hit: Hit, passage: int, source: Source, found: Region, whole: bool) -> tuple[Claim, ...]:
    """A claim for each span, with a footnote each; a whole list, or lines, with one for all of them."""
    block = Span(found.spans[0].start, found.spans[-1].end)
    claims: list[Claim] = []
    for n, span in enumerate(found.spans):
        text = _flat(source.text[span.start : span.end], bullets=whole)
        cited = block if found.kind == "lines" or (whole and found.kind == "list") else span
        anchor = _anchor(hit, passage, source, cited, end_offset(text))
        lead = _lead(source, found, n, bullets=whole) if n else ""
        claims.append(Claim(lead, text, (anchor,), quoted=True))
    return tuple(claims)


def _lead(source: Source, found: Region, n: int, *, bullets: bool) -> str:
    """A sentence follows the one before it in line, as the first item does without its bullet; another one,
    or what follows something without a full stop, starts a line.
    """
    before = source.text[found.spans[n - 1].start : found.spans[n - 1].end]
    if found.kind == "list":
        return " " if n == 1 and not bullets and before.endswith(":") else "\n"
    flows = found.kind == "sentences" and end_offset(before) < len(before) and not before.endswith(":")
    return " " if flows else "\n"


def _anchor(hit: Hit, passage: int, source: Source, span: Span, offset: int) -> Anchor:
    start, end = source.start + span.start, source.start + span.end
    inside = hit.chunk.start <= start and end <= hit.chunk.end
    return Anchor(offset, passage, start, end, None if inside else source.text[span.start : span.end])


def _flat(text: str, *, bullets: bool = False) -> str:
    """One line; without `bullets` none, nor number or hashes, in front."""
    return " ".join((text if bullets else _CUT_BULLET.sub("", text.lstrip())).split())


def _row_claim(hit: Hit, passage: int, source: Source, row: Span, text_of: TextOf | None) -> Claim:
    """`Column: cell` for each filled cell, with footnotes on header and row; a row without a header
    as it stands.
    """
    words = source.text[row.start : row.end]
    header = row_header(hit, source, row, text_of)
    if header is None:
        text = _flat(words)
        return Claim("", text, (_anchor(hit, passage, source, row, end_offset(text)),), quoted=True)
    pairs = zip(header.names, cells(words), strict=True)
    line = "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
    end = end_offset(line)
    above = Anchor(end, passage, header.span.start, header.span.end, header.quote)
    return Claim("", line, (above, _anchor(hit, passage, source, row, end)), quoted=True)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of `passage` (an index), and the probability that it carries evidence for the question."""

    passage: int
    start: int
    end: int
    probability: float


def evidence_of(result: ReadResult, passages: Sequence[str], least: float = 0.5) -> list[Evidence]:
    """The sentences with at least that probability over all passages, best first; [] from a reader that
    gives no evidence.
    """
    found = [
        Evidence(index, span.start, span.end, probability)
        for index, (text, tokens) in enumerate(zip(passages, result.evidence, strict=False))
        for span, probability in sentence_evidence(text, tokens)
        if probability >= least
    ]
    return sorted(found, key=lambda one: -one.probability)


def sentence_evidence(text: str, tokens: Sequence[EvidenceToken]) -> list[tuple[Span, float]]:
    """Each sentence of the text in order with its probability: that of its tokens' mean logit, 0 for one
    without tokens. They are in the text's order.
    """
    found, place = [], 0
    for span in split_sentences(text):
        while place < len(tokens) and tokens[place].start < span.start:
            place += 1
        first = place
        while place < len(tokens) and tokens[place].start < span.end:
            place += 1
        logits = [token.logit for token in tokens[first:place]]
        found.append((span, 1 / (1 + exp(-sum(logits) / len(logits))) if logits else 0.0))
    return found
