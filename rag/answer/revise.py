"""From a cited draft to a checked one, with a second try where the policy asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from rag.answer.check import attach, check_claims, enforce, is_unsupported
from rag.answer.cite import claims_from
from rag.answer.flow import Claim, Draft
from rag.answer.generate import Generator, clean, is_refusal, retry_prompt
from rag.errors import GeneratorError
from rag.models.types import Checker
from rag.types import CheckPolicy, Hit, Step, Usage


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
