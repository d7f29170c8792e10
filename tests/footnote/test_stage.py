"""A user's pipeline between our retriever and our answerer."""

from __future__ import annotations

from pathlib import Path

import pytest

from footnote.haystack import load_stage
from footnote.service import open_with_stage
from rag.answer.ask import Ask
from rag.errors import InvalidInput, RagError
from rag.service import Service
from tests.answer.corpus import TEXTS

SAMPLES = Path(__file__).parents[2] / "samples"
LUNCH = Ask("How much is lunch for guests?", "handbook", k=8)

COMPONENT = """
from dataclasses import replace
from haystack import Document, component

@component
class Own:
    @component.output_types(documents=list[Document])
    def run(self, query: str, documents: list[Document]):
        {}
"""
YAML = "components:\n  own: {{type: {}.Own, init_parameters: {{}}}}\nconnections: []\n"


def own(folder: Path, body: str) -> Path:
    """A pipeline of one component with this body; its module is named after the folder."""
    (folder / f"{folder.name}.py").write_text(COMPONENT.format(body))
    (folder / "own.yaml").write_text(YAML.format(folder.name))
    return folder / "own.yaml"


def test_the_example_keeps_one_passage_of_each_source(filled: Service) -> None:
    settings = filled.settings.model_copy(update={"pipeline": str(SAMPLES / "between.yaml")})
    plain = filled.answerer.answer(LUNCH)
    with open_with_stage(settings, filled.store) as service:
        answer = service.answerer.answer(LUNCH)
    sources = [hit.document.source for hit in answer.hits]
    assert len(sources) == len(set(sources)) < len(plain.hits)
    assert "11 euros" in answer.text
    quoted = answer.citations[0]
    assert TEXTS["canteen.md"][quoted.start : quoted.end] == quoted.quote


def test_without_the_setting_there_is_no_stage(filled: Service) -> None:
    with open_with_stage(filled.settings, filled.store) as service:
        assert service.answerer.answer(LUNCH).hits == filled.answerer.answer(LUNCH).hits


def test_shortened_passages_keep_their_offsets(filled: Service, tmp_path: Path) -> None:
    shorter = "replace(one, content=one.content[4:], score=-1.0 * n)"
    body = f"return {{'documents': [{shorter} for n, one in enumerate(documents)]}}"
    hits = filled.answerer.answer(LUNCH).hits
    after = load_stage(own(tmp_path, body))(LUNCH, hits)
    assert [hit.chunk.id for hit in after] == [hit.chunk.id for hit in hits]
    for hit in after:
        assert TEXTS[hit.document.source][hit.chunk.start : hit.chunk.end] == hit.chunk.text
    assert after[1].score == -1.0


def test_documents_of_ones_own_are_answered_from(filled: Service, tmp_path: Path) -> None:
    mine = "Document(content='Lunch for guests costs 99 crowns.', meta={'source': 'mine'})"
    body = f"return {{'documents': [{mine}]}}"
    settings = filled.settings.model_copy(update={"pipeline": str(own(tmp_path, body))})
    with open_with_stage(settings, filled.store) as service:
        answer = service.answerer.answer(LUNCH)
    assert "99 crowns" in answer.text
    assert answer.citations[0].source == "mine"


def test_a_failing_component_is_told_by_name(filled: Service, tmp_path: Path) -> None:
    between = load_stage(own(tmp_path, "raise ValueError('no luck with ' + query)"))
    with pytest.raises(RagError, match="no luck") as error:
        between(LUNCH, filled.answerer.answer(LUNCH).hits)
    assert error.value.code == "pipeline_failed"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "components: {}\nconnections: []\n",
        "components:\n  a: {type: gone.Thing, init_parameters: {}}\nconnections: []\n",
        "components:\n  a: {type: haystack.components.builders.answer_builder.AnswerBuilder, "
        "init_parameters: {}}\nconnections: []\n",
    ],
)
def test_what_is_no_stage_is_refused_at_the_start(filled: Service, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    settings = filled.settings.model_copy(update={"pipeline": str(tmp_path / "bad.yaml")})
    with pytest.raises(InvalidInput, match=r"bad\.yaml") as error:
        open_with_stage(settings, filled.store)
    assert error.value.code == "pipeline_invalid"
    with pytest.raises(InvalidInput, match=r"absent\.yaml"):
        load_stage(tmp_path / "absent.yaml")
