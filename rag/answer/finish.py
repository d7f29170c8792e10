"""The finished answer: claims laid out as one text with numbered, offset-true footnotes.

A quote is always read from the store's own text; nothing that a generator wrote ends up in a footnote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from rag.answer.draft import Anchor, Claim, Draft
from rag.types import Answer, AnswerPart, Citation, Closest, Hit, Sentence, Span, Step, Usage, Verdict

Place = tuple[int, int, int, str | None]
"""What makes a footnote: hit, start, end, and the text where the chunk does not hold it."""


@dataclass(frozen=True, slots=True)
class Cited:
    """The finished text with everything that points into it."""

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]


NOT_FOUND = "Not found: "
"""Stands behind an answer in front of each of the questions in the question that it does not answer."""
CLOSEST = 3
"""Passages shown where nothing answers surely enough."""


def finish(draft: Draft, hits: tuple[Hit, ...], k: int, started: float) -> Answer:
    """Number the footnotes, count the time; a draft without claims becomes an abstention with its reason and
    the closest passages. What a part of the question was not answered is said behind the answer. The first k
    hits go along, and what is cited beyond them.
    """
    cited = assemble(draft.claims, hits)
    abstained = not cited.sentences
    parts = parts_of(draft) if draft.written is None else ()
    missing = [] if abstained else [f"\n{NOT_FOUND}{one.question}" for one in parts if not one.answered]
    last = max((anchor.hit for claim in draft.claims for anchor in claim.anchors), default=-1)
    reason = (draft.reason or "no_relevant_passage") if abstained else None
    timings = {**draft.timings, "total": (perf_counter() - started) * 1000}
    return Answer(
        text="".join([cited.text, *missing]),
        sentences=cited.sentences,
        citations=cited.citations,
        hits=hits[: max(k, last + 1)],
        abstained=abstained,
        reason=reason,
        route=draft.route or (_nothing_found(reason),),
        usage=draft.usage,
        timings=timings,
        confidence=draft.confidence if all(claim.quoted for claim in draft.claims) else None,
        closest=closest(draft, hits) if abstained else (),
        parts=parts,
    )


def parts_of(draft: Draft) -> tuple[AnswerPart, ...]:
    """The questions in the question, each with the claims that are left to answer it."""
    said = [
        tuple(n for n, claim in enumerate(draft.claims) if number in claim.parts)
        for number in range(len(draft.parts))
    ]
    return tuple(
        AnswerPart(part.question, part.answered and bool(sentences), part.confidence, sentences)
        for part, sentences in zip(draft.parts, said, strict=True)
    )


def closest(draft: Draft, hits: Sequence[Hit]) -> tuple[Closest, ...]:
    """The passages with the parts that came nearest, the first passages where nothing was sought in them."""
    places: dict[int, list[Span]] = {}
    for hit, span in draft.near:
        places.setdefault(hit, []).append(span)
    found = places or {n: [] for n in range(len(hits))}
    return tuple(Closest(hits[n], tuple(spans)) for n, spans in list(found.items())[:CLOSEST])


def abstention(reason: str, started: float) -> Answer:
    """An abstention before anything was searched."""
    timings = {"total": (perf_counter() - started) * 1000}
    return Answer("", (), (), (), True, reason, (_nothing_found(reason),), Usage(), timings)


def _nothing_found(reason: str | None) -> Step:
    return Step("retrieve", "", None, False, reason)


def assemble(claims: Sequence[Claim], hits: Sequence[Hit]) -> Cited:
    """Number the footnotes 1..n in order of first use and lay the claims out as one text.

    Each distinct (chunk, span) is one footnote; `Sentence.start` and `end` include the markers.
    """
    numbers: dict[Place, int] = {}
    text = ""
    sentences: list[Sentence] = []
    for claim in claims:
        text += claim.lead if text else ""
        start = len(text)
        sentence, verdict = _numbered(claim, numbers)
        text += sentence
        used = tuple(dict.fromkeys(numbers[_place(anchor)] for anchor in _in_order(claim)))
        sentences.append(Sentence(sentence, start, len(text), used, verdict))
    citations = tuple(_citation(number, place, hits) for place, number in numbers.items())
    return Cited(text, tuple(sentences), citations)


def _place(anchor: Anchor) -> Place:
    return anchor.hit, anchor.start, anchor.end, anchor.quote


def _in_order(claim: Claim) -> list[Anchor]:
    return sorted(claim.anchors, key=lambda anchor: anchor.offset)


def _numbered(claim: Claim, numbers: dict[Place, int]) -> tuple[str, Verdict | None]:
    """The claim's text with its markers set, and its verdict moved along; new footnotes join `numbers`."""
    text, position = "", 0
    verdict = claim.verdict
    for anchor in _in_order(claim):
        number = numbers.setdefault(_place(anchor), len(numbers) + 1)
        text += claim.text[position : anchor.offset]
        position = anchor.offset
        marker = f"[{number}]" if not text or text[-1].isspace() or text.endswith("]") else f" [{number}]"
        verdict = _moved(verdict, len(text), len(marker))
        text += marker
    return text + claim.text[position:], verdict


def _moved(verdict: Verdict | None, at: int, by: int) -> Verdict | None:
    """The verdict with its unsupported spans moved behind something inserted into the sentence."""
    if verdict is None or not verdict.unsupported_spans:
        return verdict
    spans = (
        Span(s.start + by if s.start >= at else s.start, s.end + by if s.end > at else s.end)
        for s in verdict.unsupported_spans
    )
    return replace(verdict, unsupported_spans=tuple(spans))


def _citation(number: int, place: Place, hits: Sequence[Hit]) -> Citation:
    index, start, end, quote = place
    chunk, document = hits[index].chunk, hits[index].document
    return Citation(
        marker=number,
        document_id=document.id,
        chunk_id=chunk.id,
        source=document.source,
        title=document.title,
        start=start,
        end=end,
        quote=chunk.text[start - chunk.start : end - chunk.start] if quote is None else quote,
        page=page_of(hits[index], start),
        headings=chunk.headings,
    )


def page_of(hit: Hit, offset: int) -> int | None:
    """The page that holds this offset of the document's text; the chunk's own where pages are not known."""
    pages = (page.number for page in hit.document.pages if page.start <= offset < page.end)
    return next(pages, hit.chunk.page)
