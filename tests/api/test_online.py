"""Live answers that are sampled, scored in the background, watched and forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http.app import create_app
from api.http.metrics import COLLECTIONS, OnlineGauges
from eval.online.scoring import OnlineScorer
from ingest.handler import ingest_worker
from rag.errors import InvalidInput
from rag.store import NewSample, SampleScores, SampleTexts, Store
from tests.api.service import FERRY, PUMP, Live, configured, events, listening
from tests.cli.commands import wait_for

QUESTION = "What working pressure is the pump rated for?"
UNKNOWN = "Who won the football match in Glasgow yesterday?"
PATH = "/v1/collections/manuals/online"
JUDGES = {"faithfulness", "answer_relevancy", "context_relevance"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service that samples every answer."""
    settings = configured(tmp_path_factory.mktemp("online") / "data", online_share=1.0)
    app = create_app(settings)
    with listening(app) as url:
        runtime = app.state.runtime
        worker = ingest_worker(settings, runtime.store, runtime.service().models.encoder)
        service = Live(url, settings, runtime, worker)
        service.fill("manuals", {"pump.md": PUMP, "ferry.md": FERRY})
        yield service
        worker.close()


@pytest.fixture
def http(watched: Live) -> Iterator[httpx.Client]:
    """A client with the admin key, before which nothing was sampled."""
    with watched.client() as client:
        yield client
        settled(watched)
        client.delete(PATH).raise_for_status()


def settled(live: Live) -> None:
    """Wait until what was sampled is in the store."""
    sampler = live.runtime.sampler
    assert sampler is not None
    assert wait_for(lambda: sampler.waiting == 0)


def scored(live: Live) -> None:
    """Have the samples scored, as a worker beside the service does."""
    settled(live)
    OnlineScorer(live.settings, live.runtime.store).run_once(threading.Event())


def ask(http: httpx.Client, question: str = QUESTION, **more: object) -> httpx.Response:
    response = http.post("/v1/query", json={"collection": "manuals", "question": question, **more})
    response.raise_for_status()
    return response


def metrics(http: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(http.get("/metrics").text)
        for sample in family.samples
    }


def test_answers_of_every_face_are_sampled_scored_and_shown(watched: Live, http: httpx.Client) -> None:
    asked = ask(http)
    streamed = ask(http, stream=True)
    ask(http, UNKNOWN)
    chat = {"model": "manuals", "messages": [{"role": "user", "content": QUESTION}]}
    http.post("/v1/chat/completions", json=chat).raise_for_status()
    http.post("/v1/chat/completions", json={**chat, "stream": True}).raise_for_status()
    settled(watched)
    before = http.get(PATH).json()
    assert (before["answers"], before["states"]) == (5, {"waiting": 5})

    scored(watched)
    found = http.get(PATH).json()
    assert (found["share"], found["states"], found["routes"]) == (
        1.0, {"scored": 5}, {"reader": 4, "none": 1},
    )  # fmt: skip
    assert {drift["signal"] for drift in found["drift"]} >= {"supported", "abstained", "latency", *JUDGES}
    assert {drift["verdict"] for drift in found["drift"]} == {"too_few"}
    (*_, bucket) = found["buckets"]
    assert set(bucket["scores"]) == JUDGES
    assert sum(each["answers"] for each in found["buckets"]) == 5
    assert "total" in {stage["stage"] for stage in found["stages"]}
    assert QUESTION not in http.get(PATH).text

    answers = http.get(f"{PATH}/answers").json()["answers"]
    assert len(answers) == 4  # the abstention claims nothing
    (first,) = [one for one in answers if one["request_id"] == asked.json()["request_id"]]
    assert first["question"] == QUESTION
    assert set(first["scores"]) == JUDGES
    assert first["scores"]["faithfulness"] == 1.0
    assert first["sentences"][0]["label"] == "quoted"
    assert "16 bar" in first["response"]
    assert "16 bar" in first["passages"][0]["text"]
    given = events(streamed)[-1][1]
    assert given["request_id"] in {one["request_id"] for one in answers}


def test_the_markers_of_a_sample_count_in_its_passages(watched: Live, http: httpx.Client) -> None:
    body = ask(http, "How often must the seal be replaced?").json()
    scored(watched)
    (one,) = http.get(f"{PATH}/answers").json()["answers"]
    marker = body["citations"][0]["marker"]
    place = [hit["chunk_id"] for hit in body["hits"]].index(body["citations"][0]["chunk_id"])
    assert one["response"] == body["answer"].replace(f"[{marker}]", f"[{place + 1}]")
    assert body["citations"][0]["quote"] in one["passages"][place]["text"]


def test_metrics_count_samples_and_show_their_scores(watched: Live, http: httpx.Client) -> None:
    before = metrics(http)
    ask(http)
    scored(watched)
    after = metrics(http)
    kept = ("footnote_online_samples_total", (("outcome", "kept"),))
    assert after[kept] - before.get(kept, 0) == 1
    assert after["footnote_online_queue", ()] == 0
    assert after["footnote_online_stored", (("state", "scored"),)] == 1
    where = (("collection", "manuals"), ("signal", "faithfulness"))
    assert after["footnote_online_recent", where] == 1.0
    assert ("footnote_online_drift", where) not in after  # too few to tell


def test_drift_is_a_gauge_and_a_verdict(watched: Live, http: httpx.Client) -> None:
    """Planted: supported until noon, then not."""
    store = watched.runtime.store
    store.collections.create("planted")
    answers = [planted(n, supported=1.0 if n < 150 else 0.0) for n in range(200)]
    store.samples.add(answers)
    waiting = store.samples.waiting(1000)
    store.samples.score([SampleScores(key, {"faithfulness": 0.9}, {}, "j") for key, _ in waiting])
    seen = {sample.labels["signal"]: sample.value for sample in gauges(store, "footnote_online_drift")}
    assert seen == {"supported": 1.0, "abstained": 0.0, "latency": 0.0, "slow": 0.0, "faithfulness": 0.0}
    z = {sample.labels["signal"]: sample.value for sample in gauges(store, "footnote_online_drift_z")}
    assert z["supported"] < -10
    found = http.get("/v1/collections/planted/online").json()
    (drift,) = [one for one in found["drift"] if one["signal"] == "supported"]
    assert (drift["verdict"], drift["n_before"], drift["n_after"], drift["change"]) == (
        "worse",
        150,
        50,
        -1.0,
    )
    assert drift["since"] == answers[150].created_at.isoformat().replace("+00:00", "Z")
    store.collections.delete("planted")
    assert list(gauges(store, "footnote_online_drift")) == []


def planted(n: int, supported: float) -> NewSample:
    """The n-th answer of a day, quoting nothing."""
    at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    texts = SampleTexts("Why?", "Because.", ())
    values = ("planted", f"r-{n}", at + timedelta(minutes=5 * n), False, None, "reader", supported)
    return NewSample(*values, {"total": 100.0}, texts)


def gauges(store: Store, name: str) -> Iterator[Any]:
    for family in OnlineGauges(store).collect():
        yield from (sample for sample in family.samples if sample.name == name)


def test_collections_have_few_labels(tmp_path: Path) -> None:
    """However many collections there are, and those with most samples first."""
    with Store.open(f"sqlite:///{tmp_path / 'footnote.db'}") as store:
        for n in range(COLLECTIONS + 5):
            store.collections.create(f"c{n}")
            sample = planted(n, 1.0)
            store.samples.add([replace(sample, collection=f"c{n}")] * (1 if n < 5 else 2))
        shown = {sample.labels["collection"] for sample in gauges(store, "footnote_online_recent")}
        assert shown == {f"c{n}" for n in range(5, COLLECTIONS + 5)}


def test_rights_hold_for_each_collection(watched: Live, http: httpx.Client) -> None:
    store = watched.runtime.store
    store.collections.create("other")
    ask(http)
    settled(watched)
    with watched.client(store.keys.add("reader", "read", ["manuals"])) as reader:
        assert reader.get(PATH).status_code == 200
        assert reader.get(f"{PATH}/answers").status_code == 403
        assert reader.delete(PATH).status_code == 403
    with watched.client(store.keys.add("writer", "write", ["other"])) as writer:
        assert writer.get(PATH).status_code == 403
        assert writer.get(f"{PATH}/answers").status_code == 403
        assert writer.delete(PATH).status_code == 403
        assert writer.get("/v1/collections/other/online").json()["answers"] == 0
    with watched.client(key=None) as nobody:
        assert nobody.get(PATH).status_code == 401
    assert http.get("/v1/collections/none/online").json()["error"]["code"] == "collection_not_found"
    store.collections.delete("other")


def test_samples_are_forgotten(watched: Live, http: httpx.Client) -> None:
    ask(http)
    scored(watched)
    assert http.delete(PATH).status_code == 204
    assert http.get(PATH).json()["answers"] == 0
    assert http.get(f"{PATH}/answers").json() == {"answers": []}


def test_a_deleted_document_is_quoted_by_no_sample(watched: Live, http: httpx.Client) -> None:
    watched.fill("boats", {"boat.md": "# Boats\n\nThe boat Tern carries twelve cars and sails at noon.\n"})
    body = {"collection": "boats", "question": "How many cars does the Tern carry?"}
    http.post("/v1/query", json=body).raise_for_status()
    scored(watched)
    path = "/v1/collections/boats/online"
    assert "twelve" in http.get(f"{path}/answers").text
    (document,) = http.get("/v1/collections/boats/documents").json()["documents"]
    http.delete(f"/v1/documents/{document['id']}").raise_for_status()
    assert http.get(f"{path}/answers").json() == {"answers": []}
    assert http.get(path).json()["states"] == {"scored": 1}
    assert watched.runtime.store.audit.problems() == []
    http.delete("/v1/collections/boats").raise_for_status()
    assert ("boats", "scored") not in watched.runtime.store.samples.count()


def test_without_a_share_nothing_is_kept(live: Live) -> None:
    with live.client() as plain:
        ask(plain)
        assert live.runtime.sampler is None
        found = plain.get(PATH).json()
        assert (found["share"], found["answers"], found["drift"]) == (0.0, 0, [])
        assert not [name for name, _ in metrics(plain) if name.startswith("footnote_online_samples_total")]


def test_a_judge_that_does_not_exist_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        create_app(configured(tmp_path, online_judges="faithfulness,beauty"))
    assert error.value.code == "unknown_metric"
    assert "beauty" in error.value.message


def test_the_store_s_trouble_costs_the_caller_nothing(
    watched: Live, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the store's write lock: answers come, samples wait and are kept afterwards."""
    with watched.runtime.store._db.write():
        answer: dict[str, Any] = ask(http).json()
        assert "16 bar" in answer["answer"]
        sampler = watched.runtime.sampler
        assert sampler is not None
        assert sampler.waiting == 1
    settled(watched)
    assert http.get(PATH).json()["answers"] == 1
