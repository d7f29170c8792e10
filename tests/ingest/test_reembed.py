"""Another encoder for a collection, with the real store, service and two shipped encoders."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.embed import passage
from ingest.handler import IngestHandler, ingest_worker
from ingest.reembed import LeftoverVectors, ReembedHandler, context_of, reembed_worker, submit
from ingest.submit import submit_folder, submit_uploads
from ingest.types import SyncOptions, Upload
from jobs.progress import Progress, follow
from jobs.worker import Worker
from rag.errors import Conflict, IndexMismatch, ModelError, NotFound
from rag.models.registry import load_encoder
from rag.models.types import Encoder
from rag.service import Service, open_service
from rag.settings import Settings
from rag.store import NewChunk, NewDocument, NewProfile, Store, UnembeddedChunk, document_id
from rag.types import BoundEncoder, Document, Query
from tests.ingest.making import HANDBOOK, settings_in

MARKDOWN = SyncOptions(include=("*.md",))
OLD, NEW = "footnote-encoder", "footnote-edge"
LATE = Upload("late.md", b"# Whales\n\nA whale was seen from the ferry while vectors were being made.\n")
QUESTIONS = ("How many cars does the Tern carry?", "whale", "What must the crew do when there is a fire?")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data").model_copy(update={"reader_candidates": 0})


@pytest.fixture(scope="session")
def edge() -> Encoder:
    return load_encoder(NEW, settings_in(Path("unused")))


@pytest.fixture
def service(settings: Settings, store: Store) -> Iterator[Service]:
    with open_service(settings, store) as service:
        yield service


def fill(store: Store, settings: Settings, encoder: Encoder, *uploads: Upload) -> None:
    """The handbook's Markdown, whose parser starts at once, and what is uploaded."""
    submit_folder(store, "c", HANDBOOK, MARKDOWN)
    if uploads:
        submit_uploads(store, "c", uploads)
    with ingest_worker(settings, store, encoder) as worker:
        worker.drain()


def bound(store: Store) -> str:
    found = store.collections.get("c").encoder
    assert found is not None
    return found.name


def vectors(store: Store, encoder: Encoder) -> dict[str, np.ndarray]:
    """Of every chunk by its id, under this encoder."""
    ids = [record.document.id for record in store.documents.page("c")[0]]
    found = store.changes.embedded(ids, encoder.info.name, encoder.info.revision)
    return {each.chunk.id: each.dense for each in found}


def hits(service: Service, question: str) -> list[tuple[str, float]]:
    found, _ = service.searcher.search(Query(question, "c", 5))
    return [(hit.chunk.id, round(hit.score, 3)) for hit in found]


def test_searches_go_on_and_end_like_those_of_a_fresh_collection(
    store: Store, settings: Settings, service: Service, encoder: Encoder, edge: Encoder, tmp_path: Path
) -> None:
    fill(store, settings, encoder)
    before = {question: hits(service, question) for question in QUESTIONS}
    seen: list[str] = []

    def meanwhile(progress: Progress) -> None:
        if progress.job.kind != "reembed":
            return
        if progress.done == 0:
            assert {question: hits(service, question) for question in QUESTIONS} == before
            late = submit_uploads(store, "c", [LATE])
            *_, ingested = follow(store, late.id)
            assert ingested.job.counts.added == 1
        assert all(hits(service, question) for question in QUESTIONS)
        seen.append(service.searcher.open("c").encoder.info.name)

    job = submit(store, settings, "c", NEW)
    handlers = IngestHandler(settings, store, encoder), ReembedHandler(settings, store, keep_old_s=0)
    with Worker(store, handlers[0], [handlers[1]], [LeftoverVectors(store)]) as worker:
        worker.drain(meanwhile)
    assert set(seen) == {OLD}, "the old index serves until the switch"
    ended = store.jobs.get(job.id)
    assert (ended.status, ended.kind, ended.counts.replaced) == ("succeeded", "reembed", ended.counts.total)
    assert service.indexes.catch_up("c")
    assert service.searcher.open("c").encoder.info.name == bound(store) == NEW
    assert store.audit.problems() == []
    assert store.reembedding.running() == {}
    assert vectors(store, encoder) == {}

    fresh_settings = settings_in(tmp_path / "fresh").model_copy(
        update={"encoder": NEW, "reader_candidates": 0}
    )
    with Store.open(fresh_settings.store_url) as fresh:
        fresh.collections.create("c")
        fill(fresh, fresh_settings, edge, LATE)
        theirs, ours = vectors(fresh, edge), vectors(store, edge)
        assert theirs.keys() == ours.keys()
        for key, vector in theirs.items():
            np.testing.assert_array_equal(ours[key], vector, err_msg=key)
        with open_service(fresh_settings, fresh) as other:
            for question in QUESTIONS:
                assert hits(service, question) == hits(other, question)


def test_searches_of_another_thread_never_fail(
    store: Store, settings: Settings, service: Service, encoder: Encoder
) -> None:
    fill(store, settings, encoder)
    names, stop, failures = list[str](), threading.Event(), list[Exception]()

    def search() -> None:
        while not stop.is_set():
            try:
                assert hits(service, QUESTIONS[0])
                names.append(service.searcher.open("c").encoder.info.name)
            except Exception as error:  # noqa: BLE001 - whatever it is
                failures.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    submit(store, settings, "c", NEW)
    reembed_worker(settings, store).drain()
    service.indexes.catch_up("c")
    hits(service, QUESTIONS[0])
    stop.set()
    thread.join()
    assert failures == []
    changes = [pair for pair in pairwise(names) if pair[0] != pair[1]]
    assert changes in ([(OLD, NEW)], []), "one switch, and never back"
    assert service.searcher.open("c").encoder.info.name == NEW


def test_a_document_after_the_switch_gets_the_new_encoder(
    store: Store, settings: Settings, service: Service, encoder: Encoder, edge: Encoder
) -> None:
    fill(store, settings, encoder)
    submit(store, settings, "c", NEW)
    reembed_worker(settings, store).drain()
    submit_uploads(store, "c", [LATE])
    again = submit_folder(store, "c", HANDBOOK, MARKDOWN)
    with ingest_worker(settings, store, encoder) as worker:  # the settings still name the old one
        worker.drain()
    assert store.jobs.get(again.id).counts.unchanged == 3, "the same files are not read again"
    assert len(vectors(store, edge)) == store.collections.get("c").chunks
    service.indexes.catch_up("c")
    assert (
        hits(service, "whale seen from the ferry")[0][0] == store.chunks.of(document_id("c", "late.md"))[0].id
    )


def test_a_profile_of_the_old_encoder_is_left_out(
    store: Store, settings: Settings, service: Service, encoder: Encoder
) -> None:
    fill(store, settings, encoder)
    learned = '{"dense_weight": 1, "lexical_weight": 7, "late_weight": 0, "reader": null, "adapter": null}'
    profile = NewProfile(encoder.info.name, encoder.info.revision, learned, "{}", True)
    store.learned.add(store.collections.get("c"), profile)
    assert service.searcher.open("c").tuning.lexical_weight == 7
    submit(store, settings, "c", NEW)
    reembed_worker(settings, store).drain()
    service.indexes.catch_up("c")
    assert service.searcher.open("c").tuning.lexical_weight is None
    assert hits(service, QUESTIONS[0])


def test_cancelled_it_leaves_everything_as_it_was(
    store: Store, settings: Settings, service: Service, encoder: Encoder, edge: Encoder
) -> None:
    fill(store, settings, encoder)
    before = hits(service, QUESTIONS[0])
    job = submit(store, settings, "c", NEW)

    def cancel(progress: Progress) -> None:
        if progress.done:
            assert len(vectors(store, edge)) == progress.done
            store.jobs.cancel(job.id)

    reembed_worker(settings, store).drain(cancel)
    assert store.jobs.get(job.id).status == "cancelled"
    assert vectors(store, edge) == {}
    assert store.audit.problems() == []
    assert (bound(store), hits(service, QUESTIONS[0])) == (OLD, before)

    assert store.jobs.retry(job.id).status == "queued"
    reembed_worker(settings, store).drain()
    assert bound(store) == NEW


def test_a_collection_deleted_meanwhile_ends_the_job(
    store: Store, settings: Settings, encoder: Encoder
) -> None:
    fill(store, settings, encoder)
    job = submit(store, settings, "c", NEW)
    reembed_worker(settings, store).drain(lambda _: store.collections.delete("c"))
    assert store.jobs.get(job.id).status == "cancelled"
    assert store.audit.problems() == []


def test_what_cannot_be_done_is_refused(store: Store, settings: Settings, encoder: Encoder) -> None:
    fill(store, settings, encoder)
    with pytest.raises(NotFound):
        submit(store, settings, "none")
    with pytest.raises(ModelError):
        submit(store, settings, "c", "/no/such/model")
    with pytest.raises(Conflict) as same:
        submit(store, settings, "c")
    assert same.value.code == "already_embedded"
    submit(store, settings, "c", NEW)
    with pytest.raises(Conflict) as twice:
        submit(store, settings, "c", NEW)
    assert twice.value.code == "reembedding"


def test_a_model_that_is_gone_is_named(store: Store, service: Service, encoder: Encoder) -> None:
    store.collections.bind("c", "/models/gone", "r9", encoder.info.dimension or 0)
    with pytest.raises(IndexMismatch, match="/models/gone"):
        service.searcher.search(Query("x", "c", 1))
    assert service.searcher.search(Query("x", "c", 1, mode="lexical"))[0] == []


def test_an_empty_collection_is_bound(store: Store, settings: Settings) -> None:
    submit(store, settings, "c", NEW)
    reembed_worker(settings, store).drain()
    assert bound(store) == NEW


def many(store: Store, encoder: Encoder, count: int) -> list[str]:
    """One document of so many chunks, each a sentence with a context; the passages as encoders read them."""
    texts = [f"Ferry {number} leaves at {number % 24}:05 from berth {number % 7}." for number in range(count)]
    edges = np.cumsum([0, *(len(text) for text in texts)]).tolist()
    passages = [passage(f"Timetable > Berth {n % 7}", text) for n, text in enumerate(texts)]
    chunks = [
        NewChunk(
            n, edges[n], edges[n + 1], None, (), one.dense, one.tokens, context=f"Timetable > Berth {n % 7}"
        )
        for n, one in enumerate(encoder.encode_passages(passages))
    ]
    described = Document("", "c", "times.txt", "Times", "text/plain", "")
    info = encoder.info
    store.documents.put(NewDocument(described, "".join(texts), "1", chunks, info.name, info.revision))
    return passages


def test_killed_it_goes_on_where_it_was(
    store: Store, settings: Settings, encoder: Encoder, edge: Encoder
) -> None:
    passages = many(store, edge, 600)
    job = submit(store, settings, "c", OLD)
    code = (
        "import sys; from pathlib import Path; from tests.ingest.making import settings_in;"
        "from ingest.reembed import reembed_worker; from rag.store import Store;"
        "settings = settings_in(Path(sys.argv[1]));"
        "worker = reembed_worker(settings, Store.open(settings.store_url));"
        "worker.drain(lambda progress: print(progress.done, flush=True))"
    )
    command = [sys.executable, "-c", code, str(settings.data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()] == ["0\n", "256\n"]
    process.kill()
    process.wait()
    process.stdout.close()
    assert (store.jobs.get(job.id).status, bound(store)) == ("running", NEW)

    steps: list[int] = []
    reembed_worker(settings, store).drain(lambda progress: steps.append(progress.done))
    assert steps[0] in (256, 512), "what was done is not done again"
    assert steps[-1] == 600
    assert (store.jobs.get(job.id).status, bound(store)) == ("succeeded", OLD)
    assert store.audit.problems() == []
    fresh = np.stack([one.dense for one in encoder.encode_passages(passages)])
    found = store.changes.embedded([document_id("c", "times.txt")], encoder.info.name, encoder.info.revision)
    np.testing.assert_allclose(np.stack([each.dense for each in found]), fresh, atol=2e-3)


def test_a_worker_that_is_told_to_stop_leaves_the_job_to_the_next(
    store: Store, settings: Settings, encoder: Encoder, edge: Encoder
) -> None:
    many(store, edge, 300)
    job = submit(store, settings, "c", OLD)
    stop = threading.Event()
    worker = reembed_worker(settings, store)
    stop.set()
    worker.run(stop)
    assert store.jobs.get(job.id).status == "queued"
    worker.drain()
    assert bound(store) == OLD


@pytest.mark.parametrize(
    ("stored", "context"),
    [
        (UnembeddedChunk(1, "text", "Guide > Ships", "x", "x.md", ("Ships",)), "Guide > Ships"),
        (UnembeddedChunk(1, "text", "", "x", "x.md", ("Ships",)), ""),
        (UnembeddedChunk(1, "text", None, "Guide", "x.md", ("Guide", "Ships")), "Guide > Ships"),
        (UnembeddedChunk(1, "Ships\n\ntext", None, "x.md", "a/x.md", ("Guide", "Ships")), "Guide"),
    ],
)
def test_the_context_is_that_of_the_first_encoding_as_far_as_it_is_known(
    stored: UnembeddedChunk, context: str
) -> None:
    assert context_of(stored) == context


def test_the_collection_names_its_encoder(store: Store, settings: Settings, encoder: Encoder) -> None:
    assert store.collections.get("c").encoder is None
    fill(store, settings, encoder)
    info = encoder.info
    assert store.collections.all()[0].encoder == BoundEncoder(info.name, info.revision, info.dimension or 0)
