"""Each sentence against the passages it cites; a sentence without a footnote gets one where it earned one.

A sentence that is quoted word for word is supported by what it quotes, with certainty: comparing texts is a
better check than any model's opinion. The checker judges what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answer.cite import blank_markers, end_offset
from rag.answer.flow import Anchor, Claim
from rag.answer.overlap import content_words, coverage, support_span
from rag.answer.sentences import split
from rag.models.types import Checker
from rag.types import CheckPolicy, Evidence, Hit, Sentence, Verdict

_CANDIDATES = 2
"""Passages that are checked for a sentence without a footnote."""
_LEAST_COVERAGE = 0.3
_LEAST_COVERAGE_UNCHECKED = 0.7
"""Share of a sentence's words that a passage must hold, with and without the checker having a say."""
_FEWEST_WORDS = 2
"""A sentence with fewer content words ("Yes.", "Here is what I found:") states nothing to look up."""


def is_statement(text: str) -> bool:
    """Whether a sentence says something that a passage could support."""
    return len(content_words(text)) >= _FEWEST_WORDS and not text.rstrip().endswith((":", "?"))


def attach(claims: Sequence[Claim], hits: Sequence[Hit], checker: Checker | None) -> tuple[Claim, ...]:
    """Give each statement without a footnote the best passage that supports it, or none.

    Words in common propose passages; the checker decides, and without one only a large share of words does.
    """
    return tuple(
        claim if claim.anchors or not is_statement(claim.text) else _attached(claim, hits, checker)
        for claim in claims
    )


def _attached(claim: Claim, hits: Sequence[Hit], checker: Checker | None) -> Claim:
    words = content_words(claim.text)
    shares = {n: coverage(words, content_words(hit.chunk.text)) for n, hit in enumerate(hits)}
    least = _LEAST_COVERAGE if checker else _LEAST_COVERAGE_UNCHECKED
    near = [n for n in sorted(shares, key=lambda n: -shares[n]) if shares[n] >= least][:_CANDIDATES]
    if not near:
        return claim
    if checker is None:
        return _anchored(claim, near[0], hits)
    verdicts = checker.check([claim.text] * len(near), [[hits[n].chunk.text] for n in near])
    support, best = max((verdict.support, -n) for n, verdict in zip(near, verdicts, strict=True))
    verdict = verdicts[near.index(-best)]
    if verdict.label != "supported" or support < verdict.probability:
        return claim
    return replace(_anchored(claim, -best, hits), verdict=_placed(verdict, [-best]))


def _anchored(claim: Claim, hit: int, hits: Sequence[Hit]) -> Claim:
    chunk = hits[hit].chunk
    span = support_span(claim.text, chunk.text)
    anchor = Anchor(end_offset(claim.text), hit, chunk.start + span.start, chunk.start + span.end)
    return replace(claim, anchors=(anchor,))


def check_claims(
    claims: Sequence[Claim], hits: Sequence[Hit], checker: Checker, question: str | None = None
) -> tuple[Claim, ...]:
    """A verdict for every statement that has none yet, against what it cites, or else all passages.

    `Verdict.evidence` then counts in `hits`, with offsets in the passage's text.
    """
    claims = [_by_identity(claim, hits) for claim in claims]
    open_claims = [n for n, claim in enumerate(claims) if claim.verdict is None and is_statement(claim.text)]
    cited = [_cited(claims[n], hits) for n in open_claims]
    texts = [[hits[hit].chunk.text for hit in passages] for passages in cited]
    verdicts = checker.check([claims[n].text for n in open_claims], texts, question) if open_claims else []
    placed = {n: _placed(v, passages) for n, v, passages in zip(open_claims, verdicts, cited, strict=True)}
    return tuple(replace(claim, verdict=placed.get(n, claim.verdict)) for n, claim in enumerate(claims))


def _by_identity(claim: Claim, hits: Sequence[Hit]) -> Claim:
    """The claim, supported for certain if its words are those of the spans that it cites."""
    if claim.verdict is not None or not claim.anchors or not (claim.quoted or _is_verbatim(claim, hits)):
        return claim
    starts = [(anchor, hits[anchor.hit].chunk.start) for anchor in claim.anchors]
    evidence = tuple(Evidence(a.hit, a.start - start, a.end - start) for a, start in starts)
    return replace(claim, verdict=Verdict("supported", 1.0, 1.0, evidence))


def _is_verbatim(claim: Claim, hits: Sequence[Hit]) -> bool:
    """Whether the claim is, white space aside, exactly what it cites: whole sentences of the passage."""
    chunks = [(anchor, hits[anchor.hit].chunk) for anchor in claim.anchors]
    quotes = (chunk.text[a.start - chunk.start : a.end - chunk.start] for a, chunk in chunks)
    return any(quote.split() == claim.text.split() for quote in quotes)


def _cited(claim: Claim, hits: Sequence[Hit]) -> list[int]:
    return list(dict.fromkeys(anchor.hit for anchor in claim.anchors)) or list(range(len(hits)))


def _placed(verdict: Verdict, passages: Sequence[int]) -> Verdict:
    """The verdict with its evidence counting in the hits instead of in the passages that were cited."""
    evidence = tuple(Evidence(passages[e.context], e.start, e.end) for e in verdict.evidence)
    return replace(verdict, evidence=evidence)


def is_unsupported(claim: Claim) -> bool:
    """Whether the checker refused the claim."""
    return claim.verdict is not None and claim.verdict.label != "supported"


def enforce(policy: CheckPolicy, claims: Sequence[Claim]) -> tuple[tuple[Claim, ...], str | None]:
    """What remains of the claims under a policy, and the reason to abstain where nothing does.

    `drop` removes sentences that are not supported, `refuse` the whole answer for one of them; the other
    policies leave all in place with their verdicts.
    """
    kept = tuple(claim for claim in claims if not is_unsupported(claim))
    if policy == "drop" and len(kept) < len(claims):
        return (kept, None) if any(is_statement(claim.text) for claim in kept) else ((), "unsupported_answer")
    if policy == "refuse" and len(kept) < len(claims):
        return (), "unsupported_answer"
    return tuple(claims), None


def check_text(answer: str, context: Sequence[str], checker: Checker, question: str | None) -> list[Sentence]:
    """Verdicts on the sentences of any text against any passages; markers in the text are not looked at.

    Every sentence gets one, also what states nothing. `Verdict.unsupported_spans` count in the sentence.
    """
    spans = split(answer)
    claims = [blank_markers(answer[span.start : span.end]) for span in spans]
    verdicts = checker.check(claims, [list(context)] * len(claims), question) if claims else []
    return [
        Sentence(answer[span.start : span.end], span.start, span.end, (), verdict)
        for span, verdict in zip(spans, verdicts, strict=True)
    ]
