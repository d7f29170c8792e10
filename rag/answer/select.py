"""Which parts of the passages answer a question: cut at their natural borders, scored, the best chosen.

A part is a region (`rag.answer.region`) around a sentence, an item or a row. The encoder says how near it is
to the question, word for word too; the reader what in it is evidence. The weights of both are fitted
(`lab.recipes.answers`), on questions over texts that are kept for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.answer.question import Shape
from rag.answer.region import Region, lines_around, region
from rag.answer.tables import Header, TextOf, header_of, in_chunk
from rag.models.late import maxsim
from rag.models.ranking import bm25
from rag.models.reader import logistic
from rag.models.types import Encoder, Floats, ReadResult
from rag.search.rerank import standardised
from rag.text.rows import is_row
from rag.text.sentences import split_sentences
from rag.text.words import content_words, stem
from rag.types import Hit, Span

PARTS = 20
"""Parts that the encoder looks at: the best by words and by their passage's place."""
MOST = 5
WORDS = 110
GAP = 2.5
"""Most parts of an answer, the words from which on no further one is added, and how far behind the best one's
score the last one's may be: the less sure the order, the more is quoted (docs/log.md, 2026-12-01).
"""
PARAGRAPH = 450
"""Characters of a paragraph that is quoted as a whole around a sentence that answers."""
WHOLE: frozenset[Shape] = frozenset({"steps", "list", "keywords"})
"""Questions for which a list is quoted as a whole."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text that is quoted from, and where it begins in the document's text."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a hit (an index): its region in `source`, its words with those of a row's header, the title
    and headings above; whether it is a whole list where it is one.
    """

    hit: int
    source: Source
    region: Region
    text: str
    above: str
    whole: bool = False


MayAnswer = Callable[[Unit], bool]
"""Whether a part may be quoted at all."""


def _anything(unit: Unit) -> bool:
    return True


def source_of(hit: Hit, text_of: TextOf | None) -> Source:
    """The document's text, or that of the chunk where it is not to be had."""
    text = text_of(hit.chunk.document_id) if text_of else ""
    whole = text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
    return Source(text, 0) if whole else Source(hit.chunk.text, hit.chunk.start)


def units_of(shape: Shape, hits: Sequence[Hit], text_of: TextOf | None) -> list[Unit]:
    """Every part of the hits once, in their order; no headings."""
    found: list[Unit] = []
    seen: set[tuple[str, tuple[Span, ...]]] = set()
    for index, hit in enumerate(hits):
        source = source_of(hit, text_of)
        shift = hit.chunk.start - source.start
        headings = {hit.document.title, *hit.chunk.headings}
        above = " › ".join(dict.fromkeys(name for name in (hit.document.title, *hit.chunk.headings) if name))
        lines = lines_around(source.text, Span(shift, shift + len(hit.chunk.text)))
        for sentence in split_sentences(hit.chunk.text):
            place = Span(sentence.start + shift, sentence.end + shift)
            if is_heading(source.text, place, headings):
                continue
            part = region(source.text, place, whole=shape in WHOLE, headings=headings, lines=lines)
            key = (hit.chunk.document_id, part.spans)
            if key not in seen:
                seen.add(key)
                words = _words(hit, source, part, text_of)
                found.append(Unit(index, source, part, words, above, shape in WHOLE))
    return found


def is_heading(text: str, place: Span, known: Collection[str] = ()) -> bool:
    """Whether a sentence is a heading: a known one, or a short line on its own without an end mark, with text
    below it.
    """
    words = text[place.start : place.end]
    if words.strip() in known:
        return True
    if len(words) > 70 or "\n" in words or is_row(words) or words.rstrip("\"'”’)*_`")[-1:] in ".!?:;…,。":
        return False
    start, end = text.rfind("\n", 0, place.start) + 1, text.find("\n", place.end)
    alone = (
        text[start : place.start].strip() == "" and text[place.end : end if end >= 0 else None].strip() == ""
    )
    below = text[end:][:3].startswith("\n\n") and text[end:].strip() != "" if end >= 0 else False
    return alone and below and words[:1] not in "-*+•" and not words[:1].isdigit()


def _words(hit: Hit, source: Source, part: Region, text_of: TextOf | None) -> str:
    text = "\n".join(source.text[span.start : span.end] for span in part.spans)
    if part.kind != "row":
        return text
    header = row_header(hit, source, part.spans[0], text_of)
    return f"{' | '.join(header.names)}\n{text}" if header else text


def row_header(hit: Hit, source: Source, row: Span, text_of: TextOf | None) -> Header | None:
    """The header above a row (a span in `source`) of the hit's chunk; None for a row outside of it."""
    place = Span(source.start + row.start, source.start + row.end)
    inside = hit.chunk.start <= place.start and place.end <= hit.chunk.end
    return header_of(place, hit.chunk, text_of) if inside else None


FEATURES = ("dense", "late", "words", "passage", "evidence", "relevance", "span")
"""What is known of a part: cosine and MaxSim of its vectors with the question's, BM25 among the parts, its
passage's score; the reader's mean logit of evidence on it, its passage's relevance, the best span's
probability. The first four are standardised over the parts.
"""


def preselected(question: str, units: Sequence[Unit], hits: Sequence[Hit], most: int = PARTS) -> list[Unit]:
    """The parts that are worth the encoder's look: the best by words and by their passage's score."""
    if len(units) <= most:
        return list(units)
    score = standardised(_lexical(question, units)) + standardised(_passages(units, hits))
    kept = sorted(np.argsort(-score, kind="stable")[:most].tolist())
    return [units[n] for n in kept]


@dataclass(frozen=True, slots=True)
class Scored:
    """Parts with their features [n, len(FEATURES)], and before standardising their cosine and MaxSim [n]."""

    units: tuple[Unit, ...]
    features: Floats
    dense: Floats
    late: Floats


def scored(
    question: str, units: Sequence[Unit], hits: Sequence[Hit], encoder: Encoder, result: ReadResult | None
) -> Scored:
    """The parts' features; the reader's are 0 where `result`, of `passage(hit)` each, is None."""
    asked = encoder.encode_queries([question])[0]
    found = encoder.encode_passages([f"{unit.above}\n{unit.text}" for unit in units])
    dense = np.array([float(asked.dense @ one.dense) for one in found], np.float32)
    late = np.zeros(len(units), np.float32)
    if asked.tokens is not None:
        late = maxsim(asked.tokens, [one.tokens or b"" for one in found])
    passages = np.array(_passages(units, hits), np.float32)
    near = [standardised(one) for one in (dense, late, _lexical(question, units), passages)]
    read = np.array([_read(unit, hits[unit.hit], result) for unit in units], np.float32)
    columns = np.column_stack([*near, read.reshape(len(units), 3)])
    return Scored(tuple(units), columns.astype(np.float32), dense, late)


PART_WEIGHTS = (0.59, 0.65, 0.0, 0.39, 0.25, 0.1, 1.77)
"""Of FEATURES: half-way between the fit and cosine and MaxSim alike. The fit finds more of Wikipedia's short
answers and less of what other documents say (docs/log.md, 2026-12-01).
"""
CONFIDENCE = ("dense", "late", "said", "unsaid", "presence", "span", "relevance", "evidence")
"""What tells whether the chosen parts answer: the best one's cosine and MaxSim; the share of the question's
words that they hold, and of those that no passage holds; the reader's probability of an answer, its best
span's in the parts, their best relevance and evidence. None depends on how many parts there are.
"""
CONFIDENCE_WEIGHTS = (0.893, 0.0, 0.0, -0.491, 0.0, 1.959, 0.0, 0.073, -0.987)
"""Of CONFIDENCE, and the intercept; those that pull the wrong way beside the others are 0, and MaxSim is left
out, which not every encoder has.
"""
ACCURACIES = (0.0, 0.55, 0.6, 0.7, 0.8, 1.0)
THRESHOLDS = (0.0, 0.128, 0.313, 0.626, 0.781, 1.0)
"""From which confidence on so many answers were right, on the questions that each fit left out."""


def threshold(accuracy: float) -> float:
    """The least confidence so that a share of `accuracy` of what is answered is right; between the fitted
    accuracies, linearly.
    """
    return float(np.interp(accuracy, ACCURACIES, THRESHOLDS))


@dataclass(frozen=True, slots=True)
class Selected:
    """The chosen parts, best first, the probability that they answer, and what that is made of."""

    units: tuple[Unit, ...]
    confidence: float
    signals: tuple[float, ...]


def select(
    question: str,
    shape: Shape,
    hits: Sequence[Hit],
    encoder: Encoder,
    result: ReadResult,
    text_of: TextOf | None,
    most: int = MOST,
    words: int = WORDS,
    may_answer: MayAnswer = _anything,
) -> Selected:
    """The parts of the hits that answer, of those that may; `result` is the reader's, of `passage(hit)`
    each.
    """
    possible = [unit for unit in units_of(shape, hits, text_of) if may_answer(unit)]
    units = preselected(question, possible, hits)
    if not units:
        return Selected((), 0.0, ())
    found = scored(question, units, hits, encoder, result)
    scores = found.features @ np.array(PART_WEIGHTS, np.float32)
    kept = pointed(shape, found, scores) or chosen(
        units,
        scores.tolist(),
        hits,
        most,
        words,
        paragraphs=shape not in POINTED,
        may_answer=may_answer,
    )
    signals = signals_of(question, found, scores, kept, hits, result)
    return Selected(tuple(kept), logistic(np.array(CONFIDENCE_WEIGHTS), signals), signals)


POINTED: frozenset[Shape] = frozenset({"value", "choice"})
_SURE = 0.5


def pointed(shape: Shape, found: Scored, scores: Floats) -> list[Unit]:
    """The best part alone, where a value or a side is asked for and the reader surely finds it there."""
    best = int(np.argmax(scores))
    sure = float(found.features[best, FEATURES.index("span")]) >= _SURE
    return [found.units[best]] if shape in POINTED and sure else []


def signals_of(
    question: str,
    found: Scored,
    scores: Floats,
    kept: Sequence[Unit],
    hits: Sequence[Hit],
    result: ReadResult,
) -> tuple[float, ...]:
    """The values of CONFIDENCE for the chosen parts."""
    best = int(np.argmax(scores))
    asked = frozenset(map(stem, map(str.lower, content_words(question))))
    said = _stems(f"{unit.above} {unit.text}" for unit in kept)
    there = _stems(f"{hit.document.title} {' '.join(hit.chunk.headings)} {hit.chunk.text}" for hit in hits)
    taken = [
        n for n, unit in enumerate(found.units) if any(unit.hit == k.hit and _same(unit, k) for k in kept)
    ]
    read = found.features[taken or [best]][:, 4:]
    return (
        float(found.dense[best]),
        float(found.late[best]),
        len(asked & said) / max(1, len(asked)),
        len(asked - there) / max(1, len(asked)),
        1 - result.no_answer_probability,
        float(read[:, 2].max()),
        float(read[:, 1].max()),
        float(read[:, 0].max()),
    )


def _same(unit: Unit, kept: Unit) -> bool:
    return any(_shares(one, other) for one in unit.region.spans for other in kept.region.spans)


def _stems(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(stem(word.lower()) for text in texts for word in content_words(text))


def _lexical(question: str, units: Sequence[Unit]) -> Floats:
    return bm25(question, [f"{unit.above} {unit.text}" for unit in units])


def _passages(units: Sequence[Unit], hits: Sequence[Hit]) -> list[float]:
    return [hits[unit.hit].score for unit in units]


def _read(unit: Unit, hit: Hit, result: ReadResult | None) -> tuple[float, float, float]:
    """The reader's features of a part."""
    if result is None:
        return 0.0, 0.0, 0.0
    shift = hit.chunk.start - unit.source.start
    spans = [Span(span.start - shift, span.end - shift) for span in unit.region.spans]
    tokens = result.evidence[unit.hit] if result.evidence else ()
    logits = [
        token.logit
        for token in tokens
        if (place := in_chunk(hit, token.start, token.end)) and any(_shares(place, span) for span in spans)
    ]
    best = 0.0
    for reading in result.readings:
        place = in_chunk(hit, reading.start, reading.end) if reading.passage == unit.hit else None
        if place and any(_shares(place, span) for span in spans):
            best = max(best, reading.probability)
    return float(np.mean(logits)) if logits else -6.0, result.relevance[unit.hit], best


def _shares(one: Span, other: Span) -> bool:
    return one.start < other.end and one.end > other.start


def chosen(
    units: Sequence[Unit],
    scores: Sequence[float],
    hits: Sequence[Hit],
    most: int = MOST,
    words: int = WORDS,
    *,
    paragraphs: bool = True,
    may_answer: MayAnswer = _anything,
) -> list[Unit]:
    """The best parts, at most `most` and about `words` words, none of whose text is there already; the best
    one alone where it is the list that was asked for. With `paragraphs` a sentence comes with the rest of its
    paragraph, where that is short, but for sentences that may not answer.
    """
    kept: list[Unit] = []
    used = 0
    order = np.argsort(-np.asarray(scores), kind="stable").tolist()
    for n in order:
        if kept and (scores[n] < scores[order[0]] - GAP or _is_list(kept[0])):
            break
        unit = _with_paragraph(units[n], may_answer) if paragraphs else units[n]
        spans = tuple(s for s in unit.region.spans if not any(_quotes(one, unit, s, hits) for one in kept))
        size = sum(len(unit.source.text[s.start : s.end].split()) for s in spans)
        if not spans or (kept and used + size > words):
            continue
        kept.append(replace(unit, region=replace(unit.region, spans=spans)))
        used += size
        if len(kept) == most:
            break
    return kept


def _sentence(unit: Unit, span: Span) -> Unit:
    """Another sentence of a part's text as a part of its own."""
    text = unit.source.text[span.start : span.end]
    return replace(unit, region=Region((span,), "sentences"), text=text)


def _is_list(unit: Unit) -> bool:
    """Whether a part is a list as a whole, with what introduces it: it needs nothing beside it."""
    return unit.whole and unit.region.kind == "list" and len(unit.region.spans) > 2


def _quotes(kept: Unit, unit: Unit, span: Span, hits: Sequence[Hit]) -> bool:
    """Whether a part that is kept quotes this span of its document too."""
    if hits[kept.hit].chunk.document_id != hits[unit.hit].chunk.document_id:
        return False
    place = Span(span.start + unit.source.start, span.end + unit.source.start)
    there = (Span(s.start + kept.source.start, s.end + kept.source.start) for s in kept.region.spans)
    return any(_shares(place, one) for one in there)


def is_quoted(unit: Unit, kept: Unit, hits: Sequence[Hit]) -> bool:
    """Whether a part that is kept quotes all of this one."""
    return all(_quotes(kept, unit, span, hits) for span in unit.region.spans)


def _with_paragraph(unit: Unit, may_answer: MayAnswer) -> Unit:
    """The part with the other sentences of its paragraph that may answer, where that is short."""
    if unit.region.kind != "sentences":
        return unit
    text, first, last = unit.source.text, unit.region.spans[0], unit.region.spans[-1]
    start = text.rfind("\n\n", 0, first.start)
    end = text.find("\n\n", last.end)
    start, end = start + 2 if start >= 0 else 0, end if end >= 0 else len(text)
    if end - start > PARAGRAPH or any("\n" in text[s.start : s.end] for s in unit.region.spans):
        return unit
    block = text[start:end]
    spans = [Span(start + s.start, start + s.end) for s in split_sentences(block)]
    if "\n" in block.strip() and any(is_row(line) for line in block.split("\n")):
        return unit
    own = unit.region.spans
    spans = [
        s
        for s in spans
        if not is_heading(text, s) and (any(_shares(s, one) for one in own) or may_answer(_sentence(unit, s)))
    ]
    inside = all(any(_shares(s, one) for one in spans) for s in unit.region.spans)
    return replace(unit, region=Region(tuple(spans), "sentences")) if spans and inside else unit
