"""Adaptation over HTTP, by the worker, and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from adapt.jobs import AdaptHandler, submit
from adapt.report import Gain, Report, Verdict
from adapt.types import STAGES, UserQuestion
from api.http.app import create_app
from jobs.progress import Progress
from jobs.worker import Worker
from rag.errors import Conflict
from rag.search.tuning import Tuning
from rag.store import NewProfile, Store
from tests.adapt.planted import gap
from tests.api.service import Live, configured, listening
from tests.cli.commands import Result, invoke

QUESTION = "What about the noise of our harbour?"


@pytest.fixture(scope="module")
def live(
    tmp_path_factory: pytest.TempPathFactory, _no_network: None, _clean_surroundings: None
) -> Iterator[Live]:
    settings = configured(tmp_path_factory.mktemp("faces"))
    app = create_app(settings)
    with listening(app) as url:
        yield Live(url, settings, app.state.runtime, None)  # type: ignore[arg-type]  # nothing is ingested


@pytest.fixture(scope="module")
def given(live: Live) -> list[UserQuestion]:
    return gap(live.runtime.service(), "gap")


def _worker(live: Live) -> Worker:
    return Worker(live.runtime.store, jobs=[AdaptHandler(live.settings, live.runtime.store)])


def test_a_collection_is_adapted_looked_at_and_rolled_back(live: Live, given: list[UserQuestion]) -> None:
    path = "/v1/collections/gap/adapt"
    with live.client() as http:
        before = _sources(http)
        questions = [{k: v for k, v in asdict(one).items() if v} for one in given]
        started = http.post(path, json={"questions": questions})
        assert started.status_code == 202
        job = started.json()["job"]
        assert (job["kind"], job["status"]) == ("adapt", "queued")
        assert started.headers["Location"] == f"/v1/jobs/{job['id']}"
        assert http.post(path).json()["error"]["code"] == "adaptation_running"
        assert _sources(http) == before

        _worker(live).drain()
        ended = http.get(f"/v1/jobs/{job['id']}").json()
        assert ended["status"] == "succeeded"
        assert ended["counts"]["added"] == ended["counts"]["total"] == len(STAGES)

        seen = http.get(path).json()
        assert seen["active"] == 1
        [version] = seen["versions"]
        assert (version["active"], version["adopted"], version["note"]) == (True, True, "")
        assert version["questions"]["held given"] >= 20
        adapter = next(piece for piece in version["pieces"] if piece["piece"] == "adapter")
        assert adapter["accepted"]
        assert adapter["gain"]["low"] > 0
        assert _sources(http)[0] == "harbour-noise.md" != before[0], "without a restart"

        assert http.post(f"{path}/rollback").json() == {"active": 0}
        assert _sources(http) == before
        refused = http.post(f"{path}/rollback")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nothing_to_roll_back")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "nowhere/adapt", None, 404, "collection_not_found"),
        ("GET", "nowhere/adapt", None, 404, "collection_not_found"),
        ("POST", "nowhere/adapt/rollback", None, 404, "collection_not_found"),
        ("POST", "gap/adapt", {"questions": [{"question": "Q?"}]}, 422, "invalid_request"),
        ("POST", "gap/adapt", {"questions": [{"question": " ", "source": "a"}]}, 422, "invalid_request"),
        ("POST", "gap/adapt", {"seed": -1}, 422, "invalid_request"),
        ("POST", "gap/adapt", {"epochs": 3}, 422, "invalid_request"),
    ],
)
def test_bad_requests_are_named(
    live: Live, given: list[UserQuestion], method: str, path: str, body: object, status: int, code: str
) -> None:
    with live.client() as http:
        answer = http.request(method, f"/v1/collections/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not [job for job in live.runtime.store.jobs.pending() if job.kind == "adapt"]


def test_a_reader_s_key_may_look_and_not_adapt(live: Live, given: list[UserQuestion]) -> None:
    secret = live.runtime.store.keys.add("looker", "read", ["gap"])
    with live.client(secret) as http:
        assert http.get("/v1/collections/gap/adapt").status_code == 200
        assert http.post("/v1/collections/gap/adapt").status_code == 403
        assert http.post("/v1/collections/gap/adapt/rollback").status_code == 403


def test_what_cannot_be_learned_fails_the_job_and_changes_nothing(live: Live) -> None:
    store = live.runtime.store
    store.collections.create("empty")
    job = submit(store, "empty", [])
    store.jobs.set_status(job.id, "running")  # as a worker that was killed leaves it
    _worker(live).drain()
    ended = store.jobs.get(job.id)
    assert ended.status == "failed"
    assert [error.code for error in ended.errors] == ["too_few_questions"]
    assert store.learned.all("empty") == []
    submit(store, "empty", [])
    with pytest.raises(Conflict):
        submit(store, "empty", [])
    store.collections.delete("empty")
    _worker(live).drain()


def test_a_cancelled_adaptation_stores_nothing(live: Live, given: list[UserQuestion]) -> None:
    store = live.runtime.store
    before = len(store.learned.all("gap"))
    job = submit(store, "gap", given)

    def cancel(progress: Progress) -> None:
        if progress.source == "candidates":
            store.jobs.cancel(job.id)

    _worker(live).drain(cancel)
    assert store.jobs.get(job.id).status == "cancelled"
    assert len(store.learned.all("gap")) == before
    assert store.jobs.payload(store.jobs.items(job.id)[-1].id), "the questions are there for a retry"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose collection has two profiles; the newer one was refused."""
    with Store.open(f"sqlite:///{tmp_path / 'footnote.db'}") as store:
        collection = store.collections.create("docs")
        gain = Gain(0.05, 0.01, 0.09)
        won = Verdict("weights", True, "wins", "BM25 1.00", 80, 0.7, 0.65, 0.6, gain, gain)
        lost = Verdict("adapter", False, "no sure gain", "", 80, 0.65, 0.65, 0.6, gain, gain)
        for adopt, piece in ((True, won), (False, lost)):
            report = Report(0, 1.5, 1.0, "synthetic questions", {"held cloze": 80}, {}, (piece,))
            learned = Tuning(lexical_weight=1.0).to_json()
            store.learned.add(collection, NewProfile("other", "r1", learned, report.to_json(), adopt))
    return tmp_path


def _adapt(data: Path, *arguments: str) -> Result:
    return invoke("adapt", "docs", "--data", str(data), *arguments)


def test_the_command_shows_versions_and_goes_back(data: Path) -> None:
    shown = _adapt(data, "--show")
    assert shown.status == 0
    assert "In force: version 1" in shown.out
    assert "wins" in shown.out
    assert "It was made for other (revision r1)" in shown.out
    found = _adapt(data, "--show", "--json").json()
    assert [each["adopted"] for each in found["versions"]] == [False, True]
    assert "the defaults (version 0)" in _adapt(data, "--rollback").out
    again = _adapt(data, "--rollback")
    assert again.status == 1
    assert "[nothing_to_roll_back]" in again.err


def test_the_command_says_why_it_failed(data: Path, tmp_path: Path) -> None:
    assert "[too_few_questions]" in _adapt(data).err
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"question": "Q?"}))
    bad = _adapt(data, "--questions", str(file))
    assert bad.status == 1
    assert "[questions_invalid]" in bad.err
    assert "[collection_not_found]" in invoke("adapt", "nowhere", "--data", str(data)).err


def _sources(http: httpx.Client) -> list[str]:
    hits = http.post("/v1/search", json={"collection": "gap", "query": QUESTION, "k": 3}).json()["hits"]
    return [hit["source"] for hit in hits]
