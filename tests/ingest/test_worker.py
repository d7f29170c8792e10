"""Jobs end to end: the real store, encoder and parser processes."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from ingest.handler import ingest_worker
from ingest.submit import submit_folder, submit_uploads
from ingest.types import SyncOptions, Upload
from jobs.progress import Progress, follow
from jobs.worker import Worker
from rag.errors import InvalidInput, NotFound
from rag.models.types import Encoder
from rag.settings import Settings
from rag.store import Store, document_id
from rag.types import Job, JobCounts
from tests.ingest.making import HANDBOOK

FOLLOW = SyncOptions(delete_missing=True)


def ended(store: Store, worker: Worker, job: Job) -> Job:
    worker.drain()
    return store.jobs.get(job.id)


def test_the_handbook_becomes_documents_whose_chunks_are_their_text(store: Store, worker: Worker) -> None:
    job = ended(store, worker, submit_folder(store, "c", HANDBOOK))
    assert (job.status, job.counts) == ("succeeded", JobCounts(total=9, added=9))
    records, _ = store.documents.page("c")
    assert [record.document.source for record in records] == sorted(path.name for path in HANDBOOK.iterdir())
    for record in records:
        text, chunks = store.documents.text(record.document.id), store.chunks.of(record.document.id)
        assert chunks
        assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
        assert all(chunk.text == text[chunk.start : chunk.end] for chunk in chunks)
    manual = store.chunks.of(document_id("c", "tern-manual.pdf"))
    assert next(chunk.page for chunk in manual if "red valve marked F2" in chunk.text) == 2
    assert next(chunk.page for chunk in manual if "2.4 bar" in chunk.text) == 1


def test_a_folder_that_did_not_change_is_left_alone_and_changes_are_followed(
    store: Store, worker: Worker, folder: Path
) -> None:
    assert ended(store, worker, submit_folder(store, "c", folder, FOLLOW)).counts.added == 3
    version = store.changes.version("c")
    assert ended(store, worker, submit_folder(store, "c", folder, FOLLOW)).counts == JobCounts(3, unchanged=3)
    assert store.changes.version("c") == version
    (folder / "two.md").write_text("# Two\n\nThis page has been written anew.\n")
    (folder / "three.md").unlink()
    (folder / "four.md").write_text("# Four\n\nA new page.\n")
    counts = ended(store, worker, submit_folder(store, "c", folder, FOLLOW)).counts
    assert counts == JobCounts(total=4, added=1, replaced=1, unchanged=1, removed=1)
    assert list(store.documents.sources("c")) == ["four.md", "one.md", "two.md"]
    assert "written anew" in store.documents.text(document_id("c", "two.md"))


def test_without_delete_missing_vanished_files_stay(store: Store, worker: Worker, folder: Path) -> None:
    ended(store, worker, submit_folder(store, "c", folder))
    (folder / "one.md").unlink()
    job = ended(store, worker, submit_folder(store, "c", folder))
    assert (job.status, job.counts) == ("succeeded", JobCounts(total=2, unchanged=2))
    assert "one.md" in store.documents.sources("c")


def test_one_bad_file_is_a_failed_row_and_the_rest_go_on(store: Store, worker: Worker, folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 nothing more")
    job = ended(store, worker, submit_folder(store, "c", folder))
    assert (job.status, job.counts) == ("partial", JobCounts(total=4, added=3, failed=1))
    assert [(error.source, error.code) for error in job.errors] == [("bad.pdf", "truncated_file")]
    record = store.documents.find("c", "bad.pdf")
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "truncated_file")


def test_a_job_of_bad_files_has_failed_and_retry_reads_the_mended_ones(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.md").write_text(" ")
    job = ended(store, worker, submit_folder(store, "c", tmp_path / "bad"))
    assert (job.status, job.errors[0].code) == ("failed", "empty_document")
    (tmp_path / "bad" / "a.md").write_text("# Mended")
    store.jobs.retry(job.id)
    job = ended(store, worker, job)
    assert (job.status, job.counts) == ("succeeded", JobCounts(total=1, added=1))


def test_an_earlier_version_survives_a_file_that_became_unreadable(
    store: Store, worker: Worker, folder: Path
) -> None:
    ended(store, worker, submit_folder(store, "c", folder))
    good = (folder / "one.md").read_bytes()
    (folder / "one.md").write_bytes(bytes(range(256)))
    assert ended(store, worker, submit_folder(store, "c", folder)).status == "partial"
    record = store.documents.find("c", "one.md")
    assert record is not None
    assert (record.status, record.error_code) == ("ready", "mislabelled_file")
    assert "the number one" in store.documents.text(record.document.id)
    (folder / "one.md").write_bytes(good)
    assert ended(store, worker, submit_folder(store, "c", folder)).status == "succeeded"
    record = store.documents.find("c", "one.md")
    assert record is not None
    assert record.error_code is None


def test_uploads_keep_what_the_client_says_of_them(store: Store, worker: Worker) -> None:
    page = Upload("notes/7", b"## Seven\n\nA page.", "text/markdown", "My title", {"year": 2026})
    job = ended(store, worker, submit_uploads(store, "c", [page, Upload("data.json", b"{}")]))
    assert (job.status, job.counts.added) == ("succeeded", 2)
    record = store.documents.find("c", "notes/7")
    assert record is not None
    document = record.document
    assert (document.title, document.media_type) == ("My title", "text/markdown")
    assert document.metadata == {"year": 2026}
    assert store.documents.text(document.id).startswith("Seven")
    assert ended(store, worker, submit_uploads(store, "c", [page])).counts == JobCounts(1, unchanged=1)
    renamed = Upload(page.source, page.content, page.media_type, "Another title")
    assert ended(store, worker, submit_uploads(store, "c", [renamed])).counts == JobCounts(1, replaced=1)


def test_a_cancelled_job_stops_and_a_retry_takes_it_up_again(
    store: Store, worker: Worker, folder: Path
) -> None:
    job = submit_folder(store, "c", folder)
    worker.drain(lambda progress: store.jobs.cancel(progress.job.id) and None)
    job = store.jobs.get(job.id)
    assert (job.status, job.counts.added) == ("cancelled", 1)
    assert len(store.documents.sources("c")) == 1
    store.jobs.retry(job.id)
    job = ended(store, worker, job)
    assert (job.status, job.counts.added, len(store.documents.sources("c"))) == ("succeeded", 3, 3)


def test_a_collection_deleted_under_a_job_ends_it(store: Store, worker: Worker, folder: Path) -> None:
    job = submit_folder(store, "c", folder)
    worker.drain(lambda progress: store.collections.delete("c"))
    assert store.jobs.get(job.id).status == "cancelled"
    with pytest.raises(NotFound):
        store.documents.sources("c")


def test_progress_counts_up_to_the_total(store: Store, worker: Worker, folder: Path) -> None:
    submit_folder(store, "c", folder)
    seen: list[Progress] = []
    worker.drain(seen.append)
    assert [(each.done, each.total, each.chunks) for each in seen] == [(1, 3, 1), (2, 3, 2), (3, 3, 3)]
    assert {each.source for each in seen} == {"one.md", "two.md", "three.md"}
    assert seen[-1].chunks_per_second > 0


def test_a_running_worker_finds_the_job(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    job, stop = submit_folder(store, "c", folder), threading.Event()
    with ingest_worker(settings, store, encoder) as worker:
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        *_, last = follow(store, job.id, 0.05)
        later = submit_folder(store, "c", folder)
        *_, again = follow(store, later.id, 0.05)
        stop.set()
        thread.join()
    assert (last.job.status, last.done, last.chunks) == ("succeeded", 3, 3)
    assert again.job.counts == JobCounts(total=3, unchanged=3)


def test_what_cannot_be_carried_out_is_refused_at_once(store: Store, folder: Path) -> None:
    with pytest.raises(NotFound):
        submit_folder(store, "nowhere", folder)
    with pytest.raises(InvalidInput) as caught:
        submit_folder(store, "c", folder / "gone")
    assert caught.value.code == "path_not_found"
    with pytest.raises(InvalidInput) as caught:
        submit_folder(store, "c", folder / "one.md", FOLLOW)
    assert caught.value.code == "not_a_folder"
    assert store.jobs.newest() == []


def test_an_empty_folder_is_a_job_that_succeeds(store: Store, worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert ended(store, worker, submit_folder(store, "c", tmp_path / "empty")).status == "succeeded"


def test_a_file_that_went_while_the_job_waited_is_a_named_failure(
    store: Store, worker: Worker, folder: Path
) -> None:
    job = submit_folder(store, "c", folder)
    shutil.rmtree(folder)
    job = ended(store, worker, job)
    assert (job.status, {error.code for error in job.errors}) == ("failed", {"file_not_found"})
