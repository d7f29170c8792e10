"""Each sentence against the passages it cites, and what becomes of those that nothing supports.

A sentence that is quoted word for word is marked `quoted`: comparing texts is a better check than any model's
opinion, and no proof that the quote answers. The checker judges what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from rag.answer.cite import attach, blank_markers, claims_from, is_statement, placed
from rag.answer.draft import Claim, Draft
from rag.answer.evidence import evidence_text
from rag.answer.prompt import clean, is_refusal, retry_prompt
from rag.answer.write import Generator
from rag.errors import GeneratorError
from rag.models.types import Checker
from rag.text.sentences import split_sentences
from rag.types import GROUNDED, CheckPolicy, Evidence, Hit, Sentence, Step, Usage, Verdict


def check(
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
    claims = check_claims(draft.claims, hits, checker, question)
    checked = replace(draft, claims=claims).timed("check", started)
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


def check_claims(
    claims: Sequence[Claim], hits: Sequence[Hit], checker: Checker, question: str | None = None
) -> tuple[Claim, ...]:
    """A verdict for every statement that has none yet, against what it cites, or else all passages.

    `Verdict.evidence` then counts in `hits`, with offsets in the passage's text.
    """
    claims = [_by_identity(claim, hits) for claim in claims]
    open_claims = [n for n, claim in enumerate(claims) if claim.verdict is None and is_statement(claim.text)]
    cited = [_cited(claims[n], hits) for n in open_claims]
    texts = [[evidence_text(hits[hit]) for hit in passages] for passages in cited]
    verdicts = checker.check([claims[n].text for n in open_claims], texts, question) if open_claims else []
    given = {n: placed(v, among, hits) for n, v, among in zip(open_claims, verdicts, cited, strict=True)}
    return tuple(replace(claim, verdict=given.get(n, claim.verdict)) for n, claim in enumerate(claims))


def _by_identity(claim: Claim, hits: Sequence[Hit]) -> Claim:
    """The claim, marked as quoted if its words are those of the spans that it cites."""
    if claim.verdict is not None or not claim.anchors or not (claim.quoted or _is_verbatim(claim, hits)):
        return claim
    starts = [(anchor, hits[anchor.hit].chunk.start) for anchor in claim.anchors]
    evidence = tuple(Evidence(a.hit, a.start - start, a.end - start) for a, start in starts)
    return replace(claim, verdict=Verdict("quoted", 1.0, 1.0, evidence))


def _is_verbatim(claim: Claim, hits: Sequence[Hit]) -> bool:
    """Whether the claim is, white space aside, exactly what it cites: whole sentences of the passage."""
    chunks = [(anchor, hits[anchor.hit].chunk) for anchor in claim.anchors]
    quotes = (chunk.text[a.start - chunk.start : a.end - chunk.start] for a, chunk in chunks)
    return any(quote.split() == claim.text.split() for quote in quotes)


def _cited(claim: Claim, hits: Sequence[Hit]) -> list[int]:
    return list(dict.fromkeys(anchor.hit for anchor in claim.anchors)) or list(range(len(hits)))


def is_unsupported(claim: Claim) -> bool:
    """Whether the checker refused the claim."""
    return claim.verdict is not None and claim.verdict.label not in GROUNDED


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
