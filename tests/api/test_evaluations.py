"""Evaluations over HTTP; the measures themselves are tested beside them."""

from __future__ import annotations

from importlib.util import find_spec

import httpx
import pytest

from tests.api.service import Live

pytestmark = pytest.mark.skipif(find_spec("ragas") is None, reason="needs the extra eval")

CASES = [
    {
        "question": "What working pressure is the pump rated for?",
        "reference": "16 bar",
        "relevant_sources": ["pump.md"],
    },
    {"question": "What does a ticket for a bicycle cost?", "reference": "three euros"},
]


def test_an_evaluation_runs_as_a_job(live: Live, http: httpx.Client) -> None:
    metrics = ["faithfulness", "string_present"]
    response = http.post(
        "/v1/evaluations", json={"collection": "manuals", "cases": CASES, "metrics": metrics}
    )
    assert response.status_code == 202, response.text
    job = response.json()["job"]
    path = f"/v1/evaluations/{job['id']}"
    assert response.headers["location"] == path
    found = http.get(path).json()
    assert (found["status"], found["scores"], found["progress"]["total"]) == ("queued", {}, 2)
    live.work()
    found = http.get(path).json()
    assert found["status"] == "succeeded", found
    assert set(found["scores"]) == set(metrics)
    assert found["scores"]["string_present"]["n"] == 2
    assert found["scores"]["string_present"]["mean"] == 1.0
    low, high = found["scores"]["faithfulness"]["ci95"]
    assert low <= found["scores"]["faithfulness"]["mean"] <= high
    assert [row["question"] for row in found["rows"]] == [case["question"] for case in CASES]
    assert http.get(f"/v1/jobs/{job['id']}").json()["status"] == "succeeded"
    assert found["progress"]["done"] == 2
    assert http.get("/v1/evaluations").json()["evaluations"][0]["id"] == job["id"]
    page = http.get(f"{path}/report", params={"baseline": job["id"]})
    assert page.headers["content-type"].startswith("text/html")
    assert http.get(f"{path}/report", params={"format": "json"}).json()["scores"] == found["scores"]
    assert http.get(f"{path}/report", params={"format": "markdown"}).text.startswith("# ")
    with live.client(live.runtime.store.keys.add("narrow", "admin", ["other"])) as narrow:
        assert narrow.get(path).status_code == 404
        assert narrow.get(f"{path}/report").status_code == 404
        assert narrow.get("/v1/evaluations").json() == {"evaluations": []}


def test_the_report_of_what_has_not_ended(live: Live, http: httpx.Client) -> None:
    body = {"collection": "manuals", "cases": CASES * 50, "metrics": ["string_present"]}
    job = http.post("/v1/evaluations", json=body).json()["job"]["id"]
    early = http.get(f"/v1/evaluations/{job}/report")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "evaluation_not_finished")
    assert http.post(f"/v1/jobs/{job}/cancel").status_code == 200
    assert http.get(f"/v1/evaluations/{job}").json()["status"] == "cancelled"


def test_what_cannot_be_evaluated(http: httpx.Client) -> None:
    def code(**changes: object) -> tuple[int, str]:
        body = {"collection": "manuals", "cases": CASES, **changes}
        response = http.post("/v1/evaluations", json=body)
        return response.status_code, response.json()["error"]["code"]

    assert code(collection="none") == (404, "collection_not_found")
    assert code(cases=[]) == (422, "invalid_request")
    assert code(cases=[{"reference": "x"}]) == (422, "invalid_request")
    assert code(metrics=["magic"]) == (422, "unknown_metric")
    response = http.get("/v1/evaluations/none")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "evaluation_not_found")
