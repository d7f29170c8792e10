"""OpenAI's own client library against /v1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import openai
import pytest

from tests.api.service import ADMIN, Live

QUESTION = [{"role": "user", "content": "What working pressure is the pump rated for?"}]


@pytest.fixture
def client(live: Live) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key=ADMIN, max_retries=0) as made:
        yield made


def test_models(client: openai.OpenAI, live: Live) -> None:
    encoder = live.runtime.service().models.encoder.info.name
    names = [model.id for model in client.models.list()]
    assert "manuals" in names
    assert encoder in names
    assert client.models.retrieve("manuals").created > 0
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("none")
    assert caught.value.code == "model_not_found"


def test_chat(client: openai.OpenAI) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "Hello"},
        *QUESTION,
    ]
    completion = client.chat.completions.create(model="manuals", messages=messages, temperature=0)  # type: ignore[arg-type]
    (choice,) = completion.choices
    assert choice.finish_reason == "stop"
    assert "16 bar" in (choice.message.content or "")
    footnote = (completion.model_extra or {})["footnote"]
    assert footnote["citations"][0]["source"] == "pump.md"
    assert footnote["sentences"][0]["verdict"]["label"]


@pytest.mark.parametrize("usage", [False, True])
def test_chat_as_a_stream(client: openai.OpenAI, usage: bool) -> None:
    whole = client.chat.completions.create(model="manuals", messages=QUESTION)  # type: ignore[arg-type]
    options = {"stream_options": {"include_usage": True}} if usage else {}
    chunks = list(client.chat.completions.create(model="manuals", messages=QUESTION, stream=True, **options))  # type: ignore[call-overload]
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    last = chunks[-1].model_extra or {}
    assert last["footnote"]["citations"] == (whole.model_extra or {})["footnote"]["citations"]
    assert last["footnote"]["sentences"]
    assert (chunks[-1].usage is not None) == usage
    assert len({chunk.id for chunk in chunks}) == 1


def test_chat_without_an_answer_says_so(client: openai.OpenAI, live: Live) -> None:
    live.runtime.store.collections.create("void")
    completion = client.chat.completions.create(model="void", messages=QUESTION)  # type: ignore[arg-type]
    assert completion.choices[0].message.content == "No answer was found in this collection."
    assert (completion.model_extra or {})["footnote"]["abstained"] is True


def test_embeddings(client: openai.OpenAI, live: Live) -> None:
    """The client asks for base64 unless told otherwise; both give the same vectors."""
    name = live.runtime.service().models.encoder.info.name
    packed = client.embeddings.create(model=name, input=["The pump.", "The ferry."])
    plain = client.embeddings.create(model=name, input=["The pump.", "The ferry."], encoding_format="float")
    np.testing.assert_allclose(
        [item.embedding for item in packed.data], [item.embedding for item in plain.data], atol=1e-7
    )
    assert [item.index for item in packed.data] == [0, 1]
    assert np.linalg.norm(packed.data[0].embedding) == pytest.approx(1, abs=1e-3)
    assert packed.usage.total_tokens > 0


def test_errors_arrive_as_the_clients_own(client: openai.OpenAI, live: Live) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="none", messages=QUESTION)  # type: ignore[arg-type]
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="none", messages=QUESTION, stream=True)  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="manuals", messages=[])
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    narrow = client.with_options(api_key=live.runtime.store.keys.add("narrow", "read", ["other"]))
    with pytest.raises(openai.PermissionDeniedError):
        narrow.chat.completions.create(model="manuals", messages=QUESTION)  # type: ignore[arg-type]


def test_nulls_are_as_good_as_left_out(client: openai.OpenAI, live: Live) -> None:
    name = live.runtime.service().models.encoder.info.name
    body = {"model": name, "input": "The pump.", "encoding_format": None, "input_type": None, "user": None}
    found = client.post("/embeddings", body=body, cast_to=dict[str, object])
    assert found["object"] == "list"
    chat = {"model": "manuals", "messages": QUESTION, "stream": None, "n": None, "stream_options": None}
    assert (
        client.post("/chat/completions", body=chat, cast_to=dict[str, object])["object"] == "chat.completion"
    )


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]])
def test_token_numbers_are_refused_with_the_clients_setting(client: openai.OpenAI, tokens: list[int]) -> None:
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
        client.embeddings.create(model="footnote-encoder", input=tokens)
