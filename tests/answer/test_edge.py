"""The edge profile end to end: ingest, search, answers and rerankers without any token vectors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.handler import ingest_worker
from ingest.submit import submit_uploads
from ingest.types import Upload
from rag.answer.ask import Ask
from rag.service import Service, open_service
from rag.types import Query
from tests.answer.conftest import settings_for
from tests.answer.corpus import TEXTS

C = "handbook"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = settings_for(tmp_path_factory.mktemp("edge"), profile="edge")
    with open_service(settings) as opened:
        opened.store.collections.create(C)
        uploads = [Upload(name, text.encode(), "text/markdown") for name, text in TEXTS.items()]
        submit_uploads(opened.store, C, uploads)
        worker = ingest_worker(settings, opened.store, opened.models.encoder)
        worker.drain()
        worker.close()
        yield opened


def test_the_collection_is_bound_to_the_static_encoder(edge: Service) -> None:
    bound = edge.store.collections.bound(C)
    assert bound == (edge.models.encoder.info.name, edge.models.encoder.info.revision, 256)
    assert bound[0] == "footnote-edge"
    assert edge.settings.precision == "int8"


@pytest.mark.parametrize(
    ("question", "source"),
    [("price of lunch", "canteen.md"), ("Can pets travel by boat?", "ferry.md"), ("vacation", "leave.md")],
)
def test_search_finds_without_late_interaction(edge: Service, question: str, source: str) -> None:
    for mode in ("hybrid", "dense"):
        hits, _ = edge.searcher.search(Query(question, C, 3, mode=mode), explain=True)  # type: ignore[arg-type]
        assert hits[0].document.source == source
        assert "late" not in hits[0].parts
        assert sum(share.contribution for share in hits[0].shares.values()) == pytest.approx(hits[0].score)
        assert hits[0].explanation is not None
        assert hits[0].explanation.tokens == ()


def test_questions_are_answered_and_checked(edge: Service) -> None:
    answer = edge.answerer.answer(Ask("How much does lunch cost for staff?", C))
    assert not answer.abstained
    assert "8 euros" in answer.text
    assert answer.sentences[0].verdict is not None
    assert answer.sentences[0].verdict.label == "quoted"


def test_a_collection_is_searched_with_its_own_encoder_whatever_the_settings_name(edge: Service) -> None:
    question = Query("lunch", C, 3, mode="dense")
    with open_service(settings_for(edge.settings.data), edge.store) as default:
        assert default.models.encoder.info.name == "footnote-encoder"
        ours, theirs = (service.searcher.search(question, rerank=False)[0] for service in (edge, default))
    assert ours
    assert [(hit.chunk.id, hit.score) for hit in ours] == [(hit.chunk.id, hit.score) for hit in theirs]
