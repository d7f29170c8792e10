"""The curator over a real store: what one document says of the next, and what a job reports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.handler import ingest_worker
from ingest.submit import submit_uploads
from ingest.types import Upload
from jobs.worker import Worker
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store, document_id
from rag.types import Chunk, CurationPolicy, Job
from tests.ingest.curate.test_duplicates import FERRY, PUMP

KEY = "AKIA" + "Q3EGRIK5MZ4VWXYB"
NOTICE = (
    "# Notice\n\n© Globex Corporation. All rights reserved. No part of this page may be "
    "copied without consent, neither on paper nor in any other form, nor may it be handed to others.\n\n"
    "Printed copies are not controlled.\n"
)
SECRET = (
    f"# Key\n\nThe key of the control unit is {KEY}. It opens every valve on board, so keep it in the safe."
)
HELD = CurationPolicy(
    secret="quarantine",
    personal_data="quarantine",
    low_quality="quarantine",
    boilerplate="quarantine",
    exact_duplicate="quarantine",
    near_duplicate="quarantine",
)


@pytest.fixture
def worker(settings: Settings, store: Store, encoder: Encoder) -> Iterator[Worker]:
    with ingest_worker(settings, store, encoder) as worker:
        yield worker


def ingested(store: Store, worker: Worker, **texts: str) -> Job:
    uploads = [Upload(f"{name}.md", text.encode(), "text/markdown") for name, text in texts.items()]
    job = submit_uploads(store, "c", uploads)
    worker.drain()
    job = store.jobs.get(job.id)
    assert job.status == "succeeded", job.errors
    return job


def chunks(store: Store, name: str) -> list[Chunk]:
    return store.chunks.of(document_id("c", f"{name}.md"))


def reasons(store: Store, name: str) -> set[str]:
    return {finding.reason for chunk in chunks(store, name) for finding in chunk.findings}


def held(store: Store, name: str) -> list[str]:
    return [one.reason for one in store.quarantine.of(document_id("c", f"{name}.md"))]


def test_by_default_everything_is_flagged_and_nothing_is_kept_back(store: Store, worker: Worker) -> None:
    ingested(store, worker, one=f"# Pump\n\n{PUMP}")
    job = ingested(
        store,
        worker,
        copy=f"# Pump\n\n{PUMP}",
        near=f"# Pump\n\n{PUMP.replace('dust', 'dirt')}",
        other=f"# Ferry\n\n{FERRY} The key is {KEY}. Write to jane.doe@acme-tools.io.",
    )
    assert dict(job.curation) == {
        "exact_duplicate": 1, "near_duplicate": 1, "personal_data": 1, "secret": 1,
    }  # fmt: skip
    assert job.counts.quarantined == 0
    assert reasons(store, "one") == set()
    assert reasons(store, "copy") == {"exact_duplicate"}
    assert reasons(store, "near") == {"near_duplicate"}
    [chunk] = chunks(store, "other")
    text = store.documents.text(document_id("c", "other.md"))
    assert {text[one.start : one.end] for one in chunk.findings} == {KEY, "jane.doe@acme-tools.io"}
    assert all(KEY not in one.text for one in chunk.findings)


def test_with_quarantine_they_are_stored_and_not_searched(store: Store, worker: Worker) -> None:
    store.curation.set_policy("c", HELD)
    ingested(store, worker, one=f"# Pump\n\n{PUMP}")
    job = ingested(store, worker, copy=f"# Pump\n\n{PUMP}", key=f"# Ferry\n\n{FERRY} The key is {KEY}.")
    assert job.counts.quarantined == 2
    assert (held(store, "one"), held(store, "copy"), held(store, "key")) == (
        [],
        ["exact_duplicate"],
        ["secret"],
    )
    assert store.collections.get("c").chunks == 1
    store.documents.delete(document_id("c", "one.md"))
    assert [chunk.text for chunk in chunks(store, "copy")] == [f"Pump\n\n{PUMP}"]


def test_the_same_words_under_another_heading_are_no_duplicate(store: Store, worker: Worker) -> None:
    """What a manual says of one pump it may say of another one."""
    ingested(store, worker, one="# Pump A\n\n## Pressure\n\nIt is rated for 16 bar.")
    ingested(store, worker, two="# Pump B\n\n## Pressure\n\nIt is rated for 16 bar.")
    assert reasons(store, "two") == set()


def test_another_number_makes_no_near_duplicate(store: Store, worker: Worker) -> None:
    ingested(store, worker, one=f"# Pump\n\n{PUMP}")
    ingested(store, worker, two=f"# Pump\n\n{PUMP.replace('16 bar', '12 bar')}")
    assert reasons(store, "two") == set()


def test_a_document_is_no_duplicate_of_its_former_self(store: Store, worker: Worker) -> None:
    store.curation.set_policy("c", HELD)
    ingested(store, worker, one=f"# Pump\n\n{PUMP}")
    ingested(store, worker, one=f"# Pump\n\n{PUMP.replace('dust', 'dirt')}")
    assert held(store, "one") == []
    assert len(chunks(store, "one")) == 1


def test_a_passage_that_a_document_repeats_is_kept_once(store: Store, worker: Worker) -> None:
    store.curation.set_policy("c", HELD)
    repeated = f"{PUMP}\n\n{FERRY}"
    ingested(store, worker, one="\n\n".join(f"# Same\n\n{repeated}" for _ in range(3)))
    texts = [chunk.text for chunk in chunks(store, "one")]
    assert len(texts) == len(set(texts))
    assert set(held(store, "one")) == {"exact_duplicate"}


def test_a_notice_becomes_boilerplate_once_five_documents_have_it(store: Store, worker: Worker) -> None:
    policy = CurationPolicy(boilerplate="quarantine", exact_duplicate="keep", near_duplicate="keep")
    store.curation.set_policy("c", policy)
    for number in range(6):
        own = f"# Page {number}\n\n{PUMP if number % 2 else FERRY} This is page {number}.\n\n"
        ingested(store, worker, **{f"page{number}": own + NOTICE})
    assert [held(store, f"page{number}") for number in range(6)] == [[]] * 5 + [["boilerplate"]]


def test_other_languages_are_flagged_where_some_are_expected(store: Store, worker: Worker) -> None:
    german = (
        "# Pumpe\n\nDie Pumpe ist für einen Arbeitsdruck von 16 bar ausgelegt und darf nie trocken laufen."
    )
    ingested(store, worker, one=german)
    store.curation.set_policy("c", CurationPolicy(languages=("en",)))
    ingested(
        store, worker, two=german + " Das Öl ist alle 2000 Stunden zu wechseln.", three=f"# Pump\n\n{PUMP}"
    )
    assert [reasons(store, name) for name in ("one", "two", "three")] == [set(), {"language"}, set()]


def test_what_is_kept_is_not_looked_for(store: Store, worker: Worker) -> None:
    everything = dict.fromkeys(
        (
            "secret",
            "personal_data",
            "low_quality",
            "language",
            "boilerplate",
            "exact_duplicate",
            "near_duplicate",
        ),
        "keep",
    )
    store.curation.set_policy("c", CurationPolicy(**everything))  # type: ignore[arg-type]
    ingested(store, worker, one=f"# Pump\n\n{PUMP} {KEY}")
    job = ingested(store, worker, two=f"# Pump\n\n{PUMP} {KEY}")
    assert dict(job.curation) == {}
    assert reasons(store, "two") == set()


def test_a_released_passage_stays_released_when_the_document_changes(store: Store, worker: Worker) -> None:
    store.curation.set_policy("c", HELD)
    ingested(store, worker, one=f"{SECRET}\n\n# Pump\n\n{PUMP}")
    [secret] = store.quarantine.of(document_id("c", "one.md"))
    store.quarantine.release("c", [secret.chunk.id])
    job = ingested(store, worker, one=f"# Ferry\n\n{FERRY}\n\n{SECRET}\n\n# Pump\n\n{PUMP}")
    assert job.counts.replaced == 1
    assert held(store, "one") == []
    assert any(KEY in chunk.text for chunk in chunks(store, "one"))
