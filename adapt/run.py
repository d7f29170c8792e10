"""One adaptation from questions to a gated tuning: `adapt`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapt.candidates import Labels, gather, label
from adapt.encoder import require_train, tuned_encoder
from adapt.gate import LEAST_HELD, Scores, judge, plainly_fused, searched
from adapt.query_adapter import learn
from adapt.questions import synthetic_questions, user_questions
from adapt.report import Report, Verdict
from adapt.types import Candidates, JudgedQuestion, OnStage, Options, UserQuestion
from adapt.weights import Weights, choose, of_config
from rag.errors import Conflict
from rag.models.registry import load_reader
from rag.models.types import Reader
from rag.search.config import LATE_WEIGHT, search_config
from rag.search.tuning import Tuning
from rag.service import Service

LEAST_TRAIN = 20
_LEAST_INNER = 5
_UNTRUSTED = (
    "Judged by synthetic questions alone, so nothing is adopted: what wins on them may lose on real ones. "
    "Give real questions with their sources, or say that synthetic ones are to be trusted."
)


@dataclass(frozen=True, slots=True)
class Adapted:
    """The tuning with what passed its gates (the present one when nothing did), and the report.

    `proposed` are the pieces that were found in training, whether or not they passed. Not `trusted` is what
    synthetic questions alone have judged: on scifact they admitted weights that cost real queries .025.
    """

    tuning: Tuning
    report: Report
    proposed: tuple[Tuning, ...]
    trusted: bool

    @property
    def adopted(self) -> bool:
        """Whether the tuning is to be used: a piece of it passed, by questions that are trusted."""
        return self.trusted and any(
            piece.accepted for piece in self.report.pieces if piece.piece != "encoder"
        )


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """The held-out questions with what the present tuning and plain fusion make of them."""

    base: Tuning
    questions: Sequence[JudgedQuestion]
    present: Scores
    plain: Scores


def adapt(
    service: Service,
    collection: str,
    own_questions: Sequence[UserQuestion],
    options: Options,
    on_stage: OnStage,
) -> Adapted:
    """Learn weights, an adapter and whether the reader ranks, each admitted only where its gate says so.

    Each piece takes the place of its kind in the tuning that is in force and has to beat that tuning.
    Raises Conflict `too_few_questions`, NotFound `collection_not_found`.
    """
    started, spent = time.monotonic(), time.process_time()
    if options.full:
        require_train()
    service.indexes.catch_up(collection)
    questions, left_out = _questions(service, collection, own_questions, options, on_stage)
    real = any(one.kind == "given" for one in questions)
    learnt_from = [one for one in questions if one.split != "held"]
    candidate_lists = gather(service, collection, learnt_from, on_stage)
    candidate_lists, labels = _labelled(service, candidate_lists, options, on_stage)
    left_out["no good question to the reader"] = len(learnt_from) - len(candidate_lists)
    base = service.searcher.open(collection).tuning
    weights = _weights(service, candidate_lists, base, real)
    on_stage("weights", 1, 1)
    adapter = learn(service, candidate_lists, labels, _present(service, base), options.seed, on_stage)
    held = _held(service, collection, [one for one in questions if one.split == "held"], base)
    proposals = [weights, replace(base, adapter=adapter) if adapter else None]
    tuning, pieces = _gated(service, collection, held, proposals, options, on_stage)
    trusted = real or options.trust_synthetic
    notes = () if trusted else (_UNTRUSTED,)
    if options.full:
        verdict, note = tuned_encoder(service, collection, questions, options, held.plain, on_stage)
        pieces, notes = [*pieces, verdict], (*notes, note)
    kinds = Counter(f"{one.split} {one.kind}" for one in questions)
    judged_on = "the user's questions" if real else "synthetic questions"
    report = Report(
        options.seed,
        round((time.monotonic() - started) / 60, 2),
        round((time.process_time() - spent) / 60, 2),
        judged_on,
        dict(sorted(kinds.items())),
        left_out,
        tuple(pieces),
        notes,
    )
    return Adapted(tuning, report, tuple(one for one in proposals if one is not None), trusted)


def _questions(
    service: Service,
    collection: str,
    own_questions: Sequence[UserQuestion],
    options: Options,
    on_stage: OnStage,
) -> tuple[list[JudgedQuestion], dict[str, int]]:
    """Synthetic questions and the user's, which alone are held out and, if they suffice, alone say when to
    stop; a document that the user asks about has no synthetic ones.
    """
    own, unplaced = user_questions(service, collection, own_questions, options.seed)
    made = synthetic_questions(service, collection, options.seed, options.budget, on_stage)
    if own:
        taken = {one.document for one in own}
        enough = sum(one.split == "inner" for one in own) >= _LEAST_INNER
        unneeded = {"held", "inner"} if enough else {"held"}
        made = [one for one in made if one.split not in unneeded and one.document not in taken]
    questions = own + made
    counts = Counter(one.split for one in questions)
    if counts["train"] < LEAST_TRAIN or counts["held"] < LEAST_HELD:
        raise Conflict(
            f"There are {counts['train']} questions to learn from and {counts['held']} to judge by; "
            f"{LEAST_TRAIN} and {LEAST_HELD} are needed. Add documents, or questions with known sources.",
            code="too_few_questions",
        )
    return questions, {"source or quote not found": unplaced} if own_questions else {}


def _labelled(
    service: Service, candidate_lists: Sequence[Candidates], options: Options, on_stage: OnStage
) -> tuple[list[Candidates], list[Labels]]:
    labels = label(candidate_lists, service.store, _quick_reader(service), options.budget, on_stage)
    kept = [
        (candidates, found)
        for candidates, found in zip(candidate_lists, labels, strict=True)
        if found is not None
    ]
    return [candidates for candidates, _ in kept], [found for _, found in kept]


def _quick_reader(service: Service) -> Reader:
    """The reader in int8: it labels thousands of pairs, where a little noise costs nothing."""
    quick = service.settings.model_copy(update={"precision": "int8"})
    return load_reader(service.settings.reader, quick)


def _weights(
    service: Service, candidate_lists: Sequence[Candidates], base: Tuning, real: bool
) -> Tuning | None:
    """The weights found; None when they are the present ones. A user's questions, if any, count alone."""
    own = [candidates for candidates in candidate_lists if candidates.question.kind == "given"]
    used, now = own if real else candidate_lists, _present(service, base)
    found = choose(used, now, real=real, depth=service.settings.rerank_candidates)
    if found == now:
        return None
    return replace(base, dense_weight=1.0, lexical_weight=found.lexical, late_weight=found.late)


def _present(service: Service, base: Tuning) -> Weights:
    """The weights that a tuning has in this service."""
    return of_config(search_config(service.settings, base))


def _held(service: Service, collection: str, questions: Sequence[JudgedQuestion], base: Tuning) -> _HeldOut:
    present = searched(service, collection, questions, base)
    return _HeldOut(base, questions, present, plainly_fused(service, collection, questions))


def _gated(
    service: Service,
    collection: str,
    held: _HeldOut,
    proposals: Sequence[Tuning | None],
    options: Options,
    on_stage: OnStage,
) -> tuple[Tuning, list[Verdict]]:
    """Judge each piece alone, then those that won together."""
    steps = 2 + len(proposals) + 1
    on_stage("gate", 2, steps)
    won: list[tuple[Tuning, Scores]] = []
    pieces: list[Verdict] = []
    for place, (name, proposal) in enumerate(zip(("weights", "adapter"), proposals, strict=True), start=3):
        if proposal is None:
            pieces.append(_nothing(name, held))
            continue
        scores = searched(service, collection, held.questions, proposal)
        pieces.append(judge(name, described(proposal), scores, held.present, held.plain))
        won += [(proposal, scores)] if pieces[-1].accepted else []
        on_stage("gate", place, steps)
    tuning, verdicts = _together(service, collection, held, won)
    reader = _reader(service, collection, held, tuning, options)
    on_stage("gate", steps, steps)
    return (replace(tuning, reader=True) if reader.accepted else tuning), [*pieces, *verdicts, reader]


def _nothing(name: str, held: _HeldOut) -> Verdict:
    verdict = judge(name, "", held.present, held.present, held.plain)
    return replace(verdict, accepted=False, reason="nothing better than the present was found in training")


def _together(
    service: Service, collection: str, held: _HeldOut, won: Sequence[tuple[Tuning, Scores]]
) -> tuple[Tuning, list[Verdict]]:
    """Both winners if they pass together and are no worse than the better one, else that one."""
    if not won:
        return held.base, []
    best, best_scores = max(won, key=lambda pair: float(pair[1].mean()))
    if len(won) == 1:
        return best, []
    both = replace(won[0][0], adapter=won[1][0].adapter)
    scores = searched(service, collection, held.questions, both)
    verdict = judge("weights and adapter", described(both), scores, held.present, held.plain)
    if verdict.accepted and scores.mean() >= best_scores.mean():
        return both, [verdict]
    lesser = replace(verdict, accepted=False, reason=f"no better than {described(best)} alone")
    return best, [lesser]


def _reader(service: Service, collection: str, held: _HeldOut, tuning: Tuning, options: Options) -> Verdict:
    """Whether the reader may rerank on top of what was admitted; costly, so on fewer questions."""
    if tuning.reader:
        return replace(_nothing("reader", held), reason="it reranks already")
    few = held.questions[: options.budget.read]
    without = searched(service, collection, few, tuning)
    with_it = searched(service, collection, few, replace(tuning, reader=True))
    return judge("reader", "the reader reranks", with_it, without, held.plain[: len(few)])


def described(tuning: Tuning) -> str:
    """A tuning in words."""
    late = LATE_WEIGHT if tuning.late_weight is None else tuning.late_weight
    weights = f"dense 1, BM25 {tuning.lexical_weight or 0:.2f}, late interaction {late:.2f}"
    parts = [weights] if tuning.lexical_weight is not None else []
    if tuning.adapter is not None:
        low = tuning.adapter
        size = float(abs(low.down @ low.up).sum())
        parts.append(f"adapter of rank {low.down.shape[1]} (size {size:.0f})")
    return ", ".join(parts)
