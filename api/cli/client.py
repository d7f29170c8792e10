"""A client of the HTTP API, typed with the API's own schemas; the command line and the demo use it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import httpx

from api.http.schemas.explain import ExplainIn
from api.http.schemas.jobs import JobOut, JobStarted
from api.http.schemas.query import QueryIn, QueryOut
from api.http.schemas.search import ExplainOut, SearchIn, SearchOut
from rag.errors import RagError

TIMEOUT_S = 300.0
"""A question may wait for models that are being loaded, or for a slow language model."""


class ServiceError(RagError):
    """The service answered with an error, whose code and status this one takes over."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message, code=code)
        self.status = status


class Unreachable(RagError):
    """No service answers at the address."""

    code = "service_unreachable"
    status = 503


class Client:
    """One service; without a key only `ready` works.

    Every other method raises ServiceError for an error answer, Unreachable for none.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ready(self) -> bool:
        """Whether the service can answer questions now; False also while nothing listens yet."""
        try:
            return self._http.get("/ready", timeout=5.0).status_code == 200
        except httpx.HTTPError:
            return False

    def search(self, request: SearchIn) -> SearchOut:
        """POST /v1/search."""
        return SearchOut.model_validate_json(self._post("/v1/search", request.model_dump_json()).content)

    def explain(self, request: ExplainIn) -> ExplainOut:
        """POST /v1/explain."""
        return ExplainOut.model_validate_json(self._post("/v1/explain", request.model_dump_json()).content)

    def query(self, request: QueryIn) -> QueryOut:
        """POST /v1/query."""
        return QueryOut.model_validate_json(self._post("/v1/query", request.model_dump_json()).content)

    def create_collection(self, name: str, description: str = "") -> None:
        """POST /v1/collections."""
        self._post("/v1/collections", json.dumps({"name": name, "description": description}))

    def upload(self, collection: str, folder: Path, files: Sequence[Path]) -> JobOut:
        """POST the files as one multipart request; each source is the path relative to `folder`."""
        parts = [("files", (path.relative_to(folder).as_posix(), path.read_bytes())) for path in files]
        answer = self._send("POST", f"/v1/collections/{collection}/documents", files=parts)
        return JobStarted.model_validate_json(answer.content).job

    def follow(self, job: JobOut, interval_s: float = 0.2) -> Iterator[JobOut]:
        """The job as it goes on; the last one has ended."""
        while job.status in ("queued", "running"):
            yield job
            time.sleep(interval_s)
            job = JobOut.model_validate_json(self._send("GET", f"/v1/jobs/{job.id}").content)
        yield job

    def _post(self, path: str, body: str) -> httpx.Response:
        return self._send("POST", path, content=body.encode(), headers={"Content-Type": "application/json"})

    def _send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, path, content=content, headers=headers, files=files)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url} does not answer: {error or type(error).__name__}.") from error
        if answer.is_error:
            raise _service_error(answer)
        return answer


def _service_error(answer: httpx.Response) -> ServiceError:
    try:
        error = answer.json()["error"]
        message, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        message, code = answer.text[:200], "http_error"
    return ServiceError(message, code=code, status=answer.status_code)
