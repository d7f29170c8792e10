"""A real Footnote service as a child process, for measuring what a user meets."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from eval.corpus import CorpusDocument
from eval.environment import children
from rag.errors import RagError

START_S = 120.0
STOP_S = 30.0
POLL_S = 0.05
UPLOAD_BATCH = 500
FINAL = frozenset({"succeeded", "partial", "failed", "cancelled"})


class ServiceFailed(RagError):
    """The service that was to be measured did not start or refused a call; the text has its last words."""

    code = "service_failed"


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers: `seconds_to_ready` from its start to the first 200 of /ready."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    seconds_to_ready: float

    @property
    def pid(self) -> int:
        """Of the service itself."""
        return self.process.pid

    def worker_pid(self) -> int | None:
        """The child process that ingests, as Linux lists it; None where there is none or no /proc."""
        return next((pid for pid in children(self.pid) if _is_worker(pid)), None)

    def stop(self) -> None:
        """End it as a user would; kill it when that takes longer than half a minute."""
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def service(data: Path, *, worker: bool = True, sync_root: Path | None = None) -> Iterator[Running]:
    """Run `footnote serve` on a free port of this machine over `data` until the block ends.

    Raises ServiceFailed as `start` does.
    """
    running = start(data, worker=worker, sync_root=sync_root)
    try:
        yield running
    finally:
        running.stop()


def start(data: Path, *, worker: bool = True, sync_root: Path | None = None) -> Running:
    """Start `footnote serve` with a new admin key, and wait until it is ready; whoever calls this stops it.

    Raises ServiceFailed with what it wrote last when it does not become ready within two minutes.
    """
    data.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(24)
    environment = {**os.environ, "FOOTNOTE_API_KEY": key}
    if sync_root is not None:
        environment["FOOTNOTE_SYNC_ROOTS"] = str(sync_root.resolve())
    command = [sys.executable, "-m", "api.cli.main", "serve", "--data", str(data), "--port", "0"]
    with (data / "service.log").open("w+b") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            [*command, "--worker" if worker else "--no-worker"], env=environment, stdout=log, stderr=log
        )
        try:
            url = _wait_ready(process, data, started, log)
        except BaseException:
            process.kill()
            process.wait()
            raise
    seconds = time.monotonic() - started
    # trust_env=False: a proxy for the outside world must not be asked about this machine.
    headers = {"Authorization": f"Bearer {key}"}
    client = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
    return Running(client, process, seconds)


def call(running: Running, method: str, path: str, body: object = None) -> dict[str, object]:
    """One API call; its JSON object. Raises ServiceFailed for any status but 2xx."""
    answer = running.client.request(method, path, json=body)
    if not answer.is_success:
        raise ServiceFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
    found = answer.json()
    if not isinstance(found, dict):
        raise ServiceFailed(f"{method} {path} answered no object: {answer.text[:300]}")
    return found


def upload(running: Running, collection: str, documents: Sequence[CorpusDocument]) -> list[str]:
    """Upload documents as JSON; the ids of the jobs that will ingest them. Blank ones are left out."""
    whole = [document for document in documents if document.text.strip()]
    batches = [whole[start : start + UPLOAD_BATCH] for start in range(0, len(whole), UPLOAD_BATCH)]
    path = f"/v1/collections/{collection}/documents"
    return [
        job_id(call(running, "POST", path, {"documents": [_body(one) for one in batch]})) for batch in batches
    ]


def job_id(answer: dict[str, object]) -> str:
    """The id of the job in a 202 answer."""
    job = answer.get("job")
    if not isinstance(job, dict):
        raise ServiceFailed(f"No job in {json.dumps(answer)[:300]}")
    return str(job["id"])


def wait_for(running: Running, jobs: Sequence[str]) -> list[dict[str, object]]:
    """The jobs once all have ended, in whatever way."""
    return [_ended(running, job) for job in jobs]


def has_ended(running: Running, job: str) -> bool:
    """Whether a job is no longer queued or running."""
    return call(running, "GET", f"/v1/jobs/{job}").get("status") in FINAL


def _ended(running: Running, job: str) -> dict[str, object]:
    while True:
        found = call(running, "GET", f"/v1/jobs/{job}")
        if found.get("status") in FINAL:
            return found
        time.sleep(POLL_S)


def _body(document: CorpusDocument) -> dict[str, str]:
    return {"source": document.id, "title": document.title, "text": document.text}


def _wait_ready(process: subprocess.Popen[bytes], data: Path, started: float, log: IO[bytes]) -> str:
    while time.monotonic() - started < START_S and process.poll() is None:
        url = _published_url(data, process.pid)
        if url and _is_ready(url):
            return url
        time.sleep(POLL_S)
    log.seek(0)
    words = log.read()[-1500:].decode(errors="replace")
    raise ServiceFailed(f"The service did not become ready in {START_S:.0f} s; it wrote:\n{words}")


def _published_url(data: Path, pid: int) -> str | None:
    """Where the service says it listens, in the record that it keeps beside its data."""
    try:
        record = json.loads((data / "service.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return str(record["url"]) if record["pid"] == pid else None


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _is_worker(pid: int) -> bool:
    try:
        return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def put_product(data: Path, collection: str, documents: Sequence[CorpusDocument]) -> None:
    """As a user's upload to a running service: parsed, split and embedded by its worker; a document then
    stands in a ranking where its best chunk does.
    """
    with service(data) as running:
        call(running, "POST", "/v1/collections", {"name": collection})
        for job in wait_for(running, upload(running, collection, documents)):
            if job["status"] != "succeeded":
                raise ServiceFailed(f"Ingest of {collection} ended as {job['status']}: {job.get('errors')}")
