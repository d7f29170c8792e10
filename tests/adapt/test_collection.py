"""Adaptation with real models: a planted vocabulary gap is learned, shuffled labels are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from adapt.candidates import first_rank, fused, gather
from adapt.jobs import stored
from adapt.questions import hash_fraction, split_of, synthetic_questions, user_questions
from adapt.run import Adapted, adapt
from adapt.types import Budget, Options, UserQuestion
from adapt.weights import of_config
from rag.errors import Conflict
from rag.search.config import search_config
from rag.search.tuning import DEFAULTS, Tuning
from rag.service import Service, open_service
from rag.settings import Settings
from rag.types import Query
from tests.adapt.planted import THINGS, gap, put, shuffled

SMALL = Options(budget=Budget(train=30, inner=10, held=0, labelled=8, candidates=4, read=10))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_service(Settings(data=tmp_path_factory.mktemp("adapt"), threads=1)) as opened:
        yield opened


@pytest.fixture(scope="module")
def given(service: Service) -> list[UserQuestion]:
    return gap(service, "gap")


@pytest.fixture(scope="module")
def learned(service: Service, given: list[UserQuestion]) -> Adapted:
    return adapt(service, "gap", given, SMALL, lambda *_: None)


def test_a_vocabulary_gap_is_learned(learned: Adapted) -> None:
    adapter = next(piece for piece in learned.report.pieces if piece.piece == "adapter")
    assert adapter.accepted, adapter
    assert adapter.gain.low > 0
    assert adapter.gain_over_plain_fusion.low > 0
    assert learned.adopted
    assert learned.tuning.adapter is not None
    assert learned.report.judged_on == "the user's questions"


def test_what_is_adopted_changes_the_search_until_it_is_rolled_back(
    service: Service, learned: Adapted
) -> None:
    info, collection = service.models.encoder.info, service.store.collections.get("gap")
    before = _top(service, "What about the noise of our harbour?")
    service.store.learned.add(collection, stored(learned, info.name, info.revision))
    after = _top(service, "What about the noise of our harbour?")
    assert after != before
    assert after[0] == "harbour-noise.md"
    assert service.store.learned.rollback("gap") == 0
    assert _top(service, "What about the noise of our harbour?") == before


def test_a_profile_of_another_encoder_is_ignored(
    service: Service, learned: Adapted, caplog: pytest.LogCaptureFixture
) -> None:
    collection = service.store.collections.get("gap")
    before = _top(service, "What about the speed of our piano?")
    service.store.learned.add(collection, stored(learned, service.models.encoder.info.name, "another"))
    assert service.searcher.open("gap").tuning is DEFAULTS
    assert _top(service, "What about the speed of our piano?") == before
    assert "revision another" in caplog.text
    service.store.learned.rollback("gap")


def test_shuffled_labels_are_refused(service: Service, given: list[UserQuestion]) -> None:
    refused = adapt(service, "gap", shuffled(given), SMALL, lambda *_: None)
    assert not refused.adopted
    assert refused.tuning == DEFAULTS
    assert {piece.piece for piece in refused.report.pieces} == {"weights", "adapter", "reader"}
    assert all(piece.reason != "wins" for piece in refused.report.pieces)


def test_synthetic_questions_alone_adopt_nothing_unless_told(service: Service) -> None:
    service.store.collections.create("plain")
    told = (
        "The {} number {} stands in hall {}. Before its inspection the caretaker cleans every {} nearby, "
        "writes the hour into a green notebook and locks the gate behind the visitors."
    )
    pairs = list(zip(THINGS, reversed(THINGS), strict=True))
    texts = {f"{a}-{n}.md": told.format(a, n, n, b) for n in range(9) for a, b in pairs}
    put(service, "plain", texts)
    options = Options(budget=Budget(train=25, inner=6, held=30, labelled=2, candidates=3, read=0))
    found = adapt(service, "plain", [], options, lambda *_: None)
    assert found.report.judged_on == "synthetic questions"
    assert not found.adopted
    assert "nothing is adopted" in found.report.notes[0]
    won = replace(found.report.pieces[0], accepted=True)
    winning = replace(found, report=replace(found.report, pieces=(won,)))
    assert not stored(winning, "m", "r").adopt
    assert stored(replace(winning, trusted=True), "m", "r").adopt


def test_a_profile_survives_the_store(learned: Adapted) -> None:
    again = Tuning.from_json(learned.tuning.to_json())
    assert again.adapter is not None
    assert learned.tuning.adapter is not None
    np.testing.assert_array_equal(again.adapter.down, learned.tuning.adapter.down)
    np.testing.assert_array_equal(again.adapter.up, learned.tuning.adapter.up)
    assert replace(again, adapter=None) == replace(learned.tuning, adapter=None)


def test_cached_candidates_are_ranked_as_the_engine_ranks_them(
    service: Service, given: list[UserQuestion]
) -> None:
    questions, _ = user_questions(service, "gap", given[:24], 0)
    for profile in (DEFAULTS, Tuning(dense_weight=1.0, lexical_weight=2.0, late_weight=0.25)):
        weights, ranks = of_config(search_config(service.settings, profile)), []
        for candidates in gather(service, "gap", questions):
            ranks.append(first_rank(candidates, fused(candidates, weights.lexical), weights.late, 100))
        unread = replace(profile, reader=False)
        assert ranks == [_rank(service, one.text, one.chunks, unread) for one in questions]


def test_no_document_is_both_learned_from_and_judged_by(service: Service, given: list[UserQuestion]) -> None:
    own, missing = user_questions(service, "gap", [*given, UserQuestion("What?", "nowhere.md")], 0)
    made = synthetic_questions(service, "gap", 0, Budget(20, 5, 20), lambda *_: None)
    assert missing == 1
    for questions in (own, made):
        parts: dict[str, set[str]] = {}
        for one in questions:
            parts.setdefault(one.document, set()).add(one.split)
        assert all(len(each) == 1 for each in parts.values())
    assert made == synthetic_questions(service, "gap", 0, Budget(20, 5, 20), lambda *_: None)
    order = sorted(range(1000), key=lambda n: hash_fraction(f"order 0 {n}"))[:500]
    held = [split_of(str(n), 0, halves=True) == "held" for n in order]
    assert 200 < sum(held) < 300, "the parts do not depend on the order"


def test_a_quote_finds_its_passage(service: Service) -> None:
    quoted = UserQuestion("What is dear?", quote="the QUONDLE of  the camera is")
    [questions], missing = user_questions(service, "gap", [quoted], 0)
    found = service.store.chunks.hydrate(sorted(questions.keys))
    assert [document.source for _, document in found.values()] == ["camera-price.md"]
    assert missing == 0


def test_too_little_to_learn_from(service: Service) -> None:
    service.store.collections.create("tiny")
    put(service, "tiny", {"a.md": "One short text about a pump and its oil."})
    with pytest.raises(Conflict) as error:
        adapt(service, "tiny", [], Options(), lambda *_: None)
    assert error.value.code == "too_few_questions"


def _top(service: Service, text: str) -> list[str]:
    hits, _ = service.searcher.search(Query(text, "gap", 3))
    return [hit.document.source for hit in hits]


def _rank(service: Service, text: str, chunks: frozenset[str], profile: Tuning) -> int:
    opened = service.searcher.open("gap", trial=profile)
    hits = service.searcher.hits(service.searcher.retrieve(Query(text, "gap", 100), opened), 100)
    return next((n for n, hit in enumerate(hits, 1) if hit.chunk.id in chunks), 0)
