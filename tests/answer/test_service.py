"""Search and answers over a real store, real replicas and the real models."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rag.answer.ask import Ask
from rag.answer.check import check_text
from rag.answer.events import AnswerEvent, CitationEvent, HitsEvent, SentenceEvent, TokenEvent
from rag.errors import Conflict, InvalidInput, NotFound
from rag.models.types import Floats
from rag.search.tuning import Tuning
from rag.service import Service, open_service
from rag.types import Answer, Equals, Mode, Query
from tests.answer.conftest import settings_for
from tests.answer.corpus import TEXTS, fill, put

C = "handbook"


def assert_quotes_are_exact(service: Service, answer: Answer) -> None:
    for citation in answer.citations:
        assert (
            service.store.documents.text(citation.document_id)[citation.start : citation.end]
            == citation.quote
            != ""
        )
    for sentence in answer.sentences:
        assert answer.text[sentence.start : sentence.end] == sentence.text
        assert all(f"[{marker}]" in sentence.text for marker in sentence.citations)
    used = [marker for sentence in answer.sentences for marker in sentence.citations]
    assert (
        list(dict.fromkeys(used))
        == [c.marker for c in answer.citations]
        == list(range(1, len(set(used)) + 1))
    )


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_finds_and_explains(service: Service, mode: Mode) -> None:
    hits, timings = service.searcher.search(Query("price of lunch", C, 3, mode=mode), explain=True)
    assert hits[0].document.source == "canteen.md"
    assert hits[0].chunk.text == TEXTS["canteen.md"][hits[0].chunk.start : hits[0].chunk.end]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    stages = {
        "hybrid": {"dense", "lexical", "fused", "late"},
        "dense": {"dense", "late"},
        "lexical": {"lexical"},
    }
    assert set(hits[0].parts) == stages[mode]
    assert ("lunch" in hits[0].terms) == (mode != "dense")
    assert {"retrieve", "rerank", "total"} <= timings.keys()


def test_terms_are_kept_to_those_who_ask(service: Service) -> None:
    hits, _ = service.searcher.search(Query("price of lunch", C, 3))
    assert all(hit.terms == () for hit in hits)


def test_rerank_can_be_left_out_as_can_each_of_its_stages(service: Service, tmp_path: Path) -> None:
    query = Query("dogs on the ferry", C, 5)
    plain, _ = service.searcher.search(query, rerank=False)
    assert all("late" not in hit.parts for hit in plain)
    with open_service(settings_for(tmp_path, reader_candidates=20), service.store) as reading:
        opened = reading.searcher.open(C, trial=Tuning(late_weight=0.0, reader=True))
        hits = reading.searcher.hits(reading.searcher.retrieve(query, opened), 5)
    assert all("rerank" in hit.parts and "late" not in hit.parts for hit in hits)
    assert hits[0].document.source == "ferry.md"


def test_the_reader_reranks_as_many_as_the_settings_say(service: Service, tmp_path: Path) -> None:
    query = Query("dogs on the ferry", C, 6)
    for depth in (4, 0):
        with open_service(settings_for(tmp_path, reader_candidates=depth), service.store) as reading:
            hits, _ = reading.searcher.search(query)
            plain, _ = reading.searcher.search(query, rerank=False)
        assert len(hits) == 6
        assert sum("rerank" in hit.parts for hit in hits) == depth
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all("rerank" not in hit.parts for hit in plain)


def test_what_only_the_lexical_search_found_gets_its_exact_dense_score(
    service: Service, tmp_path: Path
) -> None:
    fill(service, "wide")
    places = ("a river", "the harbour", "a lake", "the coast", "an island", "a canal", "the bay", "a beach")
    for place in places:
        put(service, "wide", f"{place}.md", f"Many visitors with animals walk along {place} in the evening.")
    with open_service(settings_for(tmp_path, rerank_candidates=5), service.store) as narrow:
        query = Query("dogs walking on the beach 61", "wide", 5)
        found = narrow.searcher.retrieve(query, narrow.searcher.open("wide"))
    assert found.encoded is not None
    stored = _stored_vectors(service, "wide")
    for item in found.items:
        exact = float(stored[item.key] @ found.encoded.dense)
        assert item.parts["dense"].score == pytest.approx(exact, abs=1e-3)
    assert any(item.parts["dense"].rank is None and item.terms for item in found.items)


def _stored_vectors(service: Service, collection: str) -> dict[int, Floats]:
    info = service.models.encoder.info
    documents = [record.document.id for record in service.store.documents.page(collection)[0]]
    return {one.key: one.dense for one in service.store.changes.embedded(documents, info.name, info.revision)}


def test_filters_hold(service: Service) -> None:
    hits, _ = service.searcher.search(Query("lunch", C, 10, Equals("topic", "ferry")))
    assert {hit.document.source for hit in hits} == {"ferry.md"}
    answer = service.answerer.answer(
        Ask("How much is lunch for guests?", C, filters=Equals("topic", "ferry"))
    )
    assert answer.abstained


def test_a_filter_that_nothing_passes_leaves_a_reason(service: Service) -> None:
    answer = service.answerer.answer(
        Ask("How much is lunch for guests?", C, filters=Equals("topic", "nothing"))
    )
    assert (answer.abstained, answer.reason, answer.hits) == (True, "no_relevant_passage", ())
    assert [(step.step, step.taken, step.reason) for step in answer.route] == [
        ("retrieve", False, "no_relevant_passage")
    ]


def test_search_is_the_same_twice(service: Service) -> None:
    query = Query("pump pressure warranty lunch", C, 10)
    assert service.searcher.search(query)[0] == service.searcher.search(query)[0]


@pytest.mark.parametrize(
    ("question", "source", "page", "words"),
    [
        ("How much is lunch for guests?", "canteen.md", 1, "11 euros"),
        ("When does unused leave expire?", "leave.md", 1, "31 March"),
        ("How many passengers does the Marlin carry?", "ferry.md", 1, "120 passengers"),
        ("When does the last ferry leave in winter?", "ferry.md", 2, "17:40"),
    ],
)
def test_answers_are_quoted_with_page_and_offsets(
    service: Service, question: str, source: str, page: int, words: str
) -> None:
    answer = service.answerer.answer(Ask(question, C))
    assert_quotes_are_exact(service, answer)
    assert not answer.abstained
    assert words in answer.sentences[0].text
    assert (answer.citations[0].source, answer.citations[0].page) == (source, page)
    assert all(s.verdict is not None and s.verdict.label == "quoted" for s in answer.sentences)
    assert answer.route[-1].step == "reader"
    assert answer.route[-1].taken
    assert answer.confidence == answer.route[-1].confidence
    assert not answer.closest
    assert {"retrieve", "rerank", "read", "check", "total"} <= answer.timings.keys()
    assert answer.usage.prompt_tokens == 0


def test_what_no_passage_tells_is_not_answered(service: Service) -> None:
    answer = service.answerer.answer(Ask("Who is the king of Spain?", C))
    assert answer.abstained
    assert answer.text == ""
    assert answer.reason in {"low_confidence", "no_relevant_passage"}
    assert answer.hits
    assert not answer.route[-1].taken
    assert 1 <= len(answer.closest) <= 3
    for near in answer.closest:
        text = service.store.documents.text(near.hit.chunk.document_id)
        assert all(text[span.start : span.end].strip() for span in near.spans)


def test_an_empty_collection_abstains(service: Service) -> None:
    service.store.collections.create("empty")
    assert service.answerer.answer(Ask("Anything?", "empty")).reason == "empty_collection"
    assert service.searcher.search(Query("anything", "empty"))[0] == []


def test_copies_count_once(service: Service) -> None:
    service.store.collections.create("copies")
    for n in range(4):
        put(service, "copies", f"copy{n}.md", TEXTS["canteen.md"])
    put(service, "copies", "leave.md", TEXTS["leave.md"])
    answer = service.answerer.answer(Ask("How much is lunch for guests?", "copies", k=4))
    texts = [hit.chunk.text for hit in answer.hits]
    assert len(texts) == len(set(texts))
    assert len(service.searcher.search(Query("lunch for guests", "copies", 4))[0]) == 4


def test_refuses_what_cannot_be_asked(service: Service) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        service.answerer.answer(Ask("Lunch?", "nowhere"))
    with pytest.raises(NotFound):
        service.searcher.search(Query("Lunch?", "nowhere"))
    with pytest.raises(InvalidInput) as empty:
        service.searcher.search(Query(" ", C))
    assert empty.value.code == "empty_query"
    with pytest.raises(InvalidInput) as endless:
        service.answerer.answer(Ask("x" * 5000, C))
    assert endless.value.code == "question_too_long"
    with pytest.raises(Conflict) as written:
        service.answerer.events(Ask("Lunch?", C, mode="generative"))
    assert written.value.code == "no_generator"


def test_events_tell_the_answer_step_by_step(service: Service) -> None:
    events = list(service.answerer.events(Ask("How much is lunch for guests?", C)))
    kinds = [type(event) for event in events]
    assert kinds[0] is HitsEvent
    assert kinds[-1] is AnswerEvent
    assert isinstance(events[-1], AnswerEvent)
    answer = events[-1].answer
    assert "".join(event.text for event in events if isinstance(event, TokenEvent)) == answer.text
    assert tuple(e.sentence for e in events if isinstance(e, SentenceEvent)) == answer.sentences
    assert tuple(e.citation for e in events if isinstance(e, CitationEvent)) == answer.citations


def test_many_threads_share_an_engine(service: Service) -> None:
    questions = {"How much is lunch for guests?": "11 euros", "When does unused leave expire?": "31 March"}
    wrong: list[str] = []

    def ask(question: str, words: str) -> None:
        for _ in range(4):
            if words not in service.answerer.answer(Ask(question, C)).text:
                wrong.append(question)

    threads = [threading.Thread(target=ask, args=pair) for pair in list(questions.items()) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_closed_engine_leaves_a_given_store_open(service: Service, tmp_path: Path) -> None:
    with open_service(settings_for(tmp_path), service.store) as second:
        second.searcher.search(Query("lunch", C))
    assert service.store.collections.get(C).chunks


def test_read_and_check_take_any_text(service: Service) -> None:
    result = service.models.reader.read("How much is lunch?", ["Dogs travel free.", "Lunch costs 8 euros."])
    assert result.readings[0].passage == 1
    assert "8 euros" in result.readings[0].text
    answer = "Lunch costs 8 euros [1]. The moon is made of cheese."
    good, bad = check_text(
        answer, ["Lunch costs 8 euros for staff."], service.models.checker, "How much is lunch?"
    )
    assert answer[good.start : good.end] == good.text == "Lunch costs 8 euros [1]."
    assert good.verdict is not None
    assert good.verdict.label == "supported"
    assert bad.verdict is not None
    assert bad.verdict.label != "supported"


def test_deleted_documents_are_gone_from_answers(tmp_path: Path) -> None:
    with open_service(settings_for(tmp_path)) as service:
        fill(service)
        found = service.store.documents.find(C, "canteen.md")
        assert found is not None
        assert not service.answerer.answer(Ask("How much is lunch for guests?", C)).abstained
        service.store.documents.delete(found.document.id)
        answer = service.answerer.answer(Ask("How much is lunch for guests?", C))
        assert all(hit.document.source != "canteen.md" for hit in answer.hits)
