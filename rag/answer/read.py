"""The extractive answer: sentences of a passage, quoted, with a footnote each. Nothing here composes text.

A table row is quoted with its header, cell by cell, a list item behind the line that introduces the list, a
sentence that leans on the one before it ("It was built in 1974.") behind that one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from time import perf_counter

from rag.answer.cite import end_offset
from rag.answer.draft import Anchor, Claim, Draft
from rag.answer.tables import Header, TextOf, cells, header_of, in_chunk, is_row, passage
from rag.models.types import EvidenceToken, Reader, Reading, ReadResult
from rag.text.sentences import split_sentences
from rag.types import Hit, Span, Step

MOST_SENTENCES = 3
_LONGEST_QUOTE = 500
EVIDENCE = 0.7
"""From which probability on another sentence of the passage is quoted too: less finds more, and also what
is only like the answer (docs/log.md, 2026-11-21).
"""
_BULLET = re.compile(r"(?:[-*+•‣◦–]|\(?\d{1,3}[.)])\s+")
_CUT_BULLET = re.compile(r"^(?:[-*+•‣◦]|#{1,6}|\(?\d{1,3}[.)])\s+")
_LEANS = re.compile(
    r"(?:it|its|they|their|them|he|his|she|her|this|these|those|that|such|both)\b", re.IGNORECASE
)
_NOTHING_THERE = 0.9
"""From this probability on that no passage answers, the reason is that none is relevant."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least calibrated probability of the reader to answer at all, and to answer where an LLM could."""

    answer: float
    alone: float


def read(
    question: str,
    hits: Sequence[Hit],
    draft: Draft,
    reader: Reader,
    least: Thresholds,
    text_of: TextOf | None = None,
) -> Draft:
    """Let the reader answer, if it is as sure as `least.alone`; what it can quote is the fallback else."""
    if not hits or draft.reason:
        return draft
    started = perf_counter()
    result = reader.read(question, [passage(hit) for hit in hits])
    quoted = quote_answer(result, hits, least.answer, text_of)
    best = best_reading(result, hits)
    confidence = best.probability if best else 0.0
    taken = bool(quoted) and confidence >= least.alone
    why = None if taken else _why_not(result.no_answer_probability)
    step = Step("reader", reader.info.name, confidence, taken, why)
    answered = replace(draft, claims=quoted if taken else (), fallback=quoted, reason=why)
    return answered.stepped(step).timed("read", started)


def _why_not(no_answer_probability: float) -> str:
    return "no_relevant_passage" if no_answer_probability >= _NOTHING_THERE else "low_confidence"


def fall_back(
    question: str,
    hits: Sequence[Hit],
    draft: Draft,
    reader: Reader,
    least: Thresholds,
    text_of: TextOf | None = None,
) -> Draft:
    """Take what the reader can quote where the LLM did not answer, and say so."""
    found = draft
    if not any(step.step == "reader" for step in draft.route):
        unread = replace(draft, reason=None)
        found = read(question, hits, unread, reader, Thresholds(least.answer, least.answer), text_of)
    if found.claims or not found.fallback:
        return found
    step = Step("reader", reader.info.name, found.route[0].confidence, True, "fallback")
    return replace(found, claims=found.fallback, reason=None).stepped(step)


def quote_answer(
    result: ReadResult, hits: Sequence[Hit], threshold: float, text_of: TextOf | None = None
) -> tuple[Claim, ...]:
    """The one to three sentences that hold the best reading; none where its probability is below `threshold`.

    `result` is of `passage(hit)` for each of the hits. `text_of` gives a document's text by its id, for a
    table header that stands in an earlier chunk.
    """
    best = best_reading(result, hits)
    if best is None or best.probability < threshold:
        return ()
    hit = hits[best.passage]
    tokens = result.evidence[best.passage] if result.evidence else ()
    spans = with_evidence(hit, answer_spans(hit.chunk.text, best.start, best.end), tokens)
    claims = [_claim(hit, best.passage, span, text_of) for span in spans]
    return tuple(_with_lead(claim, before) for claim, before in zip(claims, [None, *claims], strict=False))


def with_evidence(hit: Hit, spans: Sequence[Span], tokens: Sequence[EvidenceToken]) -> list[Span]:
    """The quoted spans, and of the other sentences of the chunk those that carry evidence too, in the text's
    order, at most MOST_SENTENCES. Nothing is added to a table's row, nor a row, a heading or the like.
    """
    text = hit.chunk.text
    if any(is_row(text[span.start : span.end]) for span in spans):
        return list(spans)
    likely = sorted(sentence_evidence(text, evidence_in_chunk(hit, tokens)), key=lambda one: -one[1])
    more = [
        sentence
        for sentence, probability in likely
        if probability >= EVIDENCE
        and all(sentence.end <= span.start or sentence.start >= span.end for span in spans)
        and _is_quotable(text[sentence.start : sentence.end])
        and _stands(text, sentence, spans)
    ]
    return sorted([*spans, *more[: MOST_SENTENCES - len(spans)]], key=lambda span: span.start)


def evidence_in_chunk(hit: Hit, tokens: Sequence[EvidenceToken]) -> list[EvidenceToken]:
    """Tokens of `passage(hit)` with offsets in the chunk's text; those in the header are left out."""
    places = ((in_chunk(hit, token.start, token.end), token.logit) for token in tokens)
    return [EvidenceToken(place.start, place.end, logit) for place, logit in places if place is not None]


def _is_quotable(sentence: str) -> bool:
    whole = sentence.rstrip("\"'”’»)*_")[-1:] in (".", "!", "?", "…") or bool(_BULLET.match(sentence))
    return whole and len(sentence) <= _LONGEST_QUOTE and not is_row(sentence)


def _stands(text: str, sentence: Span, spans: Sequence[Span]) -> bool:
    """Whether a sentence can be understood: it leans on none, or on one that is quoted."""
    follows = any(not text[span.end : sentence.start].strip() for span in spans if span.end <= sentence.start)
    return follows or not _LEANS.match(text, sentence.start)


def best_reading(result: ReadResult, hits: Sequence[Hit]) -> Reading | None:
    """The most probable reading that does not lie in a header, with its offsets in the chunk's text."""
    for reading in result.readings:
        span = in_chunk(hits[reading.passage], reading.start, reading.end)
        if span is not None:
            return replace(reading, start=span.start, end=span.end)
    return None


def _with_lead(claim: Claim, before: Claim | None) -> Claim:
    """A sentence follows the one before it in line; something without a full stop starts a line."""
    if before is None:
        return claim
    return replace(claim, lead=" " if end_offset(before.text) < len(before.text) else "\n")


def answer_spans(text: str, start: int, end: int) -> list[Span]:
    """What to quote for an answer at `text[start:end]`: at most MOST_SENTENCES spans, in order."""
    sentences = split_sentences(text)
    touched = [n for n, s in enumerate(sentences) if s.start < end and s.end > start]
    if not touched:
        return [Span(start, end)]
    rows = [n for n in touched if is_row(text[sentences[n].start : sentences[n].end])]
    if rows:
        return [max((sentences[n] for n in rows), key=lambda s: min(s.end, end) - max(s.start, start))]
    before = _needed_before(text, sentences, touched[0])
    wanted = [*([before] if before is not None else []), *touched][:MOST_SENTENCES]
    return [_cut(text, sentences[n], start, end) for n in wanted]


def _needed_before(text: str, sentences: Sequence[Span], first: int) -> int | None:
    """The sentence without which the first one says too little, if there is one."""
    start = sentences[first].start
    if _BULLET.match(text, start):
        return _intro(text, sentences, first)
    if first == 0 or not _LEANS.match(text, start):
        return None
    previous = sentences[first - 1]
    follows = "\n\n" not in text[previous.end : start] and text[previous.end - 1] in ".!?"
    return first - 1 if follows else None


def _intro(text: str, sentences: Sequence[Span], item: int) -> int | None:
    """The line above a list's items, if it ends with a colon."""
    above = (n for n in reversed(range(item)) if not _BULLET.match(text, sentences[n].start))
    intro = next(above, None)
    return intro if intro is not None and text[sentences[intro].end - 1] == ":" else None


def _cut(text: str, sentence: Span, start: int, end: int) -> Span:
    """The sentence, or where it is very long the part of it around the answer."""
    if sentence.end - sentence.start <= _LONGEST_QUOTE:
        return sentence
    return _narrowed(text, sentence, max(start, sentence.start), min(end, sentence.end))


def _narrowed(text: str, whole: Span, start: int, end: int) -> Span:
    """At most _LONGEST_QUOTE characters (or the span itself, if longer) around the span, at word borders."""
    room = max(0, _LONGEST_QUOTE - (end - start)) // 2
    left, right = max(whole.start, start - room), min(whole.end, end + room)
    while whole.start < left < start and not text[left - 1].isspace():
        left += 1
    while end < right < whole.end and not text[right].isspace():
        right -= 1
    piece = text[left:right]
    return Span(left + len(piece) - len(piece.lstrip()), right - len(piece) + len(piece.rstrip()))


def _claim(hit: Hit, passage: int, span: Span, text_of: TextOf | None) -> Claim:
    words = hit.chunk.text[span.start : span.end]
    place = Span(hit.chunk.start + span.start, hit.chunk.start + span.end)
    header = header_of(place, hit.chunk, text_of) if is_row(words) else None
    if header is not None:
        return _row_claim(hit, passage, header, span)
    text = _flat(words)
    return Claim("", text, (_anchor(hit, passage, text, span),), quoted=True)


def _anchor(hit: Hit, passage: int, text: str, span: Span) -> Anchor:
    return Anchor(end_offset(text), passage, hit.chunk.start + span.start, hit.chunk.start + span.end)


def _flat(text: str) -> str:
    """One line, without the bullet, number or hashes in front."""
    return " ".join(_CUT_BULLET.sub("", text).split())


def _row_claim(hit: Hit, passage: int, header: Header, row: Span) -> Claim:
    """`Column: cell` for each filled cell, with footnotes on the header and on the row."""
    pairs = zip(header.names, cells(hit.chunk.text[row.start : row.end]), strict=True)
    line = "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
    end = end_offset(line)
    above = Anchor(end, passage, header.span.start, header.span.end, header.quote)
    return Claim("", line, (above, _anchor(hit, passage, line, row)), quoted=True)


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
