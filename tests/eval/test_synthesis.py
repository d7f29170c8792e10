"""Cases made from a collection of the test's own, by rules with the real models and by a scripted LLM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from eval.cases import Case, read_cases
from eval.corpus import CorpusDocument, put_whole
from eval.synthesis.lexicon import Lexicon
from eval.synthesis.passages import Kind, Options, Synthesis, sentences_of
from eval.synthesis.rules import questions_of, rows_of
from eval.synthesis.synthesize import split_by_kind, synthesize
from rag.errors import Conflict, InvalidInput, NotFound
from rag.service import Service, open_service
from rag.settings import Settings
from tests.cli.commands import invoke
from tests.fakes.llm_server import FakeLLM, Request, fails, says

DOCUMENTS = (
    CorpusDocument(
        "lighthouse.md",
        "Lighthouse",
        "The Vardal lighthouse was built in 1874. To light the Vardal lamp, turn the brass wheel to the left."
        " The lamp of Vardal uses 40 litres of oil each week.",
    ),
    CorpusDocument(
        "ferry.md",
        "Ferry",
        "The ferry Puffin carries 120 passengers."
        " If the wind rises above 38 knots, Puffin stays in the harbour."
        " Adult life jackets are stowed under the seats of the passenger deck.",
    ),
    CorpusDocument(
        "cape.md",
        "Cape",
        "The Vardal lighthouse is a stone tower that stands on the northern cape.",
    ),
    CorpusDocument(
        "mill.md",
        "Mill",
        "The Hasle mill grinds barley and rye for the whole valley."
        " The millstones are cleaned every two weeks."
        " A millrace is a channel that leads water from the river to the wheel of a mill.",
    ),
    CorpusDocument(
        "museum.md",
        "Museum",
        "The net museum displays the nets of twelve fishing families. Before entering the boathouse, put on a"
        " helmet. The museum is closed because the roof of the boathouse is being repaired.",
    ),
    CorpusDocument(
        "heating.md",
        "Heating",
        "Setting | Description | Default\n"
        "boiler.pressure | The pressure at which the boiler stops. | 2.4 bar\n"
        "boiler.interval | Defines how often the boiler is measured. | 30 seconds\n",
    ),
)
TEXT = " ".join(document.text for document in DOCUMENTS)


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with closing(open_service(Settings(data=tmp_path_factory.mktemp("island"), threads=2))) as service:
        put_whole(service.store, service.models.encoder, "island", DOCUMENTS)
        yield service


@pytest.fixture(scope="module")
def made(island: Service) -> Synthesis:
    return synthesize(island, "island", Options(12))


def questions(text: str) -> dict[str, str]:
    lexicon = Lexicon.of([[document.text] for document in DOCUMENTS])
    found = {
        ask.question: ask.reference for one in sentences_of(text) for ask in questions_of(one.text, lexicon)
    }
    return found | {ask.question: ask.reference for _, ask in rows_of(text, lexicon)}


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("The Vardal lighthouse was built in 1874.", "When was the Vardal lighthouse built?", "In 1874"),
        (
            "To light the Vardal lamp, turn the brass wheel to the left.",
            "How do you light the Vardal lamp?",
            "Turn the brass wheel to the left",
        ),
        (
            "If the wind rises above 38 knots, Puffin stays in the harbour.",
            "What happens if the wind rises above 38 knots?",
            "Puffin stays in the harbour",
        ),
        (
            "The ferry Puffin carries 120 passengers.",
            "How many passengers does the ferry Puffin carry?",
            "120 passengers",
        ),
        (
            "Adult life jackets are stowed under the seats of the deck.",
            "Where are adult life jackets stowed?",
            "Under the seats of the deck",
        ),
        (
            "The millstones are cleaned every two weeks.",
            "How often are the millstones cleaned?",
            "Every two weeks",
        ),
        (
            "A millrace is a channel that leads water to the wheel.",
            "What is a millrace?",
            "A channel that leads water to the wheel",
        ),
        (
            "Before entering the boathouse, put on a helmet.",
            "What should you do before entering the boathouse?",
            "Put on a helmet",
        ),
        (
            "The net museum is closed because the roof is being repaired.",
            "Why is the net museum closed?",
            "Because the roof is being repaired",
        ),
        (
            "Ingrid Halvard founded the Skerry ferry line.",
            "Who founded the Skerry ferry line?",
            "Ingrid Halvard",
        ),
        (
            "In 1911, the Hasle mill received a second wheel.",
            "When did the Hasle mill receive a second wheel?",
            "In 1911",
        ),
        (
            "Staff lists let you find the duty captain of a day.",
            "What do staff lists let you do?",
            "Find the duty captain of a day",
        ),
    ],
)
def test_each_form_of_sentence(sentence: str, question: str, answer: str) -> None:
    assert questions(sentence).get(question) == answer, questions(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It was built in 1874 by the harbour board.",
        "This setting defines how often the boiler is measured.",
        "To learn more about boilers, see the manual.",
        "The following table lists the boilers of the island.",
        "boiler.pressure = 2.4; boiler.interval = 30",
        "Barker designed and built the millrace of the valley.",
        "Use the lamp as described in the previous section.",
    ],
)
def test_a_sentence_that_does_not_stand_alone_makes_no_question(sentence: str) -> None:
    assert questions(sentence) == {}


def test_rows_of_a_table() -> None:
    found = questions(DOCUMENTS[-1].text)
    assert found["What is the default value of the boiler.pressure setting?"] == "2.4 bar"
    assert found["What does the boiler.interval setting do?"] == "Defines how often the boiler is measured"


def test_every_kind_is_made_and_marked(made: Synthesis) -> None:
    assert {case.type for case in made.cases} == {"single_hop", "multi_hop", "unanswerable"}
    assert all(case.synthetic and case.id and case.question.endswith("?") for case in made.cases)
    assert sum(made.rules.values()) == len(made.cases)
    assert made.drafts >= len(made.cases) + sum(made.dropped.values())


def of_type(made: Synthesis, name: str) -> list[Case]:
    return [case for case in made.cases if case.type == name]


def test_a_single_hop_reference_stands_in_its_passage_and_is_read_there(
    made: Synthesis, island: Service
) -> None:
    for case in of_type(made, "single_hop"):
        assert case.reference
        assert case.contexts
        assert case.relevant_sources
        assert case.reference.lower() in case.contexts[0].lower()
        (document,) = (one for one in DOCUMENTS if one.id == case.relevant_sources[0])
        assert document.text.strip()[:20] in case.contexts[0]
        assert island.models.reader.read(case.question, case.contexts).readings[0].probability > 0.4
        assert case.answerable is True


def test_a_multi_hop_case_needs_two_documents(made: Synthesis) -> None:
    for case in of_type(made, "multi_hop"):
        assert case.relevant_sources
        assert len(set(case.relevant_sources)) == len(case.contexts or ()) == 2


def test_the_reader_is_silent_on_what_cannot_be_answered(made: Synthesis, island: Service) -> None:
    for case in of_type(made, "unanswerable"):
        assert (case.answerable, case.reference, case.relevant_sources) == (False, None, None)
        assert case.contexts
        for document in DOCUMENTS:
            readings = island.models.reader.read(case.question, [document.full]).readings
            assert not readings or readings[0].probability < 0.35


def test_the_seed_decides(made: Synthesis, island: Service) -> None:
    assert synthesize(island, "island", Options(12)).cases == made.cases
    other = synthesize(island, "island", Options(4, kinds=("single",), seed=3))
    assert other.cases != made.cases[:4]


def test_only_the_kinds_asked_for(island: Service) -> None:
    seen: list[tuple[Kind, int, int]] = []
    found = synthesize(island, "island", Options(3, kinds=("single",)), lambda *at: seen.append(at))
    assert [case.type for case in found.cases] == ["single_hop"] * 3
    assert seen[-1] == ("single", 3, 3)
    assert split_by_kind(Options(10, kinds=("single", "unanswerable"))) == {"single": 8, "unanswerable": 2}


def test_what_cannot_be_made_is_named(island: Service) -> None:
    with pytest.raises(NotFound):
        synthesize(island, "nowhere", Options(1))
    island.store.collections.create("bare")
    with pytest.raises(InvalidInput) as empty:
        synthesize(island, "bare", Options(1))
    assert empty.value.code == "collection_empty"
    put_whole(island.store, island.models.encoder, "numbers", [CorpusDocument("n.txt", "", "1 2 3 4 5 6")])
    with pytest.raises(InvalidInput) as nothing:
        synthesize(island, "numbers", Options(1))
    assert nothing.value.code == "nothing_synthesized"
    with pytest.raises(Conflict) as unset:
        synthesize(island, "island", Options(1, llm=True))
    assert unset.value.code == "no_generator"


def scripted(request: Request) -> str:
    """What a model would write of the passages that it is shown."""
    if "does not answer" in request.prompt:
        return '{"question": "Who owns the Vardal lighthouse restaurant chain?"}'
    if "<passage 2>" in request.prompt:
        return "I would rather talk about the weather."
    for sentence, question, answer in (
        ("was built in 1874", "When was the Vardal lighthouse built?", "In 1874."),
        ("Puffin carries 120", "How many passengers does the ferry Puffin carry?", "120 passengers."),
        ("grinds barley", "What does the Hasle mill of the valley grind?", "Gold and silver."),
        ("fishing families", "Whose nets does the net museum display?", "Nets."),
    ):
        if sentence in request.prompt:
            quote = "not in the passage" if answer == "Nets." else sentence
            reply = {"question": question, "answer": answer, "quotes": [quote]}
            return f"<think>hm</think>```json\n{json.dumps(reply)}\n```"
    return "{}"


def with_llm(island: Service, llm: FakeLLM, **settings: float) -> Service:
    chosen = Settings(data=island.settings.data, llm_url=llm.url, llm_model="fake-llm", threads=2, **settings)  # type: ignore[arg-type]
    return open_service(chosen)


def test_an_llm_writes_and_the_small_models_check(island: Service) -> None:
    with FakeLLM(says(scripted)) as llm, closing(with_llm(island, llm, llm_prompt_cost=1.0)) as service:
        found = synthesize(service, "island", Options(9, kinds=("single",), llm=True))
        assert {case.question for case in found.cases} == {
            "When was the Vardal lighthouse built?",
            "How many passengers does the ferry Puffin carry?",
        }
        assert found.dropped["unsupported"] == found.dropped["misquoted"] == 1
        assert found.usage.prompt_tokens == 100 * len(llm.requests)
        assert found.usage.cost == pytest.approx(100 * len(llm.requests) / 1e6)
        silent = synthesize(service, "island", Options(1, kinds=("unanswerable",), llm=True))
        assert silent.cases[0].answerable is False
        with pytest.raises(InvalidInput):
            synthesize(service, "island", Options(1, kinds=("multi",), llm=True))


def test_the_limit_of_cost_is_never_passed(island: Service) -> None:
    with (
        FakeLLM(says(scripted)) as llm,
        closing(with_llm(island, llm, llm_completion_cost=1000.0)) as service,
    ):
        # a call may write 512 tokens of .001 each, and this one writes some ten
        found = synthesize(service, "island", Options(9, kinds=("unanswerable",), llm=True, max_cost=0.53))
        assert 0 < found.usage.cost <= 0.53
        assert found.dropped["max_cost"] == 1
        assert len(llm.requests) < len(DOCUMENTS)
    with FakeLLM() as llm, closing(with_llm(island, llm)) as service, pytest.raises(InvalidInput) as caught:
        synthesize(service, "island", Options(9, llm=True, max_cost=1))
    assert caught.value.code == "cost_unknown"


def test_a_broken_server_ends_it_after_three_calls(island: Service) -> None:
    from rag.errors import GeneratorError

    with FakeLLM(fails(500)) as llm, closing(with_llm(island, llm)) as service:
        with pytest.raises(GeneratorError):
            synthesize(service, "island", Options(9, kinds=("single",), llm=True))
        assert len(llm.requests) == 3


def test_what_was_made_before_the_server_broke_is_kept(island: Service) -> None:
    with FakeLLM(says(scripted), fails(500)) as llm, closing(with_llm(island, llm)) as service:
        found = synthesize(service, "island", Options(9, kinds=("unanswerable",), llm=True))
        assert len(found.cases) == 1
        assert found.dropped == {"generator_failed": 3}


def test_the_command(island: Service, tmp_path: Path) -> None:
    out = tmp_path / "cases.jsonl"
    where = ("--collection", "island", "--out", str(out), "--data", str(island.settings.data))
    done = invoke("eval", "synthesize", *where, "--count", "4", "--kinds", "single,unanswerable")
    assert done.status == 0, done.err
    assert "| single_hop" in done.out
    cases = read_cases(out)
    assert len(cases) == 4
    assert all(case.synthetic for case in cases)
    assert invoke("eval", "synthesize", *where, "--kinds", "riddle").status == 1
