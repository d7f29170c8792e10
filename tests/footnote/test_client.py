"""Both clients against a running service."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from footnote import AsyncClient, Client, FootnoteError
from footnote.calls import EventLines
from footnote.models import AnswerEvent, CitationEvent, HitsEvent, SentenceEvent
from tests.api.service import ADMIN, Live

QUESTION = "What working pressure is the pump rated for?"


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    with Client(live.url, ADMIN) as made:
        yield made


def test_a_question_is_answered_with_footnotes(client: Client) -> None:
    answer = client.ask("manuals", QUESTION, k=3)
    assert "16 bar" in answer.answer
    assert answer.citations[0].source == "pump.md"
    assert answer.citations[0].quote in client.content(answer.citations[0].document_id)
    assert answer.sentences[0].verdict is not None
    assert answer.hits[0].metadata == {"year": 2024}


def test_a_stream_ends_with_the_whole_answer(client: Client) -> None:
    events = list(client.ask_events("manuals", QUESTION))
    assert isinstance(events[0], HitsEvent)
    assert any(isinstance(event, SentenceEvent) for event in events)
    assert any(isinstance(event, CitationEvent) for event in events)
    last = events[-1]
    assert isinstance(last, AnswerEvent)
    assert last.answer.answer == client.ask("manuals", QUESTION).answer


def test_search_and_its_explanation(client: Client) -> None:
    result = client.search("manuals", "bicycle ticket", k=2, filters={"year": {"gte": 2020}}, explain=True)
    assert result.hits[0].source == "ferry.md"
    assert result.hits[0].explanation is not None
    assert result.timings_ms["total"] > 0
    assert not client.search("manuals", "bicycle ticket", filters={"year": 1999}).hits
    explained = client.explain("manuals", "bicycle ticket", result.hits[0].chunk_id)
    assert explained.rank == 1
    assert explained.reader.windows


def test_the_models_by_themselves(client: Client) -> None:
    passages = ["The motor draws 4 kW.", "The pump is rated for 16 bar."]
    assert client.read("What is the pump rated for?", passages).answers[0].passage == 1
    checked = client.check("The pump is rated for 16 bar. It is blue.", passages)
    assert checked.sentences[0].label == "supported"
    assert checked.supported < 1
    assert client.rerank("pressure of the pump", passages, top_n=1)[0].index == 1


def test_documents_from_files_and_texts(client: Client, live: Live, tmp_path: Path) -> None:
    assert client.create_collection("mine", "of a test").documents == 0
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "boat.md"
    path.write_text("# Boat\n\nThe boat Erna carries nine people.")
    job = client.upload("mine", [path], base=tmp_path)
    again = client.add_texts("mine", [{"source": "n/1", "text": "Anna lives in Kiel.", "metadata": {"a": 1}}])
    live.work()
    assert client.wait(job, timeout_s=30).status == "succeeded"
    assert list(client.job_events(again.id))[-1].counts.added == 1
    page = client.documents("mine", limit=1)
    rest = client.documents("mine", cursor=page.next_cursor)
    assert {one.source for one in [*page.documents, *rest.documents]} == {"deep/boat.md", "n/1"}
    document = client.document(page.documents[0].id)
    assert client.chunks(document.id)[0].text in client.content(document.id)
    client.delete_document(document.id)
    assert client.collection("mine").documents == 1
    client.delete_collection("mine")
    assert "mine" not in [one.name for one in client.collections()]


def test_a_folder_of_the_server_is_synced(client: Client, live: Live) -> None:
    root = live.settings.sync_roots[0]
    (root / "note.md").write_text("# Note\n\nThe gate closes at nine.")
    (root / "draft.log").write_text("nothing")
    client.create_collection("synced")
    job = client.sync("synced", str(root), exclude=["*.log"])
    live.work()
    assert client.job(job.id).counts.total == 1
    assert client.jobs("synced", limit=1)[0].id == job.id


def test_a_queued_job_is_cancelled_and_retried(client: Client, live: Live) -> None:
    client.create_collection("stopped")
    job = client.add_texts("stopped", [{"source": "a", "text": "Some text of a few words."}])
    assert client.cancel_job(job.id).status == "cancelled"
    with pytest.raises(FootnoteError) as waited:
        client.wait(client.retry_job(job.id), timeout_s=0.05, interval_s=0.02)
    assert waited.value.code == "timeout"
    live.work()
    assert client.wait(job.id).counts.added == 1


def test_an_evaluation(client: Client, live: Live) -> None:
    job = client.evaluate(
        "manuals", [{"question": QUESTION, "reference": "16 bar"}], metrics=["string_present"]
    )
    live.work()
    client.wait(job, timeout_s=60)
    found = client.evaluation(job.id)
    assert found.scores["string_present"].mean == 1.0
    assert found.rows[0]["question"] == QUESTION
    assert client.evaluations("manuals")[0].id == job.id
    assert client.evaluation_report(job.id, form="markdown").startswith("#")


def test_an_error_says_what_the_service_said(client: Client, live: Live) -> None:
    with pytest.raises(FootnoteError) as missing:
        client.ask("gone", QUESTION)
    error = missing.value
    assert (error.code, error.status) == ("collection_not_found", 404)
    assert "gone" in error.message
    assert error.request_id
    with pytest.raises(FootnoteError) as streamed:
        next(client.ask_events("gone", QUESTION))
    assert streamed.value.code == "collection_not_found"
    with Client(live.url, "wrong") as stranger, pytest.raises(FootnoteError) as refused:
        stranger.collections()
    assert refused.value.status == 401


def test_when_to_come_back() -> None:
    def busy(_: httpx.Request) -> httpx.Response:
        body = {
            "error": {"code": "busy", "message": "Every place is taken.", "request_id": "r", "details": {}}
        }
        return httpx.Response(429, json=body, headers={"Retry-After": "3"})

    with httpx.Client(transport=httpx.MockTransport(busy)) as http, pytest.raises(FootnoteError) as error:
        Client(http=http).collections()
    assert (error.value.code, error.value.retry_after) == ("busy", 3.0)


def test_no_service_and_another_service() -> None:
    client = Client("http://127.0.0.1:9")
    assert not client.ready()
    with pytest.raises(FootnoteError) as nobody:
        client.collections()
    assert nobody.value.code == "service_unreachable"
    another = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    with httpx.Client(transport=another) as http, pytest.raises(FootnoteError) as strange:
        Client(http=http).collections()
    assert strange.value.code == "unexpected_answer"


def test_a_new_field_is_kept(client: Client) -> None:
    body = {"collections": [client.collection("manuals").model_dump(mode="json") | {"colour": "blue"}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    with httpx.Client(transport=transport) as http:
        assert (Client(http=http).collections()[0].model_extra or {})["colour"] == "blue"


def test_event_lines_join_data_and_skip_comments() -> None:
    lines = EventLines()
    assert [lines.feed(line) for line in (": ping", "", "event: job", "data: a", "data:b")] == [None] * 5
    assert lines.feed("") == ("job", "a\nb")
    assert lines.feed("") is None


@pytest.mark.anyio
async def test_the_async_client(live: Live) -> None:
    async with AsyncClient(live.url, ADMIN) as client:
        assert await client.ready()
        assert "16 bar" in (await client.ask("manuals", QUESTION)).answer
        events = [event async for event in client.ask_events("manuals", QUESTION)]
        assert isinstance(events[-1], AnswerEvent)
        job = await client.add_texts("manuals", [{"source": "pump.md", "text": "x"}], idempotency_key="once")
        assert (await client.cancel_job(job.id)).status == "cancelled"
        assert (await client.wait(job.id)).ended
        with pytest.raises(FootnoteError, match="gone"):
            await client.search("gone", QUESTION)
        with pytest.raises(FootnoteError, match="gone"):
            _ = [event async for event in client.ask_events("gone", QUESTION)]


def test_both_clients_have_the_same_calls() -> None:
    def calls(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in methods
            if not name.startswith("_")
        }

    assert calls(Client) == calls(AsyncClient)


def test_importing_a_client_loads_nothing_of_the_service() -> None:
    script = (
        "import sys, footnote; assert 'httpx' not in sys.modules; footnote.Client; "
        "print(sorted({'api', 'rag', 'eval', 'fastapi', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.strip() == "[]"
