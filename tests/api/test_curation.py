"""Curation over HTTP: the policy, the flags, the quarantine and the way out of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.api.service import Live

KEY = "AKIA" + "Q3EGRIK5MZ4VWXYB"
OPEN = (
    "The control unit stands in the engine room behind the second pump, and is opened with a key that the "
    "first officer carries on board and the harbour master keeps on land."
)
SECRET = f"The cloud key of the control unit is {KEY}; it is used for backups of the log every night at four."
PAGE = f"# Control unit\n\n{OPEN}\n\n# Backups\n\n{SECRET}\n"
DEFAULTS = {
    "secret": "flag",
    "personal_data": "flag",
    "low_quality": "flag",
    "language": "flag",
    "boilerplate": "flag",
    "exact_duplicate": "flag",
    "near_duplicate": "flag",
    "languages": [],
}


@pytest.fixture
def box(http: httpx.Client) -> Iterator[str]:
    """The path of an empty collection."""
    assert http.post("/v1/collections", json={"name": "box"}).status_code == 201
    yield "/v1/collections/box"
    assert http.delete("/v1/collections/box").status_code == 204


def fill(live: Live, http: httpx.Client, box: str, **texts: str) -> dict[str, object]:
    """Ingest these texts; the finished job."""
    documents = [
        {"source": f"{name}.md", "text": text, "media_type": "text/markdown"} for name, text in texts.items()
    ]
    job = http.post(f"{box}/documents", json={"documents": documents}).json()["job"]
    live.work()
    finished: dict[str, object] = http.get(f"/v1/jobs/{job['id']}").json()
    return finished


def found(http: httpx.Client, query: str) -> list[dict[str, object]]:
    answer = http.post("/v1/search", json={"collection": "box", "query": query, "rerank": False})
    assert answer.status_code == 200, answer.text
    hits: list[dict[str, object]] = answer.json()["hits"]
    return hits


def test_the_policy_is_shown_and_set_as_a_whole(http: httpx.Client, box: str) -> None:
    assert http.get(f"{box}/curation").json() == DEFAULTS
    wanted = {"secret": "quarantine", "language": "flag", "languages": ["en", "de"]}
    assert http.put(f"{box}/curation", json=wanted).json() == {**DEFAULTS, **wanted}
    assert http.get(f"{box}/curation").json() == {**DEFAULTS, **wanted}
    assert http.put(f"{box}/curation", json={}).json() == DEFAULTS


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"secret": "drop"}, "invalid_request"),
        ({"secrets": "flag"}, "invalid_request"),
        ({"languages": ["english"]}, "invalid_request"),
        ({"languages": ["xx"]}, "unknown_language"),
    ],
)
def test_what_is_no_policy_is_refused(http: httpx.Client, box: str, body: object, code: str) -> None:
    answer = http.put(f"{box}/curation", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert http.get(f"{box}/curation").json() == DEFAULTS


def test_flags_are_shown_with_chunks_hits_and_job(live: Live, http: httpx.Client, box: str) -> None:
    job = fill(live, http, box, unit=PAGE)
    assert job["curation"] == {"secret": 1}
    [hit, *_] = [hit for hit in found(http, "cloud key of the control unit") if KEY in str(hit["text"])]
    document = hit["document_id"]
    text = http.get(f"/v1/documents/{document}/content").json()["text"]
    chunks = http.get(f"/v1/documents/{document}/chunks").json()["chunks"]
    flags = [flag for chunk in chunks for flag in chunk["flags"]]
    assert flags == hit["flags"]
    [flag] = flags
    assert flag["reason"] == "secret"
    assert text[flag["start"] : flag["end"]] == KEY
    assert KEY not in flag["text"]


def test_the_quarantine_is_listed_and_released(live: Live, http: httpx.Client, box: str) -> None:
    http.put(f"{box}/curation", json={"secret": "quarantine"})
    job = fill(live, http, box, unit=PAGE)
    assert job["counts"]["quarantined"] == 1  # type: ignore[index]
    assert not any(KEY in str(hit["text"]) for hit in found(http, "cloud key of the control unit"))
    [held] = http.get(f"{box}/quarantine").json()["chunks"]
    assert (held["reason"], held["source"]) == ("secret", "unit.md")
    assert KEY in held["text"]
    assert http.get(f"{box}/quarantine", params={"reason": "boilerplate"}).json()["chunks"] == []

    body = {"chunk_ids": [held["chunk_id"]]}
    assert http.post(f"{box}/quarantine/release", json=body).json() == {"released": 1}
    assert http.get(f"{box}/quarantine").json() == {"chunks": [], "next_cursor": None}
    assert any(KEY in str(hit["text"]) for hit in found(http, "cloud key of the control unit"))
    job = fill(live, http, box, unit=f"# Spring\n\n{OPEN} It was renewed in spring.\n\n{PAGE}")
    assert job["counts"]["replaced"] == 1  # type: ignore[index]
    assert http.get(f"{box}/quarantine").json()["chunks"] == []


def test_a_policy_holds_at_once_for_what_was_flagged(live: Live, http: httpx.Client, box: str) -> None:
    fill(live, http, box, unit=PAGE)
    http.put(f"{box}/curation", json={"secret": "quarantine"})
    assert not any(KEY in str(hit["text"]) for hit in found(http, "cloud key of the control unit"))
    http.put(f"{box}/curation", json={})
    assert any(KEY in str(hit["text"]) for hit in found(http, "cloud key of the control unit"))


def test_what_is_not_there_cannot_be_released(http: httpx.Client, box: str) -> None:
    answer = http.post(f"{box}/quarantine/release", json={"chunk_ids": ["0" * 24]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "chunk_not_found")
    assert http.post(f"{box}/quarantine/release", json={"chunk_ids": []}).status_code == 422
    assert http.get(f"{box}/quarantine", params={"cursor": "x"}).status_code == 422
    for path in ("curation", "quarantine"):
        answer = http.get(f"/v1/collections/nothing/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "collection_not_found")
