"""Answers that a language model writes, over HTTP; a second service on the same store."""

from __future__ import annotations

import time
from collections.abc import Iterator

import openai
import pytest

from api.http.app import create_app
from tests.api.service import ADMIN, Live, configured, events, listening
from tests.fakes.llm_server import FakeLLM, fails, says, trickles

QUESTION = "What working pressure is the pump rated for?"
BODY = {"collection": "manuals", "question": QUESTION, "mode": "generative"}
WRITTEN = "The pump is rated for a working pressure of 16 bar [1]."


@pytest.fixture(scope="module")
def llm() -> Iterator[FakeLLM]:
    with FakeLLM(says(WRITTEN)) as server:
        yield server


@pytest.fixture(scope="module")
def writing(live: Live, llm: FakeLLM) -> Iterator[Live]:
    settings = configured(live.settings.data, llm_url=llm.url, llm_model="fake", llm_timeout_s=20)
    app = create_app(settings)
    with listening(app) as url:
        yield Live(url, settings, app.state.runtime, live.worker)


def test_what_is_written_is_streamed_cited_and_counted(writing: Live, llm: FakeLLM) -> None:
    llm.then(says(WRITTEN))
    with writing.client() as http:
        told = events(http.post("/v1/query", json={**BODY, "stream": True}))
        metrics = http.get("/metrics").text
    names = [name for name, _ in told]
    assert names[0] == "hits"
    assert names.count("token") > 1
    assert "".join(data["text"] for name, data in told if name == "token").split() == WRITTEN.split()
    answer = told[-1][1]
    assert answer["citations"][0]["quote"] in llm.requests[-1].prompt
    assert answer["usage"]["prompt_tokens"] > 0
    taken = [step["step"] for step in answer["route"] if step["taken"]][-1]
    assert f'footnote_questions_total{{route="{taken}",verdict="quoted"}}' in metrics


def test_a_server_that_fails_is_told_in_the_route(writing: Live, llm: FakeLLM) -> None:
    llm.then(fails(500))
    with writing.client() as http:
        response = http.post("/v1/query", json=BODY)
    assert response.status_code == 200
    assert any(not step["taken"] and step["reason"] for step in response.json()["route"])


@pytest.mark.parametrize("path", ["/v1/query", "/v1/chat/completions"])
def test_a_client_that_leaves_stops_the_writing(writing: Live, llm: FakeLLM, path: str) -> None:
    llm.then(trickles("word " * 2000))
    before = len(llm.requests)
    chat = {"model": "manuals", "messages": [{"role": "user", "content": "Why is the sky blue at night?"}]}
    body = BODY if path == "/v1/query" else chat
    with (
        writing.client() as http,
        http.stream("POST", path, json={**body, "stream": True}) as response,
    ):
        assert response.status_code == 200
        assert next(response.iter_lines())
        assert writing.runtime.gate.running == 1
    until = time.monotonic() + 15
    while writing.runtime.gate.running and time.monotonic() < until:
        time.sleep(0.05)
    assert writing.runtime.gate.running == 0
    assert len(llm.requests) == before + 1


def test_chat_sends_what_was_cited(writing: Live, llm: FakeLLM) -> None:
    """The model cites a passage that it was not given; the client never sees that marker."""
    llm.then(says("The pump is rated for a working pressure of 16 bar [1][9]."))
    with openai.OpenAI(base_url=f"{writing.url}/v1", api_key=ADMIN, max_retries=0) as client:
        messages = [{"role": "user", "content": QUESTION}]
        chunks = list(client.chat.completions.create(model="manuals", messages=messages, stream=True))  # type: ignore[arg-type]
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert "16 bar" in text
    assert "[9]" not in text
