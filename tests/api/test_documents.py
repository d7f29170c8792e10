"""Documents over HTTP: in, listed, read, replaced, out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.routes.sync import allowed_path, allowed_url
from api.http.uploads import file_name, source_name
from rag.errors import Forbidden, InvalidInput
from rag.settings import Settings
from tests.api.service import PUMP, Live


@pytest.fixture
def box(http: httpx.Client) -> Iterator[str]:
    """The documents path of an empty collection."""
    assert http.post("/v1/collections", json={"name": "box"}).status_code == 201
    yield "/v1/collections/box/documents"
    assert http.delete("/v1/collections/box").status_code == 204
    assert http.get("/v1/collections/box").status_code == 404


def found(http: httpx.Client, query: str, **more: object) -> list[str]:
    body = {"collection": "box", "query": query, **more}
    response = http.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    return [hit["source"] for hit in response.json()["hits"]]


def test_files_go_in_and_come_out(live: Live, http: httpx.Client, box: str) -> None:
    files = [
        ("files", ("docs/pump.md", PUMP.encode(), "text/markdown")),
        ("files", ("crane – Kran.txt", "Der Kran hebt 12 Tonnen. 🏗 Der Kran ist gelb.".encode())),
        ("files", ("empty.txt", b"")),
    ]
    response = http.post(box, files=files)
    assert response.status_code == 202
    job = response.json()["job"]
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert job["status"] == "queued"
    assert job["counts"]["total"] == 3
    live.work()

    job = http.get(response.headers["location"]).json()
    assert job["status"] == "partial"
    assert (job["counts"]["added"], job["counts"]["failed"]) == (2, 1)
    (error,) = job["errors"]
    assert error["source"] == "empty.txt"
    assert error["code"]
    assert error["message"]

    documents = {d["source"]: d for d in http.get(box).json()["documents"]}
    assert set(documents) == {"docs/pump.md", "crane – Kran.txt", "empty.txt"}
    failed = documents["empty.txt"]
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == error["code"]
    assert [d["source"] for d in http.get(box, params={"status": "failed"}).json()["documents"]] == [
        "empty.txt"
    ]

    crane = f"/v1/documents/{documents['crane – Kran.txt']['id']}"
    one = http.get(crane).json()
    assert one == documents["crane – Kran.txt"]
    assert one["status"] == "ready"
    assert one["quarantined"] == 0
    text = http.get(f"{crane}/content").json()["text"]
    assert "🏗 Der Kran ist gelb." in text
    assert one["characters"] == len(text)
    assert http.get(f"{crane}/content", headers={"Accept": "text/plain"}).text == text
    chunks = http.get(f"{crane}/chunks").json()["chunks"]
    assert len(chunks) == one["chunks"]
    assert all(chunk["text"] == text[chunk["start"] : chunk["end"]] for chunk in chunks)
    collection = http.get("/v1/collections/box").json()
    assert collection["documents"] >= 2
    assert collection["chunks"] == sum(d["chunks"] for d in documents.values())

    assert found(http, "Was hebt der Kran?")[0] == "crane – Kran.txt"
    assert http.delete(crane).status_code == 204
    assert "crane – Kran.txt" not in found(http, "Was hebt der Kran?")
    assert "crane – Kran.txt" not in found(http, "Kran", mode="lexical")
    assert http.get(crane).status_code == 404
    assert http.delete(crane).status_code == 404


def test_texts_as_json_are_replaced_and_filtered(live: Live, http: httpx.Client, box: str) -> None:
    def put(text: str, year: int) -> dict[str, int]:
        document = {
            "source": "notes/a",
            "text": text,
            "title": "Note A",
            "metadata": {"year": year, "tags": ["x"]},
        }
        response = http.post(box, json={"documents": [document]})
        assert response.status_code == 202
        live.work()
        return dict(http.get(response.headers["location"]).json()["counts"])

    assert put("The gate opens at nine.", 2020)["added"] == 1
    assert put("The gate opens at nine.", 2020)["unchanged"] == 1
    assert put("The gate opens at ten.", 2024)["replaced"] == 1
    (document,) = http.get(box).json()["documents"]
    assert document["title"] == "Note A"
    assert document["metadata"]["year"] == 2024
    assert (
        http.get(f"/v1/documents/{document['id']}/content").json()["text"].strip() == "The gate opens at ten."
    )
    assert found(http, "gate", filters={"year": {"gte": 2021}, "tags": "x"}) == ["notes/a"]
    assert found(http, "gate", filters={"year": {"lt": 2021}}) == []
    response = http.post("/v1/search", json={"collection": "box", "query": "gate", "filters": {"$nor": []}})
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_filter"


def test_pages_of_documents(live: Live, http: httpx.Client, box: str) -> None:
    names = [f"note-{n}" for n in range(5)]
    texts = [{"source": name, "text": f"This is the text of {name}."} for name in names]
    assert http.post(box, json={"documents": texts}).status_code == 202
    live.work()
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = http.get(box, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [d["source"] for d in page["documents"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert sorted(seen) == names
    for wrong in ({"limit": 0}, {"limit": 100_000}, {"status": "lost"}, {"cursor": "%%%"}):
        assert http.get(box, params=wrong).status_code == 422, wrong


def test_a_post_with_the_same_idempotency_key_starts_no_second_job(http: httpx.Client, box: str) -> None:
    body = {"documents": [{"source": "a", "text": "One."}]}
    headers = {"Idempotency-Key": "once-only"}
    first = http.post(box, json=body, headers=headers).json()["job"]["id"]
    assert http.post(box, json=body, headers=headers).json()["job"]["id"] == first
    other = http.post(box, json={"documents": [{"source": "b", "text": "Two."}]}, headers=headers)
    assert other.status_code == 409
    assert http.post(box, json=body).json()["job"]["id"] != first


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize(
    "name",
    [
        "../etc/passwd",
        "a/../../b.txt",
        "/etc/passwd",
        "..",
        "C:\\x.txt",
        "a\u0000b.txt",
        "a\u001bb",
        "x" * 1025,
    ],
)
def test_names_that_could_do_harm(http: httpx.Client, box: str, name: str) -> None:
    with pytest.raises(InvalidInput):
        file_name(name)
    documents = [{"source": "fine", "text": "x"}, {"source": name, "text": "x"}]
    if not name.startswith(("/", "C:")):  # as a source given by name these are only odd
        response = http.post(box, json={"documents": documents})
        assert response.status_code == 422
    assert http.get(box).json()["documents"] == []


def test_a_file_name_that_climbs(http: httpx.Client, box: str) -> None:
    files = [("files", ("good.txt", b"x")), ("files", ("../up.txt", b"x"))]
    refused(http.post(box, files=files), 422, "invalid_filename")
    assert not http.get("/v1/jobs", params={"collection": "box", "status": "queued"}).json()["jobs"]


def test_two_files_of_one_name(http: httpx.Client, box: str) -> None:
    files = [("files", ("a.txt", b"x")), ("files", ("a.txt", b"y"))]
    refused(http.post(box, files=files), 422, "duplicate_source")
    # the same name, once composed and once decomposed
    texts = [{"source": "é", "text": "x"}, {"source": "e\u0301", "text": "y"}]
    refused(http.post(box, json={"documents": texts}), 422, "duplicate_source")


def test_bodies_that_hold_no_documents(http: httpx.Client, box: str) -> None:
    refused(http.post(box, json={"documents": []}), 422, "invalid_request")
    refused(http.post(box, json={"documents": [{"source": "a"}]}), 422, "invalid_request")
    refused(
        http.post(box, data={"files": "not a file"}, files={"other": ("a.txt", b"x")}), 422, "invalid_request"
    )
    refused(
        http.post(box, content=b"x", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type"
    )
    refused(http.post(box), 415, "unsupported_media_type")
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert http.post(box, content=b"nonsense", headers=broken).status_code in (400, 422)
    refused(
        http.post("/v1/collections/none/documents", files={"files": ("a", b"x")}), 404, "collection_not_found"
    )


@given(st.text(max_size=40))
def test_a_name_is_refused_or_harmless(name: str) -> None:
    try:
        source = file_name(name)
    except InvalidInput as error:
        json.dumps(error.details).encode()  # even a lone surrogate can be told
        return
    assert source == source_name(source)
    assert not source.startswith("/")
    assert ".." not in source.split("/")
    assert source.isprintable() or all(c.isspace() or ord(c) > 127 for c in source if not c.isprintable())
    source.encode()


def test_sync_follows_a_folder(live: Live, http: httpx.Client, box: str) -> None:
    (root,) = live.settings.sync_roots
    folder = root / "one"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nThe anchor weighs two tons.\n")
    (folder / "b.md").write_text("# B\n\nThe rope is blue.\n")
    path = "/v1/collections/box/sync"

    def sync(**more: object) -> dict[str, int]:
        response = http.post(path, json={"path": str(folder), **more})
        assert response.status_code == 202, response.text
        live.work()
        job = http.get(response.headers["location"]).json()
        assert job["status"] == "succeeded"
        return dict(job["counts"])

    assert sync()["added"] == 2
    (folder / "b.md").unlink()
    (folder / "a.md").write_text("# A\n\nThe anchor weighs three tons.\n")
    assert sync(delete_missing=False)["removed"] == 0
    assert sync()["removed"] == 1
    assert found(http, "anchor rope") == ["a.md"]

    (root / "out").symlink_to("/etc")
    for outside in (
        "/etc",
        str(root / "one/../../.."),
        str(root) + "-not",
        str(root / "out"),
        "relative",
        "/nowhere",
        "memory://bucket/docs",
    ):
        refused(http.post(path, json={"path": outside}), 403, "path_not_allowed")
    refused(http.post(path, json={"path": str(root / "none")}), 422, "path_not_found")
    refused(http.post(path, json={"path": f"{root}/a\u0000b"}), 422, "invalid_request")


def test_sync_takes_patterns_and_keeps_documents_of_an_empty_folder(
    live: Live, http: httpx.Client, box: str
) -> None:
    (root,) = live.settings.sync_roots
    folder, path = root / "patterns", "/v1/collections/box/sync"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.log"):
        (folder / name).write_text(f"# Page\n\nThis page is {name}.\n")

    def sync(**more: object) -> dict[str, int]:
        response = http.post(path, json={"path": str(folder), **more})
        assert response.status_code == 202, response.text
        live.work()
        return dict(http.get(response.headers["location"]).json()["counts"])

    assert sync(exclude=["*.log"], include=["*.md", "*.log"])["added"] == 2
    (folder / "a.md").rename(folder / "z.md")
    counts = sync(exclude=["*.log"])
    assert (counts["total"], counts["moved"], counts["unchanged"]) == (2, 1, 1)
    refused(http.post(path, json={"path": str(folder), "include": ["!"]}), 422, "invalid_pattern")
    refused(http.post(path, json={"path": str(folder), "exclude": ["*"]}), 409, "empty_root")
    assert sync(exclude=["*"], allow_empty=True)["removed"] == 2


def test_a_sync_with_the_same_idempotency_key_starts_no_second_job(
    live: Live, http: httpx.Client, box: str
) -> None:
    root = live.settings.sync_roots[0] / "again"
    root.mkdir(exist_ok=True)
    (root / "a.md").write_text("# A\n\nOnce.\n")
    headers = {"Idempotency-Key": "sync-1"}
    posts = [
        http.post("/v1/collections/box/sync", json={"path": str(root)}, headers=headers) for _ in range(2)
    ]
    assert [post.status_code for post in posts] == [202, 202]
    assert posts[0].json()["job"]["id"] == posts[1].json()["job"]["id"]
    other = http.post(
        "/v1/collections/box/sync", json={"path": str(root), "exclude": ["b*"]}, headers=headers
    )
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    live.work()


def test_urls_may_be_read_below_their_roots_only() -> None:
    for url in (
        "memory://other/docs",
        "memory://bucket/docs-not",
        "file:///etc",
        "memory://bucket/docs/../x",
    ):
        with pytest.raises(Forbidden):
            allowed_url(url, ["memory://bucket/docs"])
    assert allowed_url("memory://bucket/docs/a", ["memory://bucket/docs"]) == "memory://bucket/docs/a"
    assert allowed_url("/srv/docs", ["memory://bucket/docs"]) is None
    assert Settings(sync_urls="s3://a/b, gs://c").sync_urls == ["s3://a/b", "gs://c"]


def test_without_roots_nothing_may_be_read(tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        allowed_path(str(tmp_path), [])
    assert allowed_path(str(tmp_path), [tmp_path]) == tmp_path.resolve()
