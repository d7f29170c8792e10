"""Each sentence against the passages it cites; a sentence without a footnote gets one where it earned one.

A sentence that is quoted word for word is supported by what it quotes, with certainty: comparing texts is a
better check than any model's opinion. The checker judges what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter

from rag.answer.cite import blank_markers, claims_from, content_words, coverage, end_offset, support_span
from rag.answer.flow import Anchor, Claim, Draft
from rag.answer.tables import in_chunk, passage
from rag.answer.write import Generator, clean, is_refusal, retry_prompt
from rag.errors import GeneratorError
from rag.models.types import Checker
from rag.text.sentences import split_sentences
from rag.types import CheckPolicy, Evidence, Hit, Sentence, Step, Usage, Verdict

_CANDIDATES = 3
"""Passages that are looked at for a sentence without a footnote."""
_LEAST_COVERAGE = 0.3
_LEAST_COVERAGE_UNCHECKED = 0.7
"""Share of a sentence's words that a passage must hold, with and without the checker having a say."""
_FEWEST_WORDS = 2
"""A sentence with fewer content words ("Yes.", "Here is what I found:") states nothing to look up."""


def is_statement(text: str) -> bool:
    """Whether a sentence says something that a passage could support."""
    return len(content_words(text)) >= _FEWEST_WORDS and not text.rstrip().endswith((":", "?"))


def attach(
    claims: Sequence[Claim], hits: Sequence[Hit], checker: Checker | None, question: str | None = None
) -> tuple[Claim, ...]:
    """Give each statement without a footnote the passage that supports it, or none.

    Words in common propose passages; the checker decides and says which sentence it was. Without a checker
    only a large share of words decides.
    """
    least = _LEAST_COVERAGE if checker else _LEAST_COVERAGE_UNCHECKED
    bare = [n for n, claim in enumerate(claims) if not claim.anchors and is_statement(claim.text)]
    near = {n: _near(claims[n], hits, least) for n in bare}
    near = {n: passages for n, passages in near.items() if passages}
    if checker is None:
        found = {n: _anchored(claims[n], passages[0], hits) for n, passages in near.items()}
    else:
        found = _supported(claims, near, hits, checker, question)
    return tuple(found.get(n, claim) for n, claim in enumerate(claims))


def _near(claim: Claim, hits: Sequence[Hit], least: float) -> list[int]:
    """The passages that share most words with the claim, best first."""
    words = content_words(claim.text)
    shares = [coverage(words, content_words(hit.chunk.text)) for hit in hits]
    order = sorted(range(len(hits)), key=lambda n: -shares[n])
    return [n for n in order if shares[n] >= least][:_CANDIDATES]


def _anchored(claim: Claim, hit: int, hits: Sequence[Hit]) -> Claim:
    chunk = hits[hit].chunk
    span = support_span(claim.text, chunk.text)
    anchor = Anchor(end_offset(claim.text), hit, chunk.start + span.start, chunk.start + span.end)
    return replace(claim, anchors=(anchor,))


def _supported(
    claims: Sequence[Claim],
    near: Mapping[int, Sequence[int]],
    hits: Sequence[Hit],
    checker: Checker,
    question: str | None,
) -> dict[int, Claim]:
    """Those of the claims that the checker finds supported, anchored at its evidence, with its verdict."""
    if not near:
        return {}
    texts = [[passage(hits[hit]) for hit in passages] for passages in near.values()]
    verdicts = checker.check([claims[n].text for n in near], texts, question)
    found: dict[int, Claim] = {}
    for (n, passages), verdict in zip(near.items(), verdicts, strict=True):
        placed = _placed(verdict, passages, hits)
        if placed.label == "supported" and placed.evidence:
            found[n] = replace(claims[n], anchors=(_at(placed.evidence[0], claims[n], hits),), verdict=placed)
    return found


def _at(evidence: Evidence, claim: Claim, hits: Sequence[Hit]) -> Anchor:
    start = hits[evidence.context].chunk.start
    return Anchor(end_offset(claim.text), evidence.context, start + evidence.start, start + evidence.end)


def check_claims(
    claims: Sequence[Claim], hits: Sequence[Hit], checker: Checker, question: str | None = None
) -> tuple[Claim, ...]:
    """A verdict for every statement that has none yet, against what it cites, or else all passages.

    `Verdict.evidence` then counts in `hits`, with offsets in the passage's text.
    """
    claims = [_by_identity(claim, hits) for claim in claims]
    open_claims = [n for n, claim in enumerate(claims) if claim.verdict is None and is_statement(claim.text)]
    cited = [_cited(claims[n], hits) for n in open_claims]
    texts = [[passage(hits[hit]) for hit in passages] for passages in cited]
    verdicts = checker.check([claims[n].text for n in open_claims], texts, question) if open_claims else []
    placed = {n: _placed(v, found, hits) for n, v, found in zip(open_claims, verdicts, cited, strict=True)}
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


def _placed(verdict: Verdict, passages: Sequence[int], hits: Sequence[Hit]) -> Verdict:
    """The verdict with its evidence counting in the hits, and in the texts of their chunks."""
    spans = ((passages[e.context], e.start, e.end) for e in verdict.evidence)
    inside = ((hit, in_chunk(hits[hit], start, end)) for hit, start, end in spans)
    evidence = tuple(Evidence(hit, span.start, span.end) for hit, span in inside if span is not None)
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
    spans = split_sentences(answer)
    claims = [blank_markers(answer[span.start : span.end]) for span in spans]
    verdicts = checker.check(claims, [list(context)] * len(claims), question) if claims else []
    return [
        Sentence(answer[span.start : span.end], span.start, span.end, (), verdict)
        for span, verdict in zip(spans, verdicts, strict=True)
    ]


def checked_draft(
    question: str,
    hits: Sequence[Hit],
    draft: Draft,
    policy: CheckPolicy,
    checker: Checker,
    generator: Generator | None,
) -> Draft:
    """The draft with a verdict on each claim and the policy applied.

    `retry` asks the LLM once more, telling it what was not supported, and keeps the better of the two; for a
    quoted answer there is no one to ask again.
    """
    if not draft.claims:
        return draft
    started = perf_counter()
    checked = replace(draft, claims=check_claims(draft.claims, hits, checker, question)).timed(
        "check", started
    )
    if policy == "retry" and generator is not None:
        checked = _retried(question, hits, checked, checker, generator)
    claims, reason = enforce(policy, checked.claims)
    return replace(checked, claims=claims, reason=reason)


def _retried(
    question: str, hits: Sequence[Hit], draft: Draft, checker: Checker, generator: Generator
) -> Draft:
    wrong = [claim.text for claim in draft.claims if is_unsupported(claim)]
    if not wrong or draft.prompt is None or draft.written is None:
        return draft
    started = perf_counter()
    try:
        again = generator.write(retry_prompt(draft.prompt, draft.written, wrong), lambda _: None)
    except GeneratorError as error:
        return draft.stepped(Step("retry", generator.model, None, False, error.code)).timed(
            "generate", started
        )
    text = clean(again.text)
    spent = replace(draft, usage=_sum(draft.usage, again.usage)).timed("generate", started)
    if not text or is_refusal(text):
        return spent.stepped(Step("retry", generator.model, None, False, "no_answer_in_passages"))
    checking = perf_counter()
    claims = attach(claims_from(text, hits), hits, checker, question)
    claims = check_claims(claims, hits, checker, question)
    better = _unsupported_share(claims) < _unsupported_share(draft.claims)
    step = Step("retry", generator.model, None, better, None if better else "not_better")
    kept = replace(spent, claims=claims, written=text) if better else spent
    return kept.stepped(step).timed("check", checking)


def _unsupported_share(claims: Sequence[Claim]) -> float:
    return sum(map(is_unsupported, claims)) / len(claims) if claims else 1.0


def _sum(first: Usage, second: Usage) -> Usage:
    return Usage(
        first.prompt_tokens + second.prompt_tokens,
        first.completion_tokens + second.completion_tokens,
        first.cost + second.cost,
    )
