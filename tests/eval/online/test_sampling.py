"""Which answers are sampled, what is kept of them, and what a full queue or a broken store costs."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eval.online.sampling import QUEUE, Live, Sampler, is_sampled, to_sample
from rag.answer.ask import Ask
from rag.service import Service
from rag.settings import Settings
from rag.store import Store
from rag.types import Answer, Citation, Sentence, Usage, Verdict
from tests.cli.commands import wait_for
from tests.contract.store_writer import processes

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NOTHING = Answer("", (), (), (), True, "no_relevant_passage", (), Usage(), {"total": 3.0})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'footnote.db'}") as store:
        store.collections.create("manuals")
        yield store


def settings_of(tmp_path: Path, share: float = 1.0) -> Settings:
    return Settings(data=tmp_path, online_share=share)


def test_the_sample_is_the_share_and_the_same_everywhere() -> None:
    asked = [(f"request-{n}", "Why?") for n in range(4000)]
    drawn = [is_sampled(*one, 0.25) for one in asked]
    assert 0.22 < sum(drawn) / len(drawn) < 0.28
    assert drawn == [is_sampled(*one, 0.25) for one in asked]
    more = [is_sampled(*one, 0.5) for one in asked]
    assert all(after for before, after in zip(drawn, more, strict=True) if before)
    assert all(is_sampled(*one, 1.0) for one in asked)
    assert not any(is_sampled(*one, 0.0) for one in asked)


def test_a_client_with_one_request_id_is_sampled_too() -> None:
    drawn = [is_sampled("always the same", f"question {n}", 0.5) for n in range(200)]
    assert 60 < sum(drawn) < 140


def test_an_answer_is_kept_by_reference(manuals: Service) -> None:
    answer = manuals.answerer.answer(Ask("What pressure is the bilge pump rated for?", "manuals"))
    kept = to_sample(Live("r-1", "manuals", "What pressure?", answer, NOW))
    assert (kept.supported, kept.abstained, kept.route, kept.created_at) == (1.0, False, "reader", NOW)
    assert kept.timings == answer.timings
    assert [ref.chunk_id for ref in kept.texts.passages] == [hit.chunk.id for hit in answer.hits]
    assert set(manuals.store.samples.passages(kept.texts.passages)) == set(kept.texts.passages)
    first, *_, last = [kept.texts.sentences[0], *kept.texts.sentences]
    assert (first.start, last.end) == (0, len(kept.texts.response))
    number = 1 + [hit.chunk.id for hit in answer.hits].index(answer.citations[0].chunk_id)
    assert f"[{number}]" in kept.texts.response


def test_markers_become_numbers_of_passages_and_sentences_keep_their_place(manuals: Service) -> None:
    """Ten footnotes on two of three passages; a sentence says "[2]" itself."""
    hits = manuals.answerer.answer(Ask("What pressure is the bilge pump rated for?", "manuals")).hits
    assert len(hits) == 3
    chunks = [hits[2].chunk if n < 9 else hits[0].chunk for n in range(10)]
    citations = tuple(
        Citation(n + 1, each.document_id, each.id, "s", "t", each.start + n, each.end, "q", None)
        for n, each in enumerate(chunks)
    )
    first, second = "One [1] and [9].", "Ten [10], as in [2]."
    verdicts = Verdict("supported", 1.0, 1.0), Verdict("contradicted", 0.9, 0.1)
    sentences = (
        Sentence(first, 0, len(first), (1, 9), verdicts[0]),
        Sentence(second, len(first) + 1, len(first) + 1 + len(second), (10,), verdicts[1]),
    )
    text = f"{first} {second} Bye."
    answer = replace(NOTHING, text=text, sentences=sentences, citations=citations, hits=hits, abstained=False)
    kept = to_sample(Live("r", "manuals", "?", answer, NOW))
    assert kept.texts.response == "One [3] and [3]. Ten [1], as in [2]. Bye."
    spans = [kept.texts.response[one.start : one.end] for one in kept.texts.sentences]
    assert spans == ["One [3] and [3].", "Ten [1], as in [2]."]
    assert [one.label for one in kept.texts.sentences] == ["supported", "contradicted"]
    assert kept.supported == 0.5


def test_an_abstention_is_kept_without_a_response(store: Store, tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    sampler = Sampler(settings_of(tmp_path), store, lambda outcome, n: told.update({outcome: n}))
    sampler.offer("r", "manuals", "Why?", NOTHING)
    sampler.close()
    (one,) = store.samples.newest("manuals", 10)
    assert (one.abstained, one.reason, one.supported, one.route) == (
        True,
        "no_relevant_passage",
        None,
        "none",
    )
    assert store.samples.texts([one.key])[one.key].response == ""
    assert told == {"kept": 1}


def test_a_full_queue_drops_and_counts_and_never_waits(store: Store, tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    sampler = Sampler(settings_of(tmp_path), store, lambda outcome, n: told.update({outcome: n}))
    for n in range(QUEUE + 10):  # nobody writes
        sampler.offer(f"r-{n}", "manuals", "Why?", NOTHING)
    assert told == {"dropped": 10}
    sampler.close()
    assert told == {"dropped": 10, "kept": QUEUE}
    assert len(store.samples.newest("manuals", 1000)) == QUEUE


def test_what_waits_for_a_locked_store_is_kept_afterwards(store: Store, tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    sampler = Sampler(settings_of(tmp_path), store, lambda outcome, n: told.update({outcome: n}))
    with store._db.write():
        sampler.start()
        for n in range(100):
            sampler.offer(f"r-{n}", "manuals", "Why?", NOTHING)
        assert sampler.waiting == 100
    assert wait_for(lambda: sampler.waiting == 0)
    sampler.close()
    assert (told["kept"], len(store.samples.newest("manuals", 1000))) == (100, 100)


def test_retention_holds_where_samples_are_written(store: Store, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, online_share=1.0, online_keep=5)
    sampler = Sampler(settings, store, lambda outcome, n: None)
    for n in range(20):
        sampler.offer(f"r-{n}", "manuals", "Why?", NOTHING)
    sampler.close()
    assert [one.request_id for one in store.samples.newest("manuals", 100)] == [
        f"r-{n}" for n in range(15, 20)
    ]


def test_many_processes_write_to_one_store_and_a_killed_one_loses_its_queue_at_most(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'footnote.db'}"
    with Store.open(url) as store:
        store.collections.create("manuals")
        offered = [tmp_path / f"offered-{n}" for n in range(2)]
        writers = [processes().Process(target=_offer_without_end, args=(url, path)) for path in offered]
        for writer in writers:
            writer.start()
        assert wait_for(lambda: min(_kept(store)[path.name] for path in offered) >= 30)
        for writer in writers:
            writer.kill()
            writer.join()
        kept = _kept(store)
        for path in offered:
            noted = Counter(path.read_text(encoding="ascii"))
            assert noted["."] - noted["-"] - kept[path.name] <= QUEUE + 64 + 1
        assert store.audit.problems() == []


def _kept(store: Store) -> Counter[str]:
    """How many samples of each writer the store holds."""
    return Counter(one.request_id.split("/")[0] for one in store.samples.newest("manuals", 1_000_000))


def _offer_without_end(url: str, path: Path) -> None:
    """Offers samples and notes each, with a dot before it does, and with a dash those that found the queue
    full, as they may while the other one has the store.
    """
    with Store.open(url) as store, path.open("ab", buffering=0) as noted:

        def note(outcome: str, n: int) -> None:
            if outcome == "dropped":
                noted.write(b"-" * n)

        sampler = Sampler(Settings(online_share=1.0), store, note)
        sampler.start()
        for n in range(1_000_000):
            noted.write(b".")
            sampler.offer(f"{path.name}/{n}", "manuals", "Why?", NOTHING)
            time.sleep(0.002)
        threading.Event().wait()
