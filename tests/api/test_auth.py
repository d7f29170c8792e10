"""Keys and roles."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import httpx
import pytest

from api.http.app import create_app
from api.http.auth import KeyFileError, admin_key, bearer
from rag.errors import Unauthorized
from rag.settings import Settings
from tests.api.service import ADMIN, Live

ADMIN_ONLY = {("post", "/v1/collections"), ("delete", "/v1/collections/{collection}")}
WRITE = {
    ("post", "/v1/collections/{collection}/documents"),
    ("post", "/v1/collections/{collection}/sync"),
    ("post", "/v1/collections/{collection}/adapt"),
    ("put", "/v1/collections/{collection}/curation"),
    ("get", "/v1/collections/{collection}/quarantine"),
    ("post", "/v1/collections/{collection}/quarantine/release"),
    ("post", "/v1/collections/{collection}/adapt/rollback"),
    ("post", "/v1/collections/{collection}/reembed"),
    ("delete", "/v1/documents/{document_id}"),
    ("post", "/v1/jobs/{job_id}/cancel"),
    ("post", "/v1/jobs/{job_id}/retry"),
    ("post", "/v1/evaluations"),
    ("get", "/v1/collections/{collection}/online/answers"),
    ("delete", "/v1/collections/{collection}/online"),
}
BODIES: dict[str, dict[str, object]] = {
    "/v1/collections": {"name": "new"},
    "/v1/collections/{collection}/sync": {"path": "/"},
    "/v1/search": {"collection": "manuals", "query": "pump"},
    "/v1/explain": {"collection": "manuals", "query": "pump", "chunk_id": "x"},
    "/v1/query": {"collection": "manuals", "question": "pump?"},
    "/v1/chat/completions": {"model": "manuals", "messages": [{"role": "user", "content": "pump?"}]},
    "/v1/evaluations": {"collection": "manuals", "cases": [{"question": "pump?"}]},
}


def operations() -> list[tuple[str, str]]:
    """Every guarded (method, path) of the application."""
    paths = create_app(Settings(api_key=ADMIN)).openapi()["paths"]
    return [(method, path) for path, item in paths.items() if path.startswith("/v1") for method in item]


def call(client: httpx.Client, method: str, path: str, document: str = "x") -> httpx.Response:
    url = path.format(
        collection="manuals", document_id=document, job_id="x", model="manuals", evaluation_id="x"
    )
    body = BODIES.get(path, {}) if method == "post" else None
    return client.request(method, url, json=body)


@pytest.mark.parametrize(("method", "path"), operations())
@pytest.mark.parametrize("header", [None, "Bearer", "Basic dXNlcjpwYXNz", f"Bearer {ADMIN}x", "Bearer \xe4"])
def test_no_call_without_a_key(live: Live, method: str, path: str, header: str | None) -> None:
    with live.client(key=None) as client:
        if header is not None:
            client.headers["Authorization"] = header
        response = call(client, method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["error"]["request_id"] == response.headers["x-request-id"]


def test_some_paths_need_none(live: Live) -> None:
    with live.client(key=None) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code in (200, 503)
        assert client.get("/openapi.json").status_code == 200
        assert client.get("/v1").status_code == 401
        assert client.get("/mcp").status_code == 401


@pytest.fixture
def reader(live: Live) -> Iterator[httpx.Client]:
    with live.client(live.runtime.store.keys.add("reader", "read")) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), sorted(ADMIN_ONLY | WRITE))
def test_a_reader_may_not_change_anything(reader: httpx.Client, method: str, path: str) -> None:
    response = call(reader, method, path)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize(("method", "path"), sorted(ADMIN_ONLY))
def test_a_writer_is_no_admin(live: Live, method: str, path: str) -> None:
    with live.client(live.runtime.store.keys.add("writer", "write")) as client:
        assert call(client, method, path).status_code == 403


def test_every_other_call_is_a_readers(reader: httpx.Client) -> None:
    for method, path in set(operations()) - ADMIN_ONLY - WRITE:
        assert call(reader, method, path).status_code != 403, path


LISTS = {("get", f"/v1/{name}") for name in ("collections", "evaluations", "jobs", "models")}


def test_a_key_for_one_collection_sees_no_other(live: Live) -> None:
    """Whatever a route takes the collection from, a key for another one finds nothing there."""
    document = live.runtime.store.documents.page("manuals")[0][0].document.id
    with live.client(live.runtime.store.keys.add("narrow", "admin", ["other"])) as client:
        for method, path in operations():
            if path in ("/v1/read", "/v1/check", "/v1/rerank", "/v1/embeddings"):
                continue  # these touch no collection
            response = call(client, method, path, document)
            if (method, path) in LISTS:
                assert response.status_code == 200
                assert "manuals" not in response.text
            else:
                assert response.status_code in (403, 404), (method, path, response.text)
                assert "bar" not in response.text
    with live.client(live.runtime.store.keys.add("nowhere", "admin", [])) as client:
        assert client.get("/v1/collections").json() == {"collections": []}
        assert client.get("/v1/jobs").json() == {"jobs": []}
    assert live.runtime.store.documents.get(document).status == "ready"


def test_a_revoked_key_ends_at_once(live: Live) -> None:
    store = live.runtime.store
    with live.client(store.keys.add("short-lived", "read")) as client:
        assert client.get("/v1/collections").status_code == 200
        listed = store.keys.all()
        store.keys.revoke(next(key.id for key in listed if key.name == "short-lived"))
        assert client.get("/v1/collections").status_code == 401


def test_the_first_start_makes_a_key_once(settings: Settings) -> None:
    key, created = admin_key(settings)
    path = settings.data / "api_key"
    assert created
    assert len(key) > 32
    assert path.read_text().strip() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert admin_key(settings) == (key, False)
    assert [p.name for p in settings.data.iterdir()] == ["api_key"]


def test_a_key_that_is_set_is_taken(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data")
    assert admin_key(Settings(data=folder, api_key="from-the-settings")) == ("from-the-settings", False)
    assert not list(folder.iterdir())
    # an empty variable must not mean that an empty key opens everything
    assert admin_key(Settings(data=folder, api_key=""))[1]


def test_an_empty_key_file_is_refused(settings: Settings) -> None:
    settings.data.mkdir()
    (settings.data / "api_key").write_text("\n")
    with pytest.raises(KeyFileError):
        admin_key(settings)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Token abc", "bearer    "])
def test_headers_without_a_key(header: str | None) -> None:
    with pytest.raises(Unauthorized):
        bearer(header)


def test_the_scheme_has_no_case() -> None:
    assert bearer("bearer abc") == "abc"
