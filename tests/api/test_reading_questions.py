"""How questions are read: typos mended, two questions in one told apart, other languages not guessed at."""

from __future__ import annotations

import httpx
import pytest

from tests.api.service import Live, configured, events, in_process

TYPO, READ = "What working presure is the pupm rated for?", "What working pressure is the pump rated for?"


def test_a_typo_is_mended_and_said(http: httpx.Client) -> None:
    answer = http.post("/v1/query", json={"collection": "manuals", "question": TYPO}).json()
    assert answer["corrected"] == {"from": TYPO, "to": READ}
    plain = http.post("/v1/query", json={"collection": "manuals", "question": READ}).json()
    assert plain["corrected"] is None
    assert (answer["answer"], answer["confidence"]) == (plain["answer"], plain["confidence"])
    assert "16 bar" in answer["answer"]


def test_search_and_streams_say_it_too(http: httpx.Client) -> None:
    found = http.post("/v1/search", json={"collection": "manuals", "query": "bicycel tickt"}).json()
    assert found["corrected"] == {"from": "bicycel tickt", "to": "bicycle ticket"}
    assert found["hits"][0]["source"] == "ferry.md"
    body = {"collection": "manuals", "question": TYPO, "stream": True}
    streamed = dict(events(http.post("/v1/query", json=body)))
    assert streamed["answer"]["corrected"]["to"] == READ


def test_a_chat_begins_with_it(http: httpx.Client) -> None:
    body = {"model": "manuals", "messages": [{"role": "user", "content": TYPO}]}
    reply = http.post("/v1/chat/completions", json=body).json()
    assert reply["choices"][0]["message"]["content"].startswith(f"Results for '{READ}'\n\n")
    assert reply["footnote"]["corrected"] == {"from": TYPO, "to": READ}


@pytest.mark.anyio
async def test_it_can_be_switched_off(live: Live) -> None:
    settings = configured(live.settings.data, correct_typos=False)
    async with in_process(settings) as (_, client):
        answer = (await client.post("/v1/query", json={"collection": "manuals", "question": TYPO})).json()
    assert answer["corrected"] is None


def test_each_question_in_a_question_is_answered_or_said_to_be_missing(http: httpx.Client) -> None:
    asked = "What pressure is the pump rated for, and who painted the Mona Lisa?"
    answer = http.post("/v1/query", json={"collection": "manuals", "question": asked}).json()
    pump, painter = answer["parts"]
    assert pump["question"] == "What pressure is the pump rated for?"
    assert (pump["answered"], painter["answered"], painter["sentences"]) == (True, False, [])
    assert any("16 bar" in answer["sentences"][n]["text"] for n in pump["sentences"])
    assert answer["answer"].endswith("\nNot found: who painted the Mona Lisa?")
    body = {"model": "manuals", "messages": [{"role": "user", "content": asked}]}
    reply = http.post("/v1/chat/completions", json=body).json()
    assert reply["choices"][0]["message"]["content"] == answer["answer"]
    assert reply["footnote"]["parts"] == answer["parts"]


@pytest.mark.parametrize("question", ["Как часто меняют масло?", "安全阀多久检查一次？"])
def test_a_language_that_is_not_read_is_said(http: httpx.Client, question: str) -> None:
    answer = http.post("/v1/query", json={"collection": "manuals", "question": question}).json()
    assert (answer["abstained"], answer["reason"]) == (True, "unsupported_language")
    assert answer["closest"]
    assert (answer["sentences"], answer["corrected"]) == ([], None)


def test_german_is_read_and_not_mended(live: Live, http: httpx.Client) -> None:
    texts = {
        "ventil.md": "# Ventile\n\nDas Sicherheitsventil wird alle zwei Jahre geprüft.\n",
        "tor.md": "# Tor\n\nDas Werkstor öffnet um sechs Uhr.\n",
    }
    live.fill("betrieb", texts)
    body = {"collection": "betrieb", "question": "Wann öffnet das Werktor?"}
    answer = http.post("/v1/query", json=body).json()
    assert answer["corrected"] is None
    assert answer["reason"] != "unsupported_language"
