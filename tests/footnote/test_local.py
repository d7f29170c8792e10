"""Footnote in process: the same answers as over HTTP, of the same types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from footnote import Footnote, FootnoteError
from footnote.models import Answer, Hit

HANDBOOK = Path(__file__).parents[2] / "samples" / "handbook"


@pytest.fixture(scope="module")
def footnote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footnote]:
    data = tmp_path_factory.mktemp("local")
    with Footnote(data / "data", collection="handbook", threads=1) as made:
        yield made


def test_a_folder_is_read_and_answers(footnote: Footnote) -> None:
    told: list[tuple[int, int, str]] = []
    job = footnote.ingest(
        HANDBOOK, include=["*.md", "*.txt"], on_progress=lambda *progress: told.append(progress)
    )
    assert job.status == "succeeded"
    assert job.counts.added == len(told) == 5
    assert told[-1][:2] == (5, 5)
    answer = footnote.ask("How much does an adult return ticket to Merrin cost in 2026?")
    assert isinstance(answer, Answer)
    assert "18.90" in answer.answer
    assert answer.citations[0].source == "fares-2026.txt"
    assert answer.sentences[0].verdict is not None
    assert footnote.ingest(HANDBOOK, include=["*.md", "*.txt"]).counts.unchanged == 5


def test_texts_are_read_searched_explained_and_deleted(footnote: Footnote) -> None:
    texts = [
        {"source": "a", "text": "The keeper of the lighthouse is called Ingrid.", "metadata": {"year": 2020}},
        {"source": "b", "text": "Bread needs flour, water and salt."},
    ]
    assert footnote.ingest(texts, collection="notes").counts.added == 2
    found = footnote.search("lighthouse keeper", collection="notes", explain=True)
    hit = found.hits[0]
    assert isinstance(hit, Hit)
    assert (hit.source, hit.metadata) == ("a", {"year": 2020})
    assert hit.explanation is not None
    assert {"dense", "lexical"} <= set(hit.explanation.parts)
    assert not footnote.search("keeper", collection="notes", filters={"year": 1999}).hits
    footnote.delete("a", collection="notes")
    assert [one.source for one in footnote.search("lighthouse keeper", collection="notes").hits] == ["b"]
    assert {one.name: one.documents for one in footnote.collections()}["notes"] == 1


def test_any_answer_is_checked(footnote: Footnote) -> None:
    context = ["The pump is rated for a working pressure of 16 bar."]
    checked = footnote.check("The pump is rated for 16 bar. It was painted blue in Oslo.", context)
    assert [one.label == "supported" for one in checked.sentences] == [True, False]
    assert checked.supported == 0.5


def test_errors_are_those_of_the_clients(footnote: Footnote, tmp_path: Path) -> None:
    with pytest.raises(FootnoteError) as gone:
        footnote.ask("Who?", collection="gone")
    assert (gone.value.code, gone.value.status) == ("collection_not_found", 404)
    with pytest.raises(FootnoteError) as absent:
        footnote.ingest(tmp_path / "absent")
    assert absent.value.code == "path_not_found"
    with pytest.raises(FootnoteError) as wrong:
        Footnote(tmp_path, no_such_setting=1)
    assert wrong.value.code == "invalid_settings"
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 broken")
    job = footnote.ingest(tmp_path / "bad.pdf", collection="broken")
    assert (job.status, job.errors[0].source) == ("failed", "bad.pdf")
