"""Search, questions, and the small models by themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from tests.api.service import Live, events

HIT_FIELDS = set(
    "chunk_id document_id source title text start end page headings score parts".split()  # noqa: SIM905
)
ANSWER_FIELDS = set(
    "answer abstained reason sentences citations hits route usage timings_ms request_id".split()  # noqa: SIM905
)
QUESTION = "What working pressure is the pump rated for?"


def post(http: httpx.Client, path: str, **body: object) -> dict[str, object]:
    response = http.post(path, json=body)
    assert response.status_code == 200, response.text
    return dict(response.json())


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("rerank", [True, False])
def test_search(http: httpx.Client, mode: str, rerank: bool) -> None:
    body = post(
        http, "/v1/search", collection="manuals", query="pressure of the pump", k=2, mode=mode, rerank=rerank
    )
    hits = body["hits"]
    assert isinstance(hits, list)
    assert 1 <= len(hits) <= 2
    best = hits[0]
    assert best["source"] == "pump.md"
    assert set(best) >= HIT_FIELDS
    text = http.get(f"/v1/documents/{best['document_id']}/content").json()["text"]
    assert text[best["start"] : best["end"]] == best["text"]
    assert best["parts"]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert isinstance(body["timings_ms"], dict)
    assert body["timings_ms"]["total"] > 0


def test_a_filter_says_which_of_its_fields_no_document_has(http: httpx.Client) -> None:
    wanted = {"$or": [{"auther": "x"}, {"source": "pump.md"}]}
    body = post(http, "/v1/search", collection="manuals", query="pump", filters=wanted)
    assert body["unknown_fields"] == ["auther"]
    assert body["hits"]
    assert post(http, "/v1/search", collection="manuals", query="pump")["unknown_fields"] == []


def test_explain_names_the_words(http: httpx.Client) -> None:
    body = {"collection": "manuals", "query": "pressure", "mode": "lexical", "rerank": False}
    plain = http.post("/v1/search", json=body).json()["hits"][0]
    explained = http.post("/v1/search", json={**body, "explain": True}).json()["hits"][0]
    assert plain["terms"] == []
    assert explained["terms"]
    assert explained["parts"]["lexical"]["rank"] == 1


def test_explanations_add_up(http: httpx.Client) -> None:
    body = {"collection": "manuals", "query": "rated pressure of the pump", "explain": True}
    hits = http.post("/v1/search", json=body).json()["hits"]
    assert hits
    for hit in hits:
        parts, terms = hit["explanation"]["parts"], hit["explanation"]["terms"]
        added = [part["contribution"] for part in parts.values() if part["contribution"] is not None]
        assert sum(added) == pytest.approx(hit["score"], abs=1e-3)
        assert {name: part["score"] for name, part in parts.items() if part["score"] is not None} == {
            name: part["score"] for name, part in hit["parts"].items()
        }
        if parts["lexical"]["score"]:
            assert sum(term["score"] for term in terms) == pytest.approx(parts["lexical"]["score"], rel=1e-3)
        for term in terms:
            for span in term["spans"]:
                word = hit["text"][span["start"] : span["end"]].lower()
                assert word[:3] == term["term"].lower()[:3]
        assert sum(token["share"] for token in hit["explanation"]["tokens"]) == pytest.approx(
            parts["late"]["score"], abs=1e-3
        )
    plain = http.post("/v1/search", json={**body, "explain": False}).json()["hits"]
    assert all(hit["explanation"] is None for hit in plain)


def test_one_hit_is_explained(http: httpx.Client) -> None:
    body = {"collection": "manuals", "query": QUESTION}
    best = http.post("/v1/search", json={**body, "explain": True}).json()["hits"][0]
    found = post(http, "/v1/explain", **body, chunk_id=best["chunk_id"], unit="sentence")
    assert (found["rank"], found["hit"]) == (1, best)
    reader = found["reader"]
    assert isinstance(reader, dict)
    text = best["text"]
    assert reader["answer"]["text"] == text[reader["answer"]["start"] : reader["answer"]["end"]]
    holding = [w for w in reader["windows"] if "16 bar" in text[w["start"] : w["end"]]]
    assert holding[0]["relevance"] == max(window["relevance"] for window in reader["windows"])
    missing = http.post("/v1/explain", json={**body, "chunk_id": "0" * 24})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "chunk_not_found")
    wrong = http.post("/v1/explain", json={**body, "chunk_id": best["chunk_id"], "unit": "letters"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "invalid_request")


def check_answer(http: httpx.Client, answer: dict[str, object]) -> None:
    assert set(answer) >= ANSWER_FIELDS
    text, sentences, citations = answer["answer"], answer["sentences"], answer["citations"]
    assert isinstance(text, str)
    assert isinstance(sentences, list)
    assert isinstance(citations, list)
    assert sentences
    assert citations
    for sentence in sentences:
        assert text[sentence["start"] : sentence["end"]] == sentence["text"]
        assert set(sentence["citations"]) <= {citation["marker"] for citation in citations}
        assert sentence["verdict"]["label"] in ("supported", "contradicted", "unsupported", "quoted")
    for citation in citations:
        content = http.get(f"/v1/documents/{citation['document_id']}/content").json()["text"]
        assert content[citation["start"] : citation["end"]] == citation["quote"]
        assert f"[{citation['marker']}]" in text


def test_a_question_gets_a_footnoted_answer(http: httpx.Client) -> None:
    response = http.post("/v1/query", json={"collection": "manuals", "question": QUESTION})
    assert response.status_code == 200, response.text
    answer = response.json()
    check_answer(http, answer)
    assert answer["abstained"] is False
    assert answer["reason"] is None
    assert "16 bar" in answer["answer"]
    assert answer["citations"][0]["source"] == "pump.md"
    assert any(step["taken"] for step in answer["route"])
    assert answer["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0}
    assert answer["request_id"] == response.headers["x-request-id"]


def test_the_stream_tells_the_same(http: httpx.Client) -> None:
    body = {"collection": "manuals", "question": QUESTION}
    whole = http.post("/v1/query", json=body).json()
    response = http.post("/v1/query", json={**body, "stream": True})
    told = events(response)
    names = [name for name, _ in told]
    assert names[0] == "hits"
    assert names[-1] == "answer"
    assert names.count("answer") == 1
    assert set(names) == {"hits", "token", "sentence", "citation", "answer"}
    last = told[-1][1]
    for key in ("answer", "sentences", "citations", "hits", "abstained"):
        assert last[key] == whole[key], key
    assert last["request_id"] == response.headers["x-request-id"]
    assert told[0][1]["hits"] == whole["hits"]
    assert [data for name, data in told if name == "sentence"] == whole["sentences"]
    assert [data for name, data in told if name == "citation"] == whole["citations"]
    assert "".join(data["text"] for name, data in told if name == "token") == whole["answer"]


def test_the_check_can_be_left_out(http: httpx.Client) -> None:
    answer = post(http, "/v1/query", collection="manuals", question=QUESTION, check="off")
    assert all(sentence["verdict"] is None for sentence in answer["sentences"])  # type: ignore[union-attr]


def test_nothing_to_answer_from(live: Live, http: httpx.Client) -> None:
    live.runtime.store.collections.create("bare")
    answer = post(http, "/v1/query", collection="bare", question=QUESTION)
    assert answer["abstained"] is True
    assert answer["reason"]
    assert answer["answer"] == ""
    assert post(http, "/v1/search", collection="bare", query="pump")["hits"] == []
    told = events(http.post("/v1/query", json={"collection": "bare", "question": QUESTION, "stream": True}))
    assert told[-1][0] == "answer"
    assert told[-1][1]["abstained"] is True


@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_asked(http: httpx.Client, stream: bool) -> None:
    response = http.post("/v1/query", json={"collection": "none", "question": "x", "stream": stream})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "collection_not_found")
    body = {"collection": "manuals", "question": "x", "mode": "generative", "stream": stream}
    response = http.post("/v1/query", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "no_generator")
    body = {"collection": "manuals", "question": "x", "filters": {"$x": 1}, "stream": stream}
    assert http.post("/v1/query", json=body).json()["error"]["code"] == "invalid_filter"


def test_many_at_once_get_their_own_answers(http: httpx.Client) -> None:
    """Answers do not mix, whatever runs beside them."""
    asked = [(QUESTION, "16 bar"), ("What does a ticket for a bicycle cost?", "three euros")] * 6

    def ask(question: str) -> str:
        response = http.post("/v1/query", json={"collection": "manuals", "question": question})
        return str(response.json()["answer"])

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, [question for question, _ in asked]))
    for (_, wanted), answer in zip(asked, answers, strict=True):
        assert wanted in answer


def test_read(http: httpx.Client) -> None:
    passages = ["The motor draws 4 kilowatts.", "The pump is rated for a working pressure of 16 bar."]
    body = post(http, "/v1/read", question=QUESTION, passages=passages)
    answers = body["answers"]
    assert isinstance(answers, list)
    best = answers[0]
    assert best["passage"] == 1
    assert "16 bar" in best["text"]
    assert all(passages[a["passage"]][a["start"] : a["end"]] == a["text"] for a in answers)
    assert [a["probability"] for a in answers] == sorted((a["probability"] for a in answers), reverse=True)
    assert isinstance(body["no_answer_probability"], float)
    assert 0 <= body["no_answer_probability"] <= 1
    evidence = body["evidence"]
    assert isinstance(evidence, list)
    assert [(one["passage"], one["text"]) for one in evidence][:1] == [(1, passages[1])]
    assert all(0.5 <= one["probability"] <= 1 for one in evidence)


def test_check(http: httpx.Client) -> None:
    context = ["The pump is rated for a working pressure of 16 bar."]
    body = post(
        http, "/v1/check", answer="The pump is rated for 16 bar. Bananas are purple.", context=context
    )
    sentences = body["sentences"]
    assert isinstance(sentences, list)
    assert [s["text"] for s in sentences] == ["The pump is rated for 16 bar.", "Bananas are purple."]
    assert sentences[0]["label"] == "supported"
    assert sentences[1]["label"] != "supported"
    assert sentences[0]["support"] > sentences[1]["support"]
    assert body["supported"] == 0.5
    for sentence in sentences:
        assert set(sentence) >= {
            "start",
            "end",
            "label",
            "probability",
            "support",
            "evidence",
            "unsupported_spans",
        }
        for evidence in sentence["evidence"]:
            assert 0 <= evidence["start"] < evidence["end"] <= len(context[evidence["context"]])


def test_rerank(http: httpx.Client) -> None:
    documents: list[object] = [
        "Lunch is at noon.",
        {"text": "The pump is rated for 16 bar."},
        "Ships are large.",
    ]
    body = post(
        http, "/v1/rerank", query=QUESTION, documents=documents, top_n=2, return_documents=True, model=""
    )
    results = body["results"]
    assert isinstance(results, list)
    assert len(results) == 2
    assert results[0]["index"] == 1
    assert results[0]["document"] == {"text": "The pump is rated for 16 bar."}
    assert 1 >= results[0]["relevance_score"] > results[1]["relevance_score"] >= 0
    assert body["id"]
    assert body["meta"]
    bare = post(http, "/v1/rerank", query=QUESTION, documents=["a", "b", "c"], model=body["model"])
    assert sorted(r["index"] for r in bare["results"]) == [0, 1, 2]  # type: ignore[union-attr]
    assert http.post("/v1/rerank", json={"model": "gpt", "query": "a", "documents": ["b"]}).status_code == 404


def test_embeddings_are_the_encoders(live: Live, http: httpx.Client) -> None:
    encoder = live.runtime.service().models.encoder
    body = post(http, "/v1/embeddings", model=encoder.info.name, input=["The pump.", "The ferry."])
    vectors = np.array([item["embedding"] for item in body["data"]])  # type: ignore[union-attr]
    expected = [encoded.dense for encoded in encoder.encode_passages(["The pump.", "The ferry."])]
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    one = post(http, "/v1/embeddings", model=encoder.info.name, input="The pump.", input_type="query")
    query = encoder.encode_queries(["The pump."])[0].dense
    np.testing.assert_allclose(one["data"][0]["embedding"], query, atol=1e-5)  # type: ignore[index]
    same = post(http, "/v1/embeddings", model="manuals", input="The pump.", input_type="query")
    assert same["data"] == one["data"]
    for wrong in ({"model": "other"}, {"dimensions": 7}, {"input": []}, {"input": [1, 2]}, {"input": ""}):
        response = http.post("/v1/embeddings", json={"model": encoder.info.name, "input": "x", **wrong})
        assert response.status_code in (400, 404, 422), wrong
        assert response.json()["error"]["message"]
