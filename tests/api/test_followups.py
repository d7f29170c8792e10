"""Follow-up questions over HTTP: `history`, the messages of a chat, both clients."""

from __future__ import annotations

import httpx
import pytest

from footnote.client import AsyncClient, Client
from rag.settings import LONGEST_TURN, MOST_TURNS
from tests.api.service import ADMIN, Live, events

TALK = [
    {"role": "user", "content": "What does a ticket for the ferry Ida cost?"},
    {"role": "assistant", "content": "A ticket for a bicycle costs three euros."},
]
QUESTION = "When does it leave the harbour?"


def ask(http: httpx.Client, **body: object) -> httpx.Response:
    return http.post("/v1/query", json={"collection": "manuals", "question": QUESTION, **body})


def test_a_follow_up_is_read_with_its_history(http: httpx.Client) -> None:
    body = ask(http, history=TALK).json()
    assert "Ida" in body["rewritten"]
    assert "quarter past seven" in body["answer"]
    assert ask(http).json()["rewritten"] is None


def test_a_stream_says_how_the_question_was_read(http: httpx.Client) -> None:
    name, whole = events(ask(http, history=TALK, stream=True))[-1]
    assert (name, "Ida" in whole["rewritten"]) == ("answer", True)


def test_a_question_that_stands_alone_is_read_as_it_is(http: httpx.Client) -> None:
    body = ask(http, question="What working pressure is the pump rated for?", history=TALK).json()
    assert body["rewritten"] is None
    assert "16 bar" in body["answer"]


@pytest.mark.parametrize(
    "history",
    [
        [{"role": "system", "content": "Be brief."}],
        [{"role": "user"}],
        [{"role": "user", "content": 7}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": "x", "name": "Ada"}],
        [{"role": "user", "content": "x" * (LONGEST_TURN + 1)}],
        [{"role": "user", "content": "x"}] * (MOST_TURNS + 1),
        ["What does a ticket cost?"],
        "What does a ticket cost?",
        {"role": "user", "content": "x"},
        None,
    ],
)
def test_a_bad_history_is_refused(http: httpx.Client, history: object) -> None:
    response = ask(http, history=history)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "invalid_request"
    assert error["details"]["fields"][0]["field"].startswith("history")


def test_a_chat_is_read_with_its_earlier_messages(http: httpx.Client) -> None:
    system = {"role": "system", "content": "You are the clerk of the Palladium museum."}
    messages = [system, *TALK, {"role": "user", "content": QUESTION}]
    body = http.post("/v1/chat/completions", json={"model": "manuals", "messages": messages}).json()
    assert "Ida" in body["footnote"]["rewritten"]
    assert "Palladium" not in body["footnote"]["rewritten"]
    assert "quarter past seven" in body["choices"][0]["message"]["content"]


def test_a_chat_may_be_longer_than_a_history(http: httpx.Client) -> None:
    old = [{"role": "user", "content": "x" * (LONGEST_TURN + 1)}] * (MOST_TURNS // 20)
    many = [{"role": "user", "content": "Hello"}] * (MOST_TURNS + 1)
    messages = [*old, *many, *TALK, {"role": "user", "content": QUESTION}]
    response = http.post("/v1/chat/completions", json={"model": "manuals", "messages": messages})
    assert "Ida" in response.json()["footnote"]["rewritten"]


def test_what_is_said_after_the_question_is_not_read(http: httpx.Client) -> None:
    messages = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "The ferry Ida?"}]
    response = http.post("/v1/chat/completions", json={"model": "manuals", "messages": messages})
    assert response.json()["footnote"]["rewritten"] is None


@pytest.mark.anyio
async def test_both_clients_take_a_history(live: Live) -> None:
    with Client(live.url, ADMIN) as client:
        first = client.ask("manuals", QUESTION, history=TALK)  # type: ignore[arg-type]
    async with AsyncClient(live.url, ADMIN) as client:
        second = await client.ask("manuals", QUESTION, history=TALK)  # type: ignore[arg-type]
    assert first.rewritten is not None
    assert first.rewritten == second.rewritten
