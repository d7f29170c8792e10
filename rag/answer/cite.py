"""Citations: an LLM's markers become exact spans, and finished claims become numbered, offset-true sentences.

A quote is always read from the store's own text; nothing that a generator wrote ends up in a footnote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer.flow import Anchor, Claim
from rag.text.sentences import MARKER, split_sentences
from rag.text.stop_words import QUOTING_STOP_WORDS
from rag.types import Citation, Hit, Sentence, Span, Verdict

_NAME = r"(?:passages?|sources?|documents?|docs?|refs?\.?)"
_NAMED = rf"\[\s*{_NAME}\s*:?\s*\d+(?:\s*(?:,|and|&)\s*(?:{_NAME}\s*)?\d+)*\s*\]"
_MARKER = re.compile(rf"(?:{MARKER}|{_NAMED})(?:\(\S{{0,500}}?\))?", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\s*[-–]\s*\d+)?")
_LIST_TITLE = re.compile(
    r"[#*_ \t]*(?:sources?|references?|citations?|footnotes?)[*_ \t]*:?[*_ \t]*", re.IGNORECASE
)
_LIST_ITEM = re.compile(r"\s*[-*]?\s*(?:\[|【|\d+\.)")
_DEFINITION = re.compile(r"^[ \t]*\[\^\d+\]:.*$", re.MULTILINE)
_FULL_STOP = re.compile(r"[.!?…。！？:]+\Z")
_LONGEST_RANGE = 20

Place = tuple[int, int, int, str | None]
"""What makes a footnote: hit, start, end, and the text where the chunk does not hold it."""


@dataclass(frozen=True, slots=True)
class Cited:
    """The finished text with everything that points into it."""

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]


def claims_from(written: str, hits: Sequence[Hit]) -> tuple[Claim, ...]:
    """Cut an LLM's text into claims; its markers 1..len(hits) become anchors, any other marker is dropped.

    A marker's quote is the part of the passage that the sentence leans on (see overlap.support_span).
    """
    text = _DEFINITION.sub("", _without_source_list(written)).strip()
    claims: list[Claim] = []
    position = 0
    for span in split_sentences(text):
        claim = _claim(text[position : span.start], text[span.start : span.end], hits)
        position = span.end
        if claim.text or not claims:
            claims.append(claim)
        else:
            claims[-1] = _append(claims[-1], claim)
    return tuple(claim for claim in claims if claim.text)


def _without_source_list(written: str) -> str:
    """The text without a closing list of sources: the footnotes are ours to write."""
    lines = written.rstrip().splitlines()
    items = 0
    while items < len(lines) and (not lines[-1 - items].strip() or _LIST_ITEM.match(lines[-1 - items])):
        items += 1
    titled = 0 < items < len(lines) and _LIST_TITLE.fullmatch(lines[-1 - items])
    return "\n".join(lines[: -1 - items]) if titled else written


def _claim(lead: str, sentence: str, hits: Sequence[Hit]) -> Claim:
    text, marks = strip_markers(sentence)
    anchors = [
        _anchor(text, offset, number - 1, hits) for offset, number in marks if 1 <= number <= len(hits)
    ]
    return Claim(lead, text, tuple(dict.fromkeys(anchors)))


def _anchor(text: str, offset: int, hit: int, hits: Sequence[Hit]) -> Anchor:
    chunk = hits[hit].chunk
    span = support_span(text, chunk.text)
    return Anchor(offset, hit, chunk.start + span.start, chunk.start + span.end)


def _append(claim: Claim, markers: Claim) -> Claim:
    """Give the anchors of a line that holds nothing but markers to the claim before it."""
    moved = (replace(anchor, offset=end_offset(claim.text)) for anchor in markers.anchors)
    return replace(claim, anchors=tuple(dict.fromkeys((*claim.anchors, *moved))))


def end_offset(text: str) -> int:
    """Where a marker at the end of a sentence stands: in front of its full stop or colon."""
    match = _FULL_STOP.search(text)
    return match.start() if match and match.start() else len(text)


def strip_markers(sentence: str) -> tuple[str, list[tuple[int, int]]]:
    """The sentence without markers, and (offset in it, marker number) for each; code is left alone."""
    kept = ""
    marks: list[tuple[int, int]] = []
    position = 0
    for match in _markers(sentence):
        kept += sentence[position : match.start()]
        position = match.end()
        if not kept or sentence[position : position + 1] in ("", " ", "\t", "\n", *".,;:!?)[【"):
            kept = kept.rstrip(" \t")
        if not kept:
            position += len(sentence[position:]) - len(sentence[position:].lstrip())
        marks += [(len(kept), number) for number in marker_numbers(match[0])]
    text = kept + sentence[position:]
    return text, [
        (offset if 0 < offset < len(text) else end_offset(text), number) for offset, number in marks
    ]


def blank_markers(sentence: str) -> str:
    """The sentence with white space in place of its markers: what a checker reads, with offsets kept."""
    for match in list(_markers(sentence)):
        sentence = sentence[: match.start()] + " " * len(match[0]) + sentence[match.end() :]
    return sentence


def _markers(sentence: str) -> Iterator[re.Match[str]]:
    code = [match.span() for match in _CODE.finditer(sentence)]
    for match in _MARKER.finditer(sentence):
        if not any(start <= match.start() < end for start, end in code):
            yield match


def marker_numbers(marker: str) -> list[int]:
    """The numbers of one marker: `[1, 3]`, `[1-3]`, `[^2]`, `【1†source】`, `[passage 2]`."""
    inner = marker.split("†")[0].split("](")[0]
    numbers: list[int] = []
    for part in _NUMBER.findall(inner):
        first, *rest = (int(number) for number in re.findall(r"\d+", part)[:2])
        last = rest[0] if rest else first
        numbers += range(first, min(last, first + _LONGEST_RANGE) + 1) if last >= first else (first, last)
    return numbers


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


_WORD = re.compile(r"\w+(?:[.,]\d+)*")
_SECOND_SENTENCE_GAIN = 0.34
"""How much more of the claim two neighbouring sentences must cover before both are quoted."""


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in lower case and without a plural s."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(_singular(word) for word in words if word not in QUOTING_STOP_WORDS)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def coverage(claim: frozenset[str], words: frozenset[str]) -> float:
    """Share of the claim's words that `words` holds, 0 to 1."""
    return len(claim & words) / len(claim) if claim else 0.0


def support_span(claim: str, passage: str) -> Span:
    """The sentence of `passage` that shares most words with `claim`, or two neighbours where that tells more.

    The whole passage (trimmed) where no sentence shares any word.
    """
    wanted = content_words(claim)
    sentences = split_sentences(passage)
    words = [content_words(passage[s.start : s.end]) for s in sentences]
    scores = [coverage(wanted, w) - 0.001 * len(w) for w in words]
    if not scores or max(scores) <= 0:
        return Span(len(passage) - len(passage.lstrip()), len(passage.rstrip()))
    best = scores.index(max(scores))
    pairs = [
        (coverage(wanted, words[n] | words[best]), n) for n in (best - 1, best + 1) if 0 <= n < len(words)
    ]
    gain, neighbour = max(pairs, default=(0.0, best))
    if gain < coverage(wanted, words[best]) + _SECOND_SENTENCE_GAIN:
        neighbour = best
    return Span(sentences[min(best, neighbour)].start, sentences[max(best, neighbour)].end)
