"""Cases of other people's formats, ids, and what is written can be read again."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ragas import EvaluationDataset
from ragas.dataset_schema import SingleTurnSample
from ragas.testset.synthesizers import testset_schema

from eval.cases import Case, Layout, count, read_cases, read_questions, with_ids, write_cases
from rag.errors import InvalidInput

ROOT = Path(__file__).parents[2]
CONTEXT = "The pump was built in 1974 by Ada Holm. It holds 16 bar."
ASKED = {
    "id": "a",
    "question": "Who built the pump?",
    "answers": [{"text": "Ada Holm", "answer_start": 30}, {"text": "by Ada Holm", "answer_start": 27}],
}
IMPOSSIBLE = {
    "id": "b",
    "question": "Who sold the pump?",
    "is_impossible": True,
    "answers": [],
    "plausible_answers": [{"text": "Ada Holm", "answer_start": 30}],
}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(lambda text: text.strip())
CASES = st.builds(
    Case,
    WORDS,
    st.none() | WORDS,
    st.none() | st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    st.none() | st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    st.none(),
    st.none() | WORDS,
    st.none() | st.just(True),
    st.booleans(),
)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def squad(*asked: object, context: str = CONTEXT) -> str:
    return json.dumps({"data": [{"title": "Pump", "paragraphs": [{"context": context, "qas": asked}]}]})


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.json", "c.jsonl.gz", "c.csv.gz"])
@settings(max_examples=25, deadline=None)
@given(cases=st.lists(CASES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, name: str, cases: list[Case]
) -> None:
    path = tmp_path_factory.mktemp("round") / name
    named = with_ids(cases)
    write_cases(named, path)
    assert read_cases(path) == named
    write_cases(named, path, "ragas")
    assert read_cases(path) == named


def test_an_unanswerable_case_keeps_its_mark(tmp_path: Path) -> None:
    case = Case("Who?", contexts=("Nobody.",), id="x", answerable=False)
    for layout in ("cases", "ragas"):
        write_cases([case], tmp_path / "c.csv", layout)
        assert read_cases(tmp_path / "c.csv") == [case]


def test_an_id_is_fixed_by_question_and_reference(tmp_path: Path) -> None:
    rows = '{"question": "a"}\n{"question": "a", "contexts": ["x"]}\n{"question": "a", "reference": "b"}\n'
    first, alike, other = (case.id for case in read_cases(written(tmp_path, "c.jsonl", rows)))
    assert alike == f"{first}-2"
    assert other not in (first, alike)
    again = '{"question": "z"}\n' + rows
    assert [case.id for case in read_cases(written(tmp_path, "d.jsonl", again))][1:] == [first, alike, other]


def test_a_made_id_leaves_a_given_one_alone() -> None:
    made = with_ids([Case("a")])[0].id
    assert [case.id for case in with_ids([Case("a"), Case("b", id=made)])] == [f"{made}-2", made]


def test_an_id_given_twice_is_an_error_with_both_lines(tmp_path: Path) -> None:
    rows = '{"question": "a", "id": "1"}\n{"question": "c"}\n{"question": "b", "id": 1}\n'
    with pytest.raises(InvalidInput, match=r"line 3: the id '1' is that of line 1") as caught:
        read_cases(written(tmp_path, "c.jsonl", rows))
    assert caught.value.code == "cases_duplicate_id"


def test_null_means_not_known_and_only_answerable_says_there_is_no_answer(tmp_path: Path) -> None:
    rows = '{"question": "a", "answer": null, "source": null}\n{"question": "b", "answerable": false}\n'
    cases = read_cases(written(tmp_path, "c.jsonl", rows))
    assert [case.answerable for case in cases] == [None, False]
    assert sum(case.answerable is False for case in read_cases(ROOT / "samples" / "questions.jsonl")) == 2


def test_a_testset_of_ragas_in_its_own_files(tmp_path: Path) -> None:
    """Written by RAGAS itself, as JSON Lines and as CSV."""
    sample = SingleTurnSample(
        user_input="Who built it?",
        reference="Ada Holm",
        reference_contexts=[CONTEXT, 'It\'s "quoted".'],
        reference_context_ids=["pump.md", 7],
        retrieved_contexts=["x"],
        response="Ada.",
    )
    name = "multi_hop_abstract_query_synthesizer"
    made = testset_schema.TestsetSample(eval_sample=sample, synthesizer_name=name)
    testset = testset_schema.Testset([made])
    wanted = Case(
        "Who built it?",
        "Ada Holm",
        ("pump.md", "7"),
        (CONTEXT, 'It\'s "quoted".'),
        type="multi_hop_abstract",
        synthetic=True,
    )
    testset.to_jsonl(tmp_path / "t.jsonl")
    testset.to_csv(tmp_path / "t.csv")
    for name in ("t.jsonl", "t.csv"):
        assert [replace(case, id=None) for case in read_cases(tmp_path / name)] == [wanted]


def test_ragas_reads_what_is_written_for_it(tmp_path: Path) -> None:
    case = Case("Who?", "Ada Holm", ("pump.md",), (CONTEXT,), "x", "single_hop", True, True)
    write_cases([case], tmp_path / "c.jsonl", "ragas")
    (sample,) = EvaluationDataset.from_jsonl(tmp_path / "c.jsonl").samples
    assert (sample.user_input, sample.reference) == ("Who?", "Ada Holm")
    assert (sample.reference_contexts, sample.reference_context_ids) == ([CONTEXT], ["pump.md"])


def test_squad_with_every_answer_and_without_any(tmp_path: Path) -> None:
    path = written(tmp_path, "dev.json", squad(ASKED, IMPOSSIBLE))
    built, sold = read_questions(path)
    assert built.case == Case("Who built the pump?", "Ada Holm", None, (CONTEXT,), "a", answerable=True)
    assert built.answers == ("Ada Holm", "by Ada Holm")
    assert sold.case == Case("Who sold the pump?", None, None, (CONTEXT,), "b", answerable=False)
    assert sold.answers == ()


def test_squad_a_question_a_line(tmp_path: Path) -> None:
    """As Hugging Face has it, gzipped under a name that says nothing."""
    row = {**ASKED, "context": CONTEXT, "answers": {"text": ["Ada Holm"], "answer_start": [30]}}
    path = tmp_path / "validation"
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    assert read_questions(path)[0].answers == ("Ada Holm",)


def test_spans_of_evidence_become_contexts_of_the_corpus_beside_them(tmp_path: Path) -> None:
    (tmp_path / "pump.md").write_text(CONTEXT)
    row = {
        "question": "Who?",
        "corpus": "pump",
        "references": [{"content": "Ada Holm", "start_index": 30, "end_index": 38}],
    }
    other = {**row, "question": "Whose?", "corpus": "lamp"}
    path = written(tmp_path, "q.jsonl", json.dumps(row) + "\n" + json.dumps(other))
    first, second = read_cases(path)
    assert (first.relevant_sources, first.contexts, first.reference) == (("pump.md",), ("Ada Holm",), None)
    assert second.relevant_sources == ("lamp",)


def test_a_beir_folder_as_cases(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "text": "x"}\n{"_id": "d2", "text": "y"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "a"}\n{"_id": "q2", "text": "b"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("q1\td1\t2\nq1\td2\t0\nq2\td2\t0\n")
    assert read_cases(tmp_path) == [
        Case("a", relevant_sources=("d1",), id="q1"),
        Case("b", id="q2"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", '{"cases": [{"question": "a"}]}'),
        ("c.json", '[\n  {"question": "a"}\n]'),
        ("c", '{"question": "a"}'),
        ("c.txt", "question;reference\na;\n"),
        ("c.tsv", "type\tquestion\n\ta\n"),
        ("c.csv", "question\na\n"),
    ],
)
def test_content_says_what_a_file_is(tmp_path: Path, name: str, text: str) -> None:
    assert [case.question for case in read_cases(written(tmp_path, name, text))] == ["a"]


@pytest.mark.parametrize(
    ("layout", "text", "says"),
    [
        ("cases", '{"question": "a", "answerable": false, "reference": "b"}', "line 1: answerable is false"),
        ("cases", '{"question": "a"}\n{"question": "b", "answerable": "no"}', "line 2: answerable must be"),
        ("cases", '{"question": "a", "id": [1]}', "line 1: id must be"),
        ("cases", "question,synthetic\na,maybe\n", "line 2: synthetic must be"),
        ("cases", '{"cases": [{"question": "a"}, 3]}', r"cases\[1\]: a case is an object"),
        ("ragas", '{"user_input": ""}', "line 1: the question is missing"),
        ("ragas", '{"user_input": "a", "reference_context_ids": "x"}', "line 1: reference_context_ids"),
        ("ragas", "user_input,reference_contexts\na,[1\n", "line 2: reference_contexts"),
        ("squad", squad({**ASKED, "answers": [{"text": "Ada", "answer_start": 3}]}), r"qas\[0\]: the answer"),
        ("squad", squad({**ASKED, "answers": [{"text": "Ada"}]}), "an answer needs a text and"),
        ("squad", squad(ASKED, context=""), "the context is missing"),
        ("squad", '{"question": "a", "context": "b", "answers": 1}', "line 1: answers must be"),
        ("spans", '{"question": "a", "references": []}', "line 1: a corpus and references"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, layout: Layout, text: str, says: str) -> None:
    path = written(tmp_path, "c.csv" if text[0] != "{" else "c.jsonl", text)
    with pytest.raises(InvalidInput, match=says) as caught:
        read_cases(path, layout)
    assert caught.value.code == "cases_invalid"


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"PAR1"])
def test_a_binary_file_is_refused(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "c.jsonl").write_bytes(head + b"\0" * 20)
    with pytest.raises(InvalidInput, match="binary") as caught:
        read_cases(tmp_path / "c.jsonl")
    assert caught.value.code == "cases_unsupported"


def test_a_gzip_that_was_cut_off(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"question": "a"}' * 99)[:-9])
    with pytest.raises(InvalidInput, match="not whole"):
        read_cases(tmp_path / "c.jsonl.gz")


def test_a_conversation_is_refused(tmp_path: Path) -> None:
    row = {"user_input": [{"content": "Hello", "type": "human"}]}
    with pytest.raises(InvalidInput, match="conversation") as caught:
        read_cases(written(tmp_path, "c.jsonl", json.dumps(row)))
    assert caught.value.code == "cases_unsupported"


def test_counts() -> None:
    cases = [
        Case("a", "b", ("s",), type="x", synthetic=True),
        Case("c", contexts=("d",), type="x", answerable=False),
        Case("e", type="y"),
    ]
    found = count(cases)
    assert (found.cases, found.with_reference, found.with_sources, found.with_contexts) == (3, 1, 1, 1)
    assert (found.unanswerable, found.synthetic, dict(found.types)) == (1, 1, {"x": 2, "y": 1})
