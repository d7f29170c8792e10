"""Cases from a collection's own passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from eval.cases import Case, with_ids
from eval.synthesis.by_llm import LlmMaker, writer_of
from eval.synthesis.hops import DraftCounts, Joined, Singles, case_of, joined
from eval.synthesis.lexicon import Lexicon
from eval.synthesis.passages import Draft, Kind, Options, Progress, Source, Synthesis, source_of
from eval.synthesis.round_trip import RoundTrip, alike
from eval.synthesis.rules import drafts_of
from eval.synthesis.unanswerable import near_misses
from rag.errors import InvalidInput
from rag.service import Service
from rag.types import Usage

_SHARES: dict[Kind, float] = {"single": 0.6, "multi": 0.2, "unanswerable": 0.2}
_LONGEST = 260
"""Characters of a question."""
_MATERIAL = 40
"""Single-hop drafts, besides those asked for, that the other kinds are made of, at least."""


def synthesize(
    service: Service, collection: str, options: Options, progress: Progress | None = None
) -> Synthesis:
    """Questions with references on the passages of a collection, checked by the reader and marked synthetic.

    The same seed on the same collection with the same models gives the same cases. There may be fewer than
    asked for: what the passages do not give is not made up. Raises NotFound `collection_not_found`,
    InvalidInput `collection_empty`, `nothing_synthesized`; with `llm` also Conflict `no_generator` and
    GeneratorError.
    """
    source = source_of(service.store, collection, options.seed)
    trip = RoundTrip(service, collection, source.lexicon)
    made = _Synthesizer(source, trip, options, progress)
    if options.llm:
        cases, usage = made.by_llm()
    else:
        cases, usage = made.by_rules(), Usage()
    dropped = dict(made.tally.dropped.most_common())
    if not cases:
        why = ", ".join(f"{number} {reason}" for reason, number in dropped.items()) or "none was dropped"
        raise InvalidInput(
            f"No case could be made of {collection}, of {made.tally.drafts} drafts ({why}).",
            code="nothing_synthesized",
        )
    return Synthesis(
        tuple(with_ids(cases)), made.tally.drafts, dropped, dict(made.rules.most_common()), made.wanted, usage
    )


def split_by_kind(options: Options) -> dict[Kind, int]:
    """How many cases of each kind: three single-hop ones to one of each other kind."""
    total = sum(_SHARES[kind] for kind in options.kinds)
    wanted = {kind: int(options.count * _SHARES[kind] / total) for kind in options.kinds}
    wanted[options.kinds[0]] += options.count - sum(wanted.values())
    return wanted


@dataclass
class _Synthesizer:
    """One synthesis under way."""

    source: Source
    trip: RoundTrip
    options: Options
    progress: Progress | None
    tally: DraftCounts = field(default_factory=DraftCounts)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def wanted(self) -> dict[Kind, int]:
        return split_by_kind(self.options)

    def by_rules(self) -> list[Case]:
        """Single-hop drafts first, as the other kinds are made of more of them."""
        wanted = self.wanted
        single, multi, silent = (wanted.get(kind, 0) for kind in ("single", "multi", "unanswerable"))
        need = single + max(3 * multi + _MATERIAL, 3 * silent) * bool(multi or silent)
        drafts = self._singles(need, single)
        cases = [self._case(draft) for draft in drafts[:single]]
        spare = [*drafts[single:], *drafts[:single]]
        return [*cases, *self._multis(spare, multi), *self._silent(spare, silent)]

    def by_llm(self) -> tuple[list[Case], Usage]:
        """Every case by the LLM, and what that cost."""
        service = self.trip.service
        writer = writer_of(service.answerer.generator, service.settings, self.options.max_cost)
        maker = LlmMaker(
            writer, service.settings, self.source, self.trip, self.options, self.tally, self.rules, self.tell
        )
        return maker.cases(self.wanted), maker.usage

    def _singles(self, need: int, shown: int) -> list[Draft]:
        drafts: list[Draft] = []
        for draft in Singles(self.source, self.trip, self.options.seed, self.tally):
            drafts.append(draft)
            self.tell("single", min(len(drafts), shown), shown)
            if len(drafts) >= need:
                break
        return drafts

    def _case(self, draft: Draft) -> Case:
        self.rules[draft.rule] += 1
        return case_of("single", draft.question, draft.reference, [draft.passage])

    def _multis(self, drafts: Sequence[Draft], wanted: int) -> list[Case]:
        cases: list[Case] = []
        if not wanted:
            return cases
        definitions = [draft for draft in self._every() if draft.rule == "definition"]
        for found in joined(drafts, definitions, self.trip.service.models.encoder):
            if self.tally.kept(self._fault(found)):
                self.rules[found.rule] += 1
                both = [found.one.passage, found.other.passage]
                cases.append(case_of("multi", found.question, found.reference, both))
                self.tell("multi", len(cases), wanted)
            if len(cases) >= wanted:
                break
        return cases

    def _fault(self, found: Joined) -> str | None:
        if len(found.question) > _LONGEST:
            return "long"
        if found.rule != "bridge":
            return None  # both halves have been checked
        return self.trip.fault(_read_together(found), found.one.passage)

    def _silent(self, drafts: Sequence[Draft], wanted: int) -> list[Case]:
        cases: list[Case] = []
        if not wanted:
            return cases
        known = {draft.question for draft in drafts}
        more = [one for one in self._every() if one.question not in known] if len(drafts) < _MATERIAL else []
        for question, rule in near_misses(
            [*drafts, *more], self._lexicon, self.trip.service.models.encoder, self.options.seed
        ):
            nearest = self.trip.silent(question)
            again = self._is_known(question, cases)
            fault = "answered" if nearest is None else "duplicate" if again else None
            if self.tally.kept(fault) and nearest is not None:
                self.rules[rule] += 1
                cases.append(case_of("unanswerable", question, None, [nearest]))
                self.tell("unanswerable", len(cases), wanted)
            if len(cases) >= wanted:
                break
        return cases

    def _every(self) -> Iterator[Draft]:
        """Every draft of the collection, unchecked."""
        return (
            draft for own in self.source.documents for one in own for draft in drafts_of(one, self._lexicon)
        )

    @property
    def _lexicon(self) -> Lexicon:
        return self.source.lexicon

    def _is_known(self, question: str, cases: Sequence[Case]) -> bool:
        return any(alike(question, case.question) for case in cases)

    def tell(self, kind: Kind, done: int, total: int) -> None:
        """Say how far this is."""
        if self.progress:
            self.progress(kind, done, total)


def _read_together(found: Joined) -> Draft:
    """The bridge's question on a passage with the definition behind it: by itself it does not answer."""
    known, asked = found.one, found.other
    text = f"{asked.passage.text}\n{known.passage.text[known.start : known.end]}"
    passage = replace(asked.passage, chunk=replace(asked.passage.chunk, text=text))
    return replace(asked, question=found.question, passage=passage)
