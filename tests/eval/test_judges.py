"""The small judges as functions, on the real models."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from eval.metrics.bert_score import compare
from eval.metrics.grounding import Statement, Support, statements
from eval.metrics.judge import Judge, NotJudgeable, Sample, cited_response, to_sample
from eval.metrics.registry import JUDGES, load_judges
from eval.metrics.relevance import chances, discounted_mean
from rag.answer.ask import Ask
from rag.errors import InvalidInput
from rag.models.loaded import Models
from rag.models.types import Checker, Encoder, ModelInfo, Reader
from rag.service import Service
from rag.settings import Settings
from rag.types import Answer, Chunk, Citation, Document, Hit, Label, Usage, Verdict

QUESTION = "What pressure is the bilge pump rated for?"
PUMP = "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks."
ROPE = "Mooring ropes are made of polyester. They are replaced after five years."
TRUE = "The pump is rated for 16 bar."
INVENTED = "The pump was painted in Venice by a famous artist."


@pytest.fixture(scope="module")
def judges(manuals: Service) -> dict[str, Judge]:
    return load_judges(tuple(JUDGES), manuals.models)


def sample(response: str, contexts: Sequence[str] = (PUMP, ROPE), reference: str | None = None) -> Sample:
    return Sample(QUESTION, response, tuple(contexts), reference)


class WordChecker:
    """Supports a claim whose words all stand in its evidence: a checker whose every verdict is foreseen."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("words", "0", "checker", 0, 0)

    def check(
        self, claims: Sequence[str], evidence: Sequence[Sequence[str]], question: str | None = None
    ) -> list[Verdict]:
        self.asked += [(claim, tuple(texts)) for claim, texts in zip(claims, evidence, strict=True)]
        return [self._verdict(claim, texts) for claim, texts in zip(claims, evidence, strict=True)]

    def _verdict(self, claim: str, evidence: Sequence[str]) -> Verdict:
        there = set(" ".join(evidence).split())
        label: Label = "supported" if set(claim.rstrip(".").split()) <= there else "unsupported"
        return Verdict(label, 1.0, float(label == "supported"))


class WordModels:
    """Only a checker."""

    def __init__(self) -> None:
        self.checker: Checker = WordChecker()

    @property
    def encoder(self) -> Encoder:
        raise AssertionError("not asked for")

    @property
    def reader(self) -> Reader:
        raise AssertionError("not asked for")


def cited(response: str, *contexts: str) -> tuple[float, float]:
    """Citation recall and precision by WordChecker."""
    found = load_judges(["citation_recall", "citation_precision"], WordModels())
    return (
        found["citation_recall"](sample(response, contexts)),
        found["citation_precision"](sample(response, contexts)),
    )


# faithfulness


def test_faithfulness_is_the_share_of_supported_sentences(judges: dict[str, Judge]) -> None:
    assert judges["faithfulness"](sample(TRUE)) == 1
    assert judges["faithfulness"](sample(INVENTED)) == 0
    assert judges["faithfulness"](sample(f"{TRUE} {INVENTED}")) == 0.5


@pytest.mark.parametrize("marked", ["{} [1]", "{}[1][2]", "[1] {}", "{}\n[2]"])
def test_markers_do_not_disturb(judges: dict[str, Judge], marked: str) -> None:
    for text in (TRUE, INVENTED):
        expected = {name: judges[name](sample(text)) for name in ("faithfulness", "answer_relevancy")}
        marked_text = sample(marked.format(text))
        assert judges["faithfulness"](marked_text) == expected["faithfulness"]
        assert judges["answer_relevancy"](marked_text) == pytest.approx(
            expected["answer_relevancy"], abs=1e-3
        )


def test_what_states_nothing_is_left_out(judges: dict[str, Judge]) -> None:
    assert judges["faithfulness"](sample(f"Here is what I found: {TRUE}")) == 1
    assert judges["faithfulness"](sample(f"Here is what I found about it:\n\n{TRUE}")) == 1
    assert judges["faithfulness"](sample("Venice.")) == 0, "the only sentence counts, however short"


def test_a_quoted_sentence_is_supported_without_asking() -> None:
    models = WordModels()
    support = Support(models)
    assert support.supported([ROPE.split(".")[0] + "."], [[PUMP, ROPE]], QUESTION) == [True]
    assert isinstance(models.checker, WordChecker)
    assert support.supported(["It is rated for 16 bar."], [["It is rated\nfor 16 bar ."]], QUESTION) == [True]
    assert not models.checker.asked
    part = "ropes are made of polyester."
    denied = "It is not true that ropes are made of polyester."
    support.supported([part], [[denied]], QUESTION)
    assert models.checker.asked == [(part, (denied,))], "part of a sentence may say the opposite"


def test_nothing_is_asked_twice_and_no_evidence_supports_nothing() -> None:
    models = WordModels()
    support = Support(models)
    for _ in range(2):
        assert support.supported(["a b.", "a b.", "a b."], [["b c a"], ["a"], []], None) == [
            True,
            False,
            False,
        ]
    assert isinstance(models.checker, WordChecker)
    assert models.checker.asked == [("a b.", ("b c a",)), ("a b.", ("a",))]


# citations


def test_recall_counts_a_sentence_without_citation_as_zero(judges: dict[str, Judge]) -> None:
    assert judges["citation_recall"](sample(f"{TRUE[:-1]} [1].")) == 1
    assert judges["citation_recall"](sample(f"{TRUE[:-1]} [2].")) == 0
    assert judges["citation_recall"](sample(f"{TRUE[:-1]} [1]. Ropes are made of polyester.")) == 0.5
    assert judges["citation_recall"](sample(f"{TRUE[:-1]} [1]. Ropes are made of polyester [2].")) == 1


def test_the_worked_example_of_alce() -> None:
    """Section 3 of Gao et al. 2023: a passage that supports alone, one that is needed beside another, and one
    that adds nothing.
    """
    assert cited("alpha beta [1].", "alpha beta") == (1, 1)
    assert cited("alpha beta [1][2].", "alpha", "beta") == (1, 1), "neither does alone, both are needed"
    assert cited("alpha beta [1][2].", "alpha beta", "gamma") == (1, 0.5), "[2] adds nothing"
    assert cited("alpha beta [1][2].", "alpha beta", "beta alpha") == (1, 1), "each does alone"
    assert cited("alpha beta [1][2][3].", "alpha", "beta", "gamma") == (1, 2 / 3)
    assert cited("alpha beta [1].", "alpha") == (0, 0), "a citation of an unsupported sentence is wrong"
    assert cited("alpha beta.", "alpha beta") == (0, 0), "no citation"
    assert cited("Alpha beta [1]. Gamma delta [1][2].", "Alpha beta", "Gamma delta") == (1, 2 / 3)


@pytest.mark.parametrize("markers", ["[1, 2]", "[1][2]", "[1,2]", "[1] [2]", "[1-2]", "[1][1][2]"])
def test_however_citations_are_written(markers: str) -> None:
    assert cited(f"alpha beta {markers}.", "alpha beta", "gamma") == (1, 0.5)
    assert cited(f"alpha beta. {markers}", "alpha beta", "gamma") == (1, 0.5)
    assert cited(f"alpha beta.\n{markers}", "alpha beta", "gamma") == (1, 0.5)


def test_unknown_numbers_are_wrong_citations() -> None:
    assert cited("alpha beta [1][7].", "alpha beta") == (1, 0.5)
    assert cited("alpha beta [0].", "alpha beta") == (0, 0)


def test_sentences_that_state_nothing_need_no_citation() -> None:
    assert cited("Here it is: alpha beta [1].\n\nAnything else?", "Here it is: alpha beta") == (1, 1)
    assert statements("It is so:\n\nalpha beta [1]. [2]\n[3]") == [Statement("alpha beta.", (1, 2, 3))]


def test_an_engines_answer_is_cited_by_its_hits() -> None:
    def hit(number: int) -> Hit:
        text = f"passage {number}"
        return Hit(
            Chunk(f"c{number}", "d", number, 0, len(text), None, (), text),
            Document("d", "x", "s", "", "text/plain", "0", (), {}),
            1.0,
        )

    citations = (
        Citation(1, "d", "c2", "s", "", 0, 1, "q", None),
        Citation(2, "d", "c9", "s", "", 0, 1, "q", None),
    )
    answer = Answer(
        "Alpha [1]. Beta [1, 2]. array[7]", (), citations, (hit(1), hit(2)), False, None, (), Usage(), {}
    )
    assert cited_response(answer) == "Alpha [2]. Beta [2, 0]. array[7]"
    assert to_sample("q", answer).contexts == ("passage 1", "passage 2")


def test_a_live_answer_cites_well(manuals: Service, judges: dict[str, Judge]) -> None:
    live = to_sample(QUESTION, manuals.answerer.answer(Ask(QUESTION, "manuals")))
    assert judges["citation_recall"](live) == 1
    assert judges["citation_precision"](live) == 1
    assert judges["faithfulness"](live) == 1


# relevance


def test_answer_relevancy_orders_answers(judges: dict[str, Judge]) -> None:
    scores = [
        judges["answer_relevancy"](sample(text))
        for text in (
            TRUE,
            "Its filter is cleaned every two weeks.",
            "I could not find anything about that.",
            ROPE,
        )
    ]
    assert scores[0] > 0.5
    assert scores[0] > max(scores[1:]) + 0.2
    assert judges["answer_relevancy"](sample("The pump is rated for 99 bar.")) > 0.5, "relevant, though wrong"


def test_context_relevance_falls_with_rank_and_share(manuals: Service, judges: dict[str, Judge]) -> None:
    judge = judges["context_relevance"]
    alone, first, last, none = (
        judge(sample("", found)) for found in ([PUMP], [PUMP, ROPE], [ROPE, PUMP], [ROPE])
    )
    assert alone > first > last > none
    assert judge(sample("", ())) == 0
    good, bad = chances(QUESTION, [PUMP, ROPE], manuals.models.reader)
    assert good > 0.7 > 0.3 > bad


def test_discounted_mean() -> None:
    assert discounted_mean([1, 1, 1]) == 1
    assert discounted_mean([0, 1]) == pytest.approx(0.6309 / 1.6309, abs=1e-4)
    assert discounted_mean([]) == 0


# BERTScore


def test_bert_score_of_the_same_text_is_one(manuals: Service) -> None:
    found = compare(PUMP, PUMP, manuals.models.encoder)
    assert (found.precision, found.recall, found.f1) == pytest.approx((1, 1, 1), abs=1e-4)


def test_swapping_the_texts_swaps_precision_and_recall(manuals: Service) -> None:
    there, back = compare(TRUE, PUMP, manuals.models.encoder), compare(PUMP, TRUE, manuals.models.encoder)
    assert there.precision == pytest.approx(back.recall, abs=1e-5)
    assert there.recall == pytest.approx(back.precision, abs=1e-5)
    assert there.precision > there.recall, "the short text is in the long one, not the other way round"


def test_bert_score_orders_and_reads_long_texts_whole(manuals: Service, judges: dict[str, Judge]) -> None:
    judge = judges["bert_score"]
    near, far = (judge(sample(text, reference=TRUE)) for text in ("The pump withstands 16 bar.", INVENTED))
    assert near > far + 0.1
    long = " ".join([PUMP, ROPE] * 12)
    assert len(manuals.models.encoder.token_spans(long)) > manuals.models.encoder.info.max_tokens
    without, whole = (
        compare(text, INVENTED, manuals.models.encoder) for text in (long, f"{long} {INVENTED}")
    )
    assert whole.recall > without.recall + 0.2


# all of them


@pytest.mark.parametrize("response", ["", "  ", "...", "[1]"])
def test_an_empty_response_is_not_judgeable(judges: dict[str, Judge], response: str) -> None:
    for name, judge in judges.items():
        if name != "context_relevance":
            with pytest.raises(NotJudgeable) as caught:
                judge(sample(response, reference="16 bar"))
            assert caught.value.code == "no_response"


def test_what_lacks_has_a_code(judges: dict[str, Judge]) -> None:
    with pytest.raises(NotJudgeable) as reference:
        judges["bert_score"](sample(TRUE))
    assert reference.value.code == "no_reference"
    for name in ("answer_relevancy", "context_relevance"):
        with pytest.raises(NotJudgeable) as question:
            judges[name](Sample(" ", TRUE, (PUMP,)))
        assert question.value.code == "no_question"


def test_an_encoder_without_token_vectors_is_said_to_have_none() -> None:
    judge = load_judges(["bert_score"], Models(Settings(encoder="footnote-edge")))["bert_score"]
    with pytest.raises(NotJudgeable, match="footnote-edge") as caught:
        judge(sample(TRUE, reference=TRUE))
    assert caught.value.code == "no_token_vectors"


def test_judges_say_the_same_in_many_threads(judges: dict[str, Judge], manuals: Service) -> None:
    asked = [sample(f"{text} [1]", reference=TRUE) for text in (TRUE, INVENTED, ROPE)]
    expected = [[judge(item) for judge in judges.values()] for item in asked]
    fresh = load_judges(tuple(JUDGES), manuals.models)
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda item: [judge(item) for judge in fresh.values()], asked * 3))
    for found, wanted in zip(again, expected * 3, strict=True):
        assert found == pytest.approx(wanted, abs=1e-6)
        assert all(0 <= value <= 1 for value in found)


def test_unknown_judges_have_a_code(manuals: Service) -> None:
    with pytest.raises(InvalidInput, match="bert_score") as caught:
        load_judges(["bertscore"], manuals.models)
    assert caught.value.code == "unknown_metric"
