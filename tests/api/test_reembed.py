"""Re-embedding over HTTP."""

from __future__ import annotations

import httpx

from ingest.reembed import reembed_worker
from tests.api.service import Live


def test_a_collection_changes_its_encoder_in_a_job(live: Live, http: httpx.Client) -> None:
    http.post("/v1/collections", json={"name": "ships"}).raise_for_status()
    assert http.get("/v1/collections/ships").json()["encoder"] is None
    documents = {"documents": [{"source": "tern.txt", "text": "The Tern carries twelve cars."}]}
    http.post("/v1/collections/ships/documents", json=documents).raise_for_status()
    live.work()
    path, question = "/v1/collections/ships/reembed", {"collection": "ships", "query": "cars"}
    assert http.get("/v1/collections/ships").json()["encoder"] == "footnote-encoder"
    same = http.post(path)
    assert (same.status_code, same.json()["error"]["code"]) == (409, "already_embedded")

    started = http.post(path, json={"encoder": "footnote-edge"})
    assert started.status_code == 202
    assert started.json()["job"]["kind"] == "reembed"
    assert http.post(path, json={"encoder": "footnote-edge"}).json()["error"]["code"] == "reembedding"
    assert len(http.post("/v1/search", json=question).json()["hits"]) == 1
    reembed_worker(live.runtime.settings, live.runtime.store).drain()
    assert http.get(started.headers["location"]).json()["status"] == "succeeded"
    assert http.get("/v1/collections/ships").json()["encoder"] == "footnote-edge"
    live.runtime.service().indexes.catch_up("ships")
    assert len(http.post("/v1/search", json=question).json()["hits"]) == 1
    assert live.runtime.service().searcher.open("ships").encoder.info.name == "footnote-edge"
    assert http.get("/v1/collections/ships/adapt").json() == {"active": 0, "versions": []}
    http.delete("/v1/collections/ships").raise_for_status()


def test_only_what_is_shipped_or_configured_is_offered(http: httpx.Client) -> None:
    for name in ("/etc", "sentence-transformers/all-MiniLM-L6-v2"):
        refused = http.post("/v1/collections/manuals/reembed", json={"encoder": name})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "encoder_not_offered")
    assert http.post("/v1/collections/none/reembed").status_code == 404
    wrong = http.post("/v1/collections/manuals/reembed", json={"encoder": "footnote-reader"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "encoder_not_offered")
