"""Follow-up questions: which lean on what was said before, and how they are read."""

from __future__ import annotations

import pytest

from rag.answer.anaphora import CUES, cues_of, pronoun_at
from rag.answer.ask import Ask
from rag.answer.followup import CUE_WEIGHTS, TOPIC_WEIGHTS, check_history, rewrite, with_topics
from rag.answer.topics import FEATURES, mentions_of, stems_of, topics_of
from rag.errors import InvalidInput
from rag.service import Service
from rag.settings import LONGEST_TURN, MOST_TURNS
from rag.types import Turn

C = "handbook"


def said(*texts: str) -> tuple[Turn, ...]:
    """Turns by user and assistant in turn, the user's first."""
    return tuple(Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts))


def test_a_pronoun_is_read_as_what_it_stands_for() -> None:
    talk = said("What is the solar inverter?", "A device in the cellar that makes alternating current.")
    assert rewrite("How heavy is it?", talk) == "How heavy is the solar inverter?"


def test_a_possessive_keeps_being_one() -> None:
    read = rewrite("What is its warranty?", said("Who makes the Aqualine boiler?"))
    assert read == "What is the Aqualine boiler's warranty?"


@pytest.mark.parametrize(
    ("talk", "question", "words"),
    [
        (("When is the town library open?", "From nine to five."), "And on Sundays?", "library"),
        (("How much is a ticket for the tram?", "Four euros."), "What about children?", "tram ticket"),
        (("Which contracts can interns sign?", "A fixed one."), "What about the second one?", "contracts"),
        (("How do I reset the alarm panel?", "Hold the red key."), "Why?", "alarm panel"),
        (("What is a travel grant?", "Money.", "Who can get one?", "Students."), "How much is it?", "grant"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_added(talk: tuple[str, ...], question: str, words: str) -> None:
    read = rewrite(question, said(*talk))
    assert read is not None
    assert stems_of(words) <= stems_of(read)
    assert stems_of(question) <= stems_of(read)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("And of the freight desk?", "freight desk telephone number"),
        ("And on Sundays?", "Sundays telephone number duty captain"),
    ],
)
def test_what_the_question_puts_in_its_place_is_left_out(question: str, words: str) -> None:
    talk = said("What is the telephone number of the duty captain?", "Duty captain: 555-0111 (Telephone).")
    read = rewrite(question, talk)
    assert read is not None
    assert stems_of(read) == stems_of(words)
    ships = said("How many passengers does Tern carry?", "240")
    assert rewrite("What about Old Maud?", ships) == "What about Old Maud (passengers)?"


@pytest.mark.parametrize(
    "question",
    [
        "How many days of paid leave do employees have each year?",
        "When does the ferry between Oban and the islands leave in winter?",
        "Is it possible to bring a dog on the ferry Marlin?",
        "Which documents do new employees need on the first working day?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    talk = said("What pressure is the pump rated for?", "The pump is rated for 16 bar.")
    assert rewrite(question, talk) is None


def test_a_first_question_stays_as_it_is() -> None:
    assert rewrite("How heavy is it?", ()) is None
    assert rewrite("How heavy is it?", (Turn("assistant", "Hello, ask me about the pump."),)) is None


def test_after_a_change_of_subject_the_new_one_is_meant() -> None:
    talk = said(
        "What is the warranty of the heat pump?", "Two years.", "Who repairs the church organ?", "Nobody."
    )
    assert rewrite("How old is it?", talk) == "How old is the church organ?"


def test_he_and_she_are_read_as_names() -> None:
    talk = said("Does Mrs Lindqvist lead the choir on Thursdays?", "Yes, at seven.")
    assert rewrite("Where does she live?", talk) == "Where does Mrs Lindqvist live?"


def test_nothing_is_added_that_nobody_said() -> None:
    talk = said("How is the water filter changed?", "Turn off the tap first.")
    read = rewrite("And how often?", talk)
    assert read is not None
    assert stems_of(read) <= stems_of("And how often?") | stems_of(talk[0].content + talk[1].content)


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("How heavy is it?", "it"),
        ("Is that covered?", "that"),
        ("Is it possible to bring a dog?", None),
        ("Which of the cars that we sell are red?", None),
        ("What is the pump?", None),
    ],
)
def test_pronouns_that_stand_for_a_thing(question: str, place: str | None) -> None:
    found = pronoun_at(question)
    assert (found and question[found[0] : found[1]]) == place


def test_cues() -> None:
    cues = dict(zip(CUES, cues_of("And what about the second one?", frozenset()), strict=True))
    assert cues["what about"] == cues["one"] == cues["first or second"] == cues["and at the start"] == 1
    assert dict(zip(CUES, cues_of("Sundays", frozenset()), strict=True))["fragment"] == 1


def test_phrases_end_before_the_verb_that_an_auxiliary_calls_for() -> None:
    phrases = [
        " ".join(word.text for word in one.words) for one in mentions_of("How does the bilge pump drain?")
    ]
    assert phrases == ["bilge pump"]


def test_an_answer_names_topics_too() -> None:
    talk = said(
        "Who runs the archive?", "Dr Okonkwo runs it. " + "Filler follows here. " * 40 + "Last Zebra."
    )
    found = {topic.text: topic for topic in topics_of(talk, [0.0])}
    assert not found["Dr Okonkwo"].spoken_by_user
    assert found["archive"].spoken_by_user
    assert "Last Zebra" not in found


def test_what_a_later_question_did_not_lean_on_fades() -> None:
    talk = said("What is a lathe?", "A machine.", "Who is the porter?", "Mr Ode.")
    found = {topic.text: topic for topic in topics_of(talk, [0.0, 0.25])}
    assert (found["porter"].salience, found["lathe"].salience) == (1.0, 0.25)


def test_several_topics_stand_in_brackets() -> None:
    topics = topics_of(said("What do the tram and the ferry cost?"), [0.0])
    assert with_topics("And on Sundays?", topics) == "And on Sundays (tram, ferry)?"
    assert with_topics("Who runs it?", topics) == "Who runs the tram (ferry)?"


def test_there_is_a_weight_for_each_cue_and_feature() -> None:
    assert (len(CUE_WEIGHTS), len(TOPIC_WEIGHTS)) == (len(CUES) + 1, len(FEATURES) + 1)


def test_history_has_bounds() -> None:
    check_history([Turn("user", "x" * LONGEST_TURN)] * MOST_TURNS)
    for history in ([Turn("user", "x")] * (MOST_TURNS + 1), [Turn("user", "x" * (LONGEST_TURN + 1))]):
        with pytest.raises(InvalidInput) as caught:
            check_history(history)
        assert caught.value.code == "invalid_history"


def test_a_follow_up_is_searched_and_answered_as_it_is_read(service: Service) -> None:
    talk = said("When does the canteen open?", "The canteen opens at noon.")
    answer = service.answerer.answer(Ask("What does it serve on Fridays?", C, history=talk))
    assert answer.rewritten == "What does the canteen serve on Fridays?"
    assert "fish" in answer.text
    alone = service.answerer.answer(Ask("What does the canteen serve on Fridays?", C, history=talk))
    assert alone.rewritten is None


def test_a_history_that_is_too_long_is_refused_before_anything_is_searched(service: Service) -> None:
    with pytest.raises(InvalidInput, match="history"):
        service.answerer.events(Ask("Why?", C, history=(Turn("user", "x"),) * (MOST_TURNS + 1)))
