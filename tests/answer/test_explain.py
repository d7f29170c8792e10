"""Why a hit has its score: everything adds up, on a real store with the real models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from ingest.handler import ingest_worker
from ingest.submit import submit_uploads
from ingest.types import Upload
from rag.errors import NotFound
from rag.models.late import unpack
from rag.search.explain import MOST_WINDOWS, passage_spans, word_windows
from rag.search.rerank import with_stage
from rag.service import Service, open_service
from rag.types import Explanation, Hit, Mode, Query, Share, Span
from tests.answer.conftest import settings_for
from tests.answer.corpus import TEXTS

C = "manuals"
QUESTION = "What is the working pressure of the pumps?"
LONG = "\n\n".join(
    f"## Valve {n}\n\nValve number {n} closes at {n + 3} bar. {'It is made of brass and iron. ' * 12}"
    for n in range(1, 9)
)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Documents with titles, headings and a table, read as a user's are, in float: in int8 a score depends a
    little on what is scored beside it. The reader ranks too, as not by default.
    """
    folder = tmp_path_factory.mktemp("explain")
    settings = settings_for(folder, precision="float", reader_candidates=20)
    with open_service(settings) as opened:
        opened.store.collections.create(C)
        texts = {**TEXTS, "valves.md": f"# All valves 🙂\n\n{LONG}"}
        uploads = [Upload(name, text.encode(), "text/markdown") for name, text in texts.items()]
        submit_uploads(opened.store, C, uploads)
        worker = ingest_worker(settings, opened.store, opened.models.encoder)
        worker.drain()
        worker.close()
        yield opened


def explained(service: Service, text: str, **options: object) -> list[tuple[Hit, Explanation]]:
    mode: Mode = options.pop("mode", "hybrid")  # type: ignore[assignment]
    hits, _ = service.searcher.search(Query(text, C, 6, mode=mode), explain=True, **options)  # type: ignore[arg-type]
    assert hits
    return [(hit, hit.explanation) for hit in hits if hit.explanation is not None]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("rerank", [True, False])
def test_contributions_add_up_to_the_score(ingested: Service, mode: Mode, rerank: bool) -> None:
    for hit, _ in explained(ingested, QUESTION, mode=mode, rerank=rerank):
        assert sum(share.contribution for share in hit.shares.values()) == pytest.approx(hit.score, abs=1e-4)
        assert set(hit.shares) >= set(hit.parts) - {"fused"}


def test_the_readers_share_is_one_of_them(ingested: Service) -> None:
    for hit, _ in explained(ingested, QUESTION):
        assert set(hit.shares) == {"dense", "lexical", "late", "rerank"}
        assert sum(share.contribution for share in hit.shares.values()) == pytest.approx(hit.score, abs=1e-4)


def test_without_explain_nothing_is_told(ingested: Service) -> None:
    hits, _ = ingested.searcher.search(Query(QUESTION, C, 3))
    assert all(not hit.shares and hit.explanation is None for hit in hits)


def test_standardised_shares_add_up_to_the_standardised_sum() -> None:
    before = [{"a": Share(1.0, a), "b": Share(0.5, b)} for a, b in ((3.0, -1.0), (1.0, 0.5), (0.0, 0.5))]
    after = with_stage(before, "c", 2.0, [0.1, 0.2, 0.3])
    sums = [2.0, 1.5, 0.5]
    mean = sum(sums) / 3
    deviation = (sum((one - mean) ** 2 for one in sums) / 3) ** 0.5
    for shares, total, added in zip(after, sums, (0.1, 0.2, 0.3), strict=True):
        kept = shares["a"].contribution + shares["b"].contribution
        assert kept == pytest.approx((total - mean) / deviation)
        assert shares["c"] == Share(2.0, added)
        assert shares["b"].weight == pytest.approx(0.5 / deviation)
    alike = with_stage([{"a": Share(1.0, 4.0)}] * 2, "c", 1.0, [0.0, 0.0])
    assert [shares["a"].contribution for shares in alike] == [0.0, 0.0]


def test_words_add_up_to_the_lexical_score_and_stand_where_they_say(ingested: Service) -> None:
    shown = 0
    for hit, why in explained(ingested, QUESTION):
        if "lexical" in hit.parts:
            assert sum(term.score for term in why.terms) == pytest.approx(
                hit.parts["lexical"].score, rel=1e-4
            )
        for term in why.terms:
            assert term.score == pytest.approx(term.idf * term.tf * term.count, rel=1e-4)
            for span in term.spans:
                shown += 1
                assert hit.chunk.text[span.start : span.end].lower()[:4] == term.term.lower()[:4]
    assert shown >= 5


def test_a_word_behind_an_emoji_stands_where_it_says(ingested: Service) -> None:
    hit, why = explained(ingested, "How long is a crossing?")[0]
    (span,) = next(term for term in why.terms if term.term == "crossing").spans
    assert "🙂" in hit.chunk.text[: span.start]
    assert hit.chunk.text[span.start : span.end] == "Crossing"


def test_a_word_of_the_headings_alone_has_no_place(ingested: Service) -> None:
    found = [
        term
        for hit, why in explained(ingested, "all valves made of brass")
        for term in why.terms
        if term.term == "all" and "All" not in hit.chunk.text
    ]
    assert found
    assert all(term.spans == () for term in found)


@pytest.mark.parametrize("text", [QUESTION, "At what pressure does valve number 7 close?", "dogs on board"])
def test_tokens_add_up_to_the_late_score(ingested: Service, text: str) -> None:
    asked = ingested.models.encoder.token_spans(text)
    for hit, why in explained(ingested, text):
        assert sum(token.share for token in why.tokens) == pytest.approx(hit.parts["late"].score, abs=1e-4)
        assert [(t.query.start, t.query.end) for t in why.tokens if t.query] == asked
        for token in why.tokens:
            assert token.share == pytest.approx(token.similarity / len(why.tokens))
            if token.passage:
                assert 0 <= token.passage.start < token.passage.end <= len(hit.chunk.text)


def test_tokens_match_the_same_words(ingested: Service) -> None:
    hit, why = explained(ingested, "At what pressure does valve number 7 close?")[0]
    assert "Valve number 7" in hit.chunk.text
    found = {
        "At what pressure does valve number 7 close?"[t.query.start : t.query.end]: hit.chunk.text[
            t.passage.start : t.passage.end
        ]
        for t in why.tokens
        if t.query and t.passage
    }
    assert "7" in found["7"]
    assert "clos" in found["close"]


def test_every_stored_vector_has_its_span(ingested: Service) -> None:
    """The text that the encoder read is put together again: as many spans as vectors, to the token."""
    info = ingested.models.encoder.info
    hits, _ = ingested.searcher.search(Query("valve", C, 50), rerank=False)
    assert any(hit.chunk.headings for hit in hits)
    for hit in hits:
        key = ingested.store.chunks.key(C, hit.chunk.id)
        blob = ingested.store.chunks.token_vectors([key], info.name)[key]
        context = ingested.store.chunks.contexts([key])[key]
        spans = passage_spans(ingested.models.encoder, hit.chunk.text, context, len(unpack(blob)))
        assert len(spans) == len(unpack(blob))
        inside = [span for span in spans if span is not None]
        whole = ingested.models.encoder.token_spans(hit.chunk.text)
        assert (inside[0].start, inside[-1].end) == (whole[0][0], whole[-1][1])
        assert all(a.end <= b.start for a, b in pairwise(inside))


def test_the_reader_heeds_what_answers(ingested: Service) -> None:
    query = Query("How much does lunch cost for staff?", C, 6)
    hit, _ = explained(ingested, query.text)[0]
    found = ingested.searcher.explain(query, hit.chunk.id)
    text, windows = found.hit.chunk.text, found.reader.windows
    assert found.rank == 1
    assert (found.hit.score, found.hit.explanation) == (hit.score, hit.explanation)
    assert found.reader.answer is not None
    assert "8 euros" in found.reader.answer.text
    most = max(windows, key=lambda window: window.relevance)
    assert {"Lunch", "costs", "staff"} & set(text[most.start : most.end].split())
    holding = [w for w in windows if "8" in text[w.start : w.end]]
    assert [w.answer for w in holding] == [pytest.approx(found.reader.answer.probability)]
    without = text[: most.start] + text[most.end :]
    whole, less = ingested.models.reader.relevance(query.text, [text, without]).tolist()
    assert found.reader.relevance == pytest.approx(whole, abs=1e-2)
    assert most.relevance == pytest.approx(whole - less, abs=1e-2)


@pytest.mark.parametrize(
    "text", ["", "...", "word", "One. Two words.", LONG, "no end " * 400, "Be it. " * 99]
)
def test_windows_are_few_and_hold_every_word(text: str) -> None:
    windows = word_windows(text)
    assert len(windows) <= MOST_WINDOWS
    assert all(a.end <= b.start for a, b in pairwise(windows))
    kept = [c for n, c in enumerate(text) if any(w.start <= n < w.end for w in windows)]
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]


def test_sentences_can_be_left_out_instead(ingested: Service) -> None:
    hit, _ = explained(ingested, "Do dogs travel free?")[0]
    found = ingested.searcher.explain(Query("Do dogs travel free?", C, 6), hit.chunk.id, unit="sentence")
    pieces = [hit.chunk.text[w.start : w.end] for w in found.reader.windows]
    assert "Dogs travel free." in pieces
    best = max(found.reader.windows, key=lambda window: window.relevance)
    assert hit.chunk.text[best.start : best.end] == "Dogs travel free."


def test_a_passage_that_is_no_hit_is_explained_without_a_score(ingested: Service) -> None:
    query = Query(QUESTION, C, 1)
    hits, _ = ingested.searcher.search(Query(QUESTION, C, 20))
    found = ingested.searcher.explain(query, hits[-1].chunk.id)
    assert (found.rank, found.hit.shares, found.hit.parts) == (None, {}, {})
    assert found.hit.explanation is not None
    assert found.hit.explanation.tokens


def test_a_chunk_of_another_collection_is_not_found(ingested: Service) -> None:
    hits, _ = ingested.searcher.search(Query(QUESTION, C, 1))
    ingested.store.collections.create("other")
    for collection, chunk in (("other", hits[0].chunk.id), (C, "nothing"), (C, "\ud800")):
        with pytest.raises(NotFound) as caught:
            ingested.searcher.explain(Query(QUESTION, collection, 3), chunk)
        assert caught.value.code == "chunk_not_found"


def test_spans_of_pooled_tokens() -> None:
    from rag.models.late import pooled_spans

    spans = [None, Span(0, 3), Span(4, 6), Span(6, 9), None]
    assert pooled_spans(spans, 2) == [Span(0, 3), Span(4, 9), None]
    assert pooled_spans(spans, 1) == spans
