"""What DBOS is for: work that is tried again, shared, taken up from the dead, and stopped when asked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.handler import ingest_worker
from ingest.submit import submit_folder, submit_uploads
from ingest.types import Upload
from jobs.progress import follow
from rag.errors import ParseError, RagError, StoreError
from rag.models.types import EncodedPassage, Encoder, ModelInfo
from rag.settings import Settings
from rag.store import Store
from rag.types import JobCounts
from tests.contract.store_postgres import postgres_schema, postgres_server
from tests.ingest.making import settings_in

LINE = "This line tells about the ferry that leaves at nine and about the rain that fell on it. "


class Troubled:
    """The real encoder, but the passages named in `troubles` raise first, as often as there are errors."""

    def __init__(self, encoder: Encoder, troubles: dict[str, list[RagError]]) -> None:
        self._encoder = encoder
        self.troubles = troubles
        self.tries = 0

    @property
    def info(self) -> ModelInfo:
        return self._encoder.info

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self._encoder.token_spans(text)

    def encode_passages(self, texts: Sequence[str]) -> Sequence[EncodedPassage]:
        for name, errors in self.troubles.items():
            if any(name in text for text in texts):
                self.tries += 1
                if errors:
                    raise errors.pop(0)
        return self._encoder.encode_passages(texts)

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)


def carried(
    settings: Settings, store: Store, encoder: Encoder, folder: Path, trouble: list[RagError]
) -> tuple[JobCounts, int]:
    """The counts of a job in which the page "Two" met these errors, and how often it was tried."""
    troubled = Troubled(encoder, {"number two": trouble})
    job = submit_folder(store, "c", folder)
    with ingest_worker(settings, store, troubled) as worker:  # type: ignore[arg-type]
        worker.drain()
    return store.jobs.get(job.id).counts, troubled.tries


def test_what_may_pass_is_tried_again(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    trouble = [ParseError("The share is away.", code="remote_unavailable") for _ in range(2)]
    assert carried(settings, store, encoder, folder, list(trouble)) == (JobCounts(3, added=3), 3)


def test_what_does_not_pass_is_a_failed_file_in_the_end(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    trouble: list[RagError] = [ParseError("Away.", code="remote_unavailable") for _ in range(9)]
    assert carried(settings, store, encoder, folder, trouble) == (JobCounts(3, added=2, failed=1), 3)
    record = store.documents.find("c", "two.md")
    assert record is not None
    assert record.error_code == "remote_unavailable"


def test_what_cannot_pass_is_tried_once(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    trouble: list[RagError] = [ParseError("Broken.", code="corrupt_file")]
    assert carried(settings, store, encoder, folder, trouble) == (JobCounts(3, added=2, failed=1), 1)


def test_a_store_in_trouble_fails_no_file(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    """The batch breaks off, and is done when the store is well again."""
    trouble: list[RagError] = [StoreError("Full.", code="store_full")]
    assert carried(settings, store, encoder, folder, trouble) == (JobCounts(3, added=3), 2)


def test_nothing_is_left_behind_of_a_finished_job(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    with ingest_worker(settings, store, encoder) as worker:
        submit_folder(store, "c", folder)
        worker.drain()
        submit_folder(store, "c", folder)
        worker.drain()
    engine = store.side_engine()
    with engine.connect() as connection:
        left = connection.scalar(sa.text("SELECT count(*) FROM workflow_status"))
    engine.dispose()
    assert left is not None
    assert left <= 1  # the last job's, until the next worker comes


@pytest.mark.parametrize("stage", ["parse", "embed"])
def test_a_cancelled_job_leaves_the_file_at_hand(
    settings: Settings, store: Store, encoder: Encoder, stage: str
) -> None:
    long = LINE * 30_000 if stage == "embed" else "\n\n".join(f"- {LINE}{n}" for n in range(60_000))
    pages = [Upload("before.md", b"# Before\n\nA page."), Upload("long.md", long.encode())]
    job = submit_uploads(store, "c", [*pages, Upload("after.md", b"# After\n\nA page.")])
    begun = threading.Event()
    with ingest_worker(settings, store, encoder) as worker:
        thread = threading.Thread(target=worker.drain, args=(lambda _: begun.set(),))
        thread.start()
        assert begun.wait(60)
        time.sleep(0.5 if stage == "parse" else 3.0)
        store.jobs.cancel(job.id)
        since = time.monotonic()
        thread.join(60)
        seconds = time.monotonic() - since
    assert list(store.documents.sources("c")) == ["before.md"]
    assert store.jobs.get(job.id).counts == JobCounts(3, added=1)
    assert store.audit.problems() == []
    assert seconds < 30  # the file itself takes a minute


def test_a_deleted_collection_ends_its_job(
    settings: Settings, store: Store, encoder: Encoder, folder: Path
) -> None:
    submit_folder(store, "c", folder)
    with ingest_worker(settings, store, encoder) as worker:
        worker.drain(lambda _: store.collections.delete("c") and None)
    assert store.jobs.requests(["sync", "ingest"]) == []
    assert store.collections.all() == []


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    if request.param == "sqlite":
        yield settings.store_url
        return
    with postgres_server() as server, postgres_schema(server) as schema:
        yield schema


def start(data: Path, url: str) -> subprocess.Popen[str]:
    """A worker process that prints a line for each file that it has done."""
    code = (
        "import sys, threading; from pathlib import Path; from tests.ingest.making import settings_in;"
        "from ingest.handler import ingest_worker; from rag.store import Store;"
        "worker = ingest_worker(settings_in(Path(sys.argv[1])), Store.open(sys.argv[2]));"
        "print('ready', flush=True);"
        "worker.run(on_progress=lambda progress: print(progress.source, flush=True))"
    )
    command = [sys.executable, "-c", code, str(data), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True)


def test_workers_share_a_job_and_one_takes_up_what_a_dead_one_left(
    tmp_path: Path, folder: Path, url: str
) -> None:
    for number in range(150):
        (folder / f"page-{number}.md").write_text(f"# Page {number}\n\nWords of page {number}.\n")
    with Store.open(url) as store:
        store.collections.create("c")
        workers = [start(tmp_path / f"data-{n}", url) for n in range(2)]
        try:
            outputs = [worker.stdout for worker in workers]
            assert all(output is not None and output.readline() == "ready\n" for output in outputs)
            job = submit_folder(store, "c", folder)
            assert all(output is not None and output.readline().endswith(".md\n") for output in outputs)
            workers[0].kill()
            *_, last = follow(store, job.id, 0.1)
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
        counts, errors = last.job.counts, json.dumps([str(e) for e in last.job.errors])
        # one that was killed between a document's commit and its item's is found unchanged
        assert (counts.total, counts.added + counts.unchanged) == (153, 153), errors
        assert counts.unchanged <= 1
        assert last.job.status == "succeeded"
        assert store.collections.get("c").documents == 153
        assert len(store.changes.after("c", 0)) == 153  # none was written twice
        assert store.audit.problems() == []


def test_a_worker_waits_for_another_of_its_process(
    settings: Settings, store: Store, encoder: Encoder, folder: Path, tmp_path: Path
) -> None:
    with Store.open(settings_in(tmp_path / "other").store_url) as other:
        other.collections.create("c")
        jobs = [(each, submit_folder(each, "c", folder)) for each in (store, other)]
        workers = [ingest_worker(settings, each, encoder) for each in (store, other)]
        threads = [threading.Thread(target=worker.drain) for worker in workers]
        for thread in threads:
            thread.start()
        for thread, worker in zip(threads, workers, strict=True):
            thread.join()
            worker.close()
        assert [each.jobs.get(job.id).status for each, job in jobs] == ["succeeded", "succeeded"]
