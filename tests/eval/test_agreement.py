"""Metrics against people's labels: the measures, what is read, and whether a bad judge is found out."""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from typer.testing import CliRunner

from api.cli.main import app
from eval.agreement import measures as of
from eval.agreement.compare import Options, compare_files, to_json, write_files
from eval.agreement.layout import KNOWN, Condition, Layout, layout_of, parse_condition
from eval.agreement.measures import Bootstrap, Doubles, best_threshold, cross_fitted
from eval.agreement.ratings import slices_of
from eval.agreement.report import draw, markdown, number
from eval.agreement.results import AgreementReport, Rating
from eval.agreement.rows import PASSAGE, RowSelection, packed, read_labelled
from eval.agreement.scorers import (
    Column,
    Scored,
    Scorer,
    Vectors,
    load_scorers,
    overlap,
    score_rows,
    similarity,
)
from eval.metrics.judge import NotJudgeable, Sample
from rag.errors import InvalidInput, NotFound
from rag.models.loaded import Models
from rag.service import Service
from rag.settings import Settings

AS_THEY_ARE = 1
PUMP = "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks."
ROPE = "Mooring ropes are made of polyester. They are replaced after five years."
CLAIMS = (
    ("The bilge pump is rated for 16 bar.", PUMP, "supported"),
    ("The filter of the pump is cleaned every two weeks.", PUMP, "supported"),
    ("Mooring ropes are made of polyester.", ROPE, "supported"),
    ("Mooring ropes are replaced after five years.", ROPE, "supported"),
    ("The bilge pump is rated for 40 bar.", PUMP, "contradicted"),
    ("The pump was built in Hamburg by a family firm.", PUMP, "unsupported"),
    ("Mooring ropes are made of steel wire.", ROPE, "contradicted"),
    ("Sailors paint the ropes blue in spring.", ROPE, "unsupported"),
)


def value(measure: of.Measure, rows: int) -> float:
    """The measure of the rows as they are."""
    return float(measure(np.ones((AS_THEY_ARE, rows)))[0])


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def models(manuals: Service) -> Models:
    return manuals.models


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    rows = [{"claim": claim, "evidence": text, "label": label} for claim, text, label in CLAIMS]
    return write_rows(tmp_path / "claims.jsonl", rows)


class TestMeasures:
    """Against values by hand, and against scikit-learn and SciPy."""

    def test_auc_by_hand(self) -> None:
        scores, positive = np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False])
        # Of four pairs three are in order and one is a tie.
        assert value(lambda w: of.auc(scores, positive, w), 4) == pytest.approx(3.5 / 4)

    def test_kendall_by_hand(self) -> None:
        scores, labels = np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 3])
        # Six pairs: four in order, none against it; one tie in each list.
        assert value(lambda w: of.kendall(scores, labels, w), 4) == pytest.approx(4 / 5)

    def test_brier_and_calibration_error_by_hand(self) -> None:
        chances, positive = np.array([0.2, 0.4, 0.6, 1.0]), np.array([False, True, False, True])
        bins = np.array([0, 0, 1, 1])
        assert value(lambda w: of.brier(chances, positive, w), 4) == pytest.approx(0.76 / 4)
        # Means .3 against .5 and .8 against .5, two rows each.
        found = value(lambda w: of.calibration_error(chances, positive, bins, w), 4)
        assert found == pytest.approx(0.25)

    def test_balanced_accuracy_and_macro_f1_by_hand(self) -> None:
        said, truth = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 1, 2, 2])
        assert value(lambda w: of.balanced_accuracy(said, truth, w), 6) == pytest.approx((1 + 1 / 3 + 1) / 3)
        assert value(lambda w: of.macro_f1(said, truth, w), 6) == pytest.approx((2 / 3 + 1 / 2 + 4 / 5) / 3)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=3, max_size=40))
    def test_correlations_with_many_ties_are_those_of_scipy(self, pairs: list[tuple[int, int]]) -> None:
        from scipy import stats

        scores, labels = (np.array(column, float) for column in zip(*pairs, strict=True))
        for ours, theirs in (
            (of.pearson, stats.pearsonr),
            (of.spearman, stats.spearmanr),
            (of.kendall, stats.kendalltau),
        ):
            found = value(lambda w, ours=ours: ours(scores, labels, w), len(pairs))  # type: ignore[misc]
            if len(set(scores)) == 1 or len(set(labels)) == 1:
                assert math.isnan(found)
            else:
                assert found == pytest.approx(theirs(scores, labels).statistic, abs=1e-9)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60))
    def test_decisions_are_rated_as_by_scikit_learn(self, pairs: list[tuple[int, bool]]) -> None:
        scores = np.array([score / 9 for score, _ in pairs])
        positive = np.array([yes for _, yes in pairs])
        if positive.all() or not positive.any():
            assert math.isnan(value(lambda w: of.auc(scores, positive, w), len(pairs)))
            return
        said = scores >= 0.5
        assert value(lambda w: of.auc(scores, positive, w), len(pairs)) == pytest.approx(
            sk.roc_auc_score(positive, scores)
        )
        assert value(lambda w: of.balanced_accuracy(said, positive, w), len(pairs)) == pytest.approx(
            sk.balanced_accuracy_score(positive, said)
        )
        assert value(lambda w: of.brier(scores, positive, w), len(pairs)) == pytest.approx(
            sk.brier_score_loss(positive, scores)
        )

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 3)), min_size=4, max_size=25)
    )
    def test_a_row_drawn_twice_counts_as_two_rows(self, rows: list[tuple[int, int, int]]) -> None:
        scores, labels, times = (np.array(column) for column in zip(*rows, strict=True))
        assume(times.any())
        scores, labels = scores / 4, labels.astype(float)
        measures: list[Callable[[Doubles, Doubles, Doubles], Doubles]] = [
            of.pearson,
            of.spearman,
            of.kendall,
            lambda s, y, w: of.auc(s, y > 1, w),
            lambda s, y, w: of.balanced_accuracy(s >= 0.5, y > 1, w),
            lambda s, y, w: of.brier(s, y > 1, w),
        ]
        for measure in measures:
            weighed = float(measure(scores, labels, times[None].astype(float))[0])
            many, marks = np.repeat(scores, times), np.repeat(labels, times)
            spread = float(measure(many, marks, np.ones((1, len(many))))[0]) if len(many) else math.nan
            if math.isfinite(weighed) and math.isfinite(spread):
                assert weighed == pytest.approx(spread, abs=1e-9)

    def test_bins_hold_equally_many_rows_and_keep_ties_together(self) -> None:
        assert np.bincount(of.equal_mass_bins(np.linspace(0, 1, 100))).tolist() == [10] * 10
        tied = of.equal_mass_bins(np.array([0.0] * 60 + [1.0] * 40))
        assert len(set(tied[:60])) == len(set(tied[60:])) == 1
        assert tied[0] != tied[-1]


class TestBootstrap:
    """Whole groups are drawn."""

    def test_rows_of_one_group_are_no_independent_evidence(self) -> None:
        random_ = np.random.default_rng(3)
        scores = np.repeat(random_.uniform(0, 1, 40), 25)
        positive = np.repeat(random_.uniform(0, 1, 40) < 0.5, 25)

        def auc(weights: Doubles) -> Doubles:
            return of.auc(scores, positive, weights)

        alone = Bootstrap([str(n) for n in range(1000)]).intervals({"auc": auc})["auc"]
        together = Bootstrap([str(n // 25) for n in range(1000)]).intervals({"auc": auc})["auc"]
        assert alone is not None
        assert together is not None
        assert together.mean == alone.mean
        assert together.high - together.low > 3 * (alone.high - alone.low)

    def test_the_same_seed_gives_the_same_interval(self) -> None:
        scores = np.random.default_rng(0).normal(size=80)
        groups = [str(n // 2) for n in range(80)]

        def mean(weights: Doubles) -> Doubles:
            return (weights @ scores) / weights.sum(axis=1)

        found = [Bootstrap(groups, seed=seed).intervals({"mean": mean})["mean"] for seed in (1, 1, 2)]
        assert found[0] == found[1] != found[2]

    def test_the_interval_of_a_mean_is_that_of_the_normal_approximation(self) -> None:
        scores = np.array([0.0, 1.0] * 200)
        found = Bootstrap([str(n) for n in range(400)]).intervals(
            {"mean": lambda w: (w @ scores) / w.sum(axis=1)}
        )["mean"]
        assert found is not None
        assert found.high - found.low == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.1)

    def test_noise_makes_no_judge_look_worse_calibrated(self) -> None:
        """Resampling adds noise to a calibration error, so its interval leans down from the value, not up."""
        random_ = np.random.default_rng(2)
        chances = random_.uniform(size=400)
        positive, bins = random_.uniform(size=400) < chances, of.equal_mass_bins(chances)
        found = Bootstrap([str(n) for n in range(400)]).intervals(
            {"ece": lambda w: of.calibration_error(chances, positive, bins, w)}
        )["ece"]
        assert found is not None
        assert 0 <= found.low <= found.mean <= found.high
        assert found.high - found.mean < found.mean - found.low

    def test_what_is_undefined_is_none_and_never_nan(self) -> None:
        constant, labels = np.full(6, 0.3), np.array([0.0, 1, 0, 1, 0, 1])
        groups = [str(n) for n in range(6)]
        found = Bootstrap(groups).intervals(
            {
                "constant": lambda w: of.pearson(constant, labels, w),
                "one class": lambda w: of.auc(labels, np.ones(6, bool), w),
            }
        )
        assert found == {"constant": None, "one class": None}


class TestThresholds:
    """Never learned on the rows that they are used on."""

    def test_the_best_cut_parts_the_classes(self) -> None:
        scores, positive = np.array([0.1, 0.2, 0.7, 0.9]), np.array([False, False, True, True])
        assert best_threshold(scores, positive) == pytest.approx(0.45)

    def test_chance_stays_chance(self) -> None:
        """A threshold that saw its own rows would lie above one half on noise."""
        random_ = np.random.default_rng(0)
        rated = []
        for seed in range(60):
            scores, positive = random_.uniform(size=60), random_.uniform(size=60) < 0.5
            said = cross_fitted(scores, positive, [str(n) for n in range(60)], seed=seed)
            rated.append(value(lambda w, s=said, p=positive: of.balanced_accuracy(s, p, w), 60))  # type: ignore[misc]
        assert np.mean(rated) < 0.52
        own = [
            value(lambda w, s=s, p=p: of.balanced_accuracy(s >= best_threshold(s, p), p, w), 60)  # type: ignore[misc]
            for s, p in ((random_.uniform(size=60), random_.uniform(size=60) < 0.5) for _ in range(60))
        ]
        assert np.mean(own) > 0.55

    def test_a_group_is_never_on_both_sides(self) -> None:
        """Every group has a score of its own, so that only its own rows could tell what it is."""
        groups = [str(n // 4) for n in range(80)]
        scores = np.repeat(np.random.default_rng(1).permutation(20) / 20, 4)
        positive = np.repeat(np.arange(20) % 2 == 0, 4)
        said = cross_fitted(scores, positive, groups)
        for n in range(20):
            assert len(set(said[4 * n : 4 * n + 4])) == 1

    def test_one_group_is_refused(self) -> None:
        with pytest.raises(ValueError, match="other groups"):
            cross_fitted(np.array([0.1, 0.9]), np.array([False, True]), ["a", "a"])


class TestReading:
    """Rows of several shapes become the same."""

    def test_jsonl_gz_and_csv_say_the_same(self, tmp_path: Path) -> None:
        rows = [
            {"question": "How much?", "response": "16 bar.", "contexts": ["a b", "c d"], "label": 1},
            {"question": "How long?", "response": "5 years.", "contexts": ["e f"], "label": 0},
        ]
        packed_ = tmp_path / "rows.jsonl.gz"
        packed_.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
        table = tmp_path / "rows.csv"
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["question", "response", "contexts", "label"])
            writer.writerow(["How much?", "16 bar.", '["a b", "c d"]', "1"])
            writer.writerow(["How long?", "5 years.", "e f", "false"])
        one, two = (read_labelled(path, layout_of(path, None)).rows for path in (packed_, table))
        assert [row.sample for row in one] == [row.sample for row in two]
        assert [row.truth for row in one] == [row.truth for row in two] == [1, 0]

    def test_a_report_with_labels_added(self, tmp_path: Path) -> None:
        row = {
            "question": "How much?",
            "reference": None,
            "response": "16 bar.",
            "passages": [{"source": "pump.txt", "title": "Pump", "text": PUMP}],
            "scores": {"faithfulness": 0.5},
        }
        report = {"collection": "manuals", "rows": [{**row, "human": 1}, {**row, "human": 0}, row]}
        path = tmp_path / "report.json"
        path.write_text(json.dumps(report))
        layout = layout_of(path, None).with_names({"label": "human"})
        found = read_labelled(path, layout, RowSelection(scores=("scores.faithfulness",)))
        assert [one.sample.contexts for one in found.rows] == [(PUMP,), (PUMP,)]
        assert [one.scores for one in found.rows] == [{"scores.faithfulness": 0.5}] * 2
        assert found.unlabelled == 1

    def test_sentences_become_passages(self) -> None:
        sentences = [f"Sentence number {n} of the page." for n in range(200)]
        passages = packed(sentences)
        assert " ".join(passages) == " ".join(sentences)
        assert max(map(len, passages)) <= PASSAGE
        assert len(passages) < 10

    def test_conditions(self, tmp_path: Path) -> None:
        rows: list[dict[str, object]] = [
            {"claim": f"c{n}", "evidence": "e", "label": n % 2, "split": "test" if n < 40 else "dev"}
            for n in range(100)
        ]
        path = write_rows(tmp_path / "rows.jsonl", rows)
        layout = Layout("rows", where=(Condition("split", "test"),))
        assert len(read_labelled(path, layout).rows) == 40
        halves = [
            {row.sample.response for row in read_labelled(path, Layout("r", where=(c,))).rows}
            for c in (parse_condition("crc32(claim)%2=0"), parse_condition("crc32(claim)%2=1"))
        ]
        assert len(halves[0] | halves[1]) == 100
        assert not halves[0] & halves[1]
        assert min(map(len, halves)) > 30
        with pytest.raises(InvalidInput) as caught:
            parse_condition("crc32(claim)%0=1")
        assert caught.value.code == "bad_condition"

    def test_the_kept_half_is_that_of_the_recipe(self) -> None:
        """eval does not import adapt, so that the rule is written down twice."""
        from lab.recipes.checker.data import HALVED, ClaimRow, is_check

        for source, name in (("begin_v1", "begin_v1"), ("climate_fever", "climate_fever")):
            assert source in HALVED
            (condition,) = KNOWN[name].where
            for group in ("a context", "another one", "3", "17", "guns n' roses"):
                row = ClaimRow(source, "test", group, "claim", (group,), "entailment")
                assert condition.holds(group) == is_check(row)
        (split,) = KNOWN["snli_devtest"].where
        for part in ("dev", "test"):
            row = ClaimRow("snli", part, "p", "claim", ("p",), "entailment")
            assert split.holds(part) == is_check(row)

    def test_a_sample_repeats(self, tmp_path: Path) -> None:
        rows: list[dict[str, object]] = [{"claim": f"c{n}", "label": n % 2} for n in range(50)]
        path = write_rows(tmp_path / "rows.jsonl", rows)
        layout = layout_of(path, None)
        drawn = [read_labelled(path, layout, RowSelection(most=10, seed=seed)) for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]
        assert (len(drawn[0].rows), drawn[0].drawn_from) == (10, 50)

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "labelled_empty"),
            ('{"claim": "a"}\n', "labelled_empty"),
            ('{"claim": "a", "label": 1\n', "labelled_invalid"),
            ('["a"]\n', "labelled_invalid"),
            ('{"claim": "a", "label": "maybe"}\n', "labelled_invalid"),
            ('{"claim": "a", "label": NaN}\n', "labelled_invalid"),
            ('{"label": 1}\n', "labelled_invalid"),
            ('{"claim": "a", "contexts": [1], "label": 1}\n', "labelled_invalid"),
        ],
    )
    def test_what_cannot_be_read_is_named(self, tmp_path: Path, text: str, code: str) -> None:
        path = tmp_path / "rows.jsonl"
        path.write_text(text)
        with pytest.raises(InvalidInput) as caught:
            read_labelled(path, layout_of(path, None))
        assert caught.value.code == code

    def test_no_file_no_format_no_layout(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound) as missing:
            read_labelled(tmp_path / "none.jsonl", Layout("none"))
        assert missing.value.code == "labelled_not_found"
        (tmp_path / "rows.xml").write_text("<a/>")
        with pytest.raises(InvalidInput) as unknown:
            read_labelled(tmp_path / "rows.xml", Layout("rows"))
        assert unknown.value.code == "labelled_unsupported"
        with pytest.raises(NotFound) as layout:
            layout_of(tmp_path / "rows.jsonl", "nonesuch")
        assert layout.value.code == "unknown_layout"
        with pytest.raises(InvalidInput) as field:
            Layout("rows").with_names({"respnse": "claim"})
        assert field.value.code == "unknown_field"

    def test_a_broken_archive_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "rows.jsonl.gz"
        path.write_bytes(gzip.compress(b'{"claim": "a", "label": 1}\n')[:-9])
        with pytest.raises(InvalidInput) as caught:
            read_labelled(path, layout_of(path, None))
        assert caught.value.code == "labelled_invalid"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> AgreementReport:
    """A judge that mostly knows, one that tosses a coin, and one that is wrong on long claims."""
    rng = random.Random(5)
    rows: list[dict[str, object]] = []
    for n in range(600):
        label, long = n % 2, n % 4 < 2
        knows = min(1.0, max(0.0, rng.gauss(0.25 + 0.5 * label, 0.2)))
        claim = "word " * (30 if long else 5)
        blind = rng.random() if long else knows
        rows.append(
            {"claim": claim, "evidence": "other text", "label": label, "group": str(n // 2)}
            | {"good": knows, "coin": rng.random(), "blind": blind, "shape": "long" if long else "short"}
        )
    path = write_rows(tmp_path_factory.mktemp("given") / "rows.jsonl", rows)
    options = Options(scores=("good", "coin", "blind"), slices=("shape",))
    return compare_files([path], options, Models(Settings(encoder="no-such-model")))


class TestGivenScores:
    """A score column against the label, with no model."""

    def rating(self, found: AgreementReport, name: str) -> Rating:
        return next(one for one in found.sets[0].ratings if one.name == name)

    def test_a_good_and_a_bad_judge_are_told_apart(self, found: AgreementReport) -> None:
        good, coin = (self.rating(found, name).values["auc"] for name in ("good", "coin"))
        assert good is not None
        assert coin is not None
        assert good.low > 0.9
        assert coin.low < 0.5 < coin.high
        leads = {
            (lead.metric, lead.measure): lead.difference
            for lead in found.sets[0].leads
            if lead.baseline == "overlap" and lead.difference
        }
        assert leads["good", "auc"].low > 0
        assert leads["coin", "auc"].low < 0 < leads["coin", "auc"].high

    def test_calibration_tells_a_coin_from_a_judge(self, found: AgreementReport) -> None:
        good, coin = (self.rating(found, name) for name in ("good", "coin"))
        assert good.values["ece"] is not None
        assert coin.values["ece"] is not None
        assert coin.values["ece"].mean > good.values["ece"].mean + 0.1
        assert sum(bin_.rows for bin_ in good.reliability) == 600
        assert all(0 <= bin_.positive <= 1 for bin_ in good.reliability)

    def test_the_slice_where_a_judge_fails_is_found(self, found: AgreementReport) -> None:
        parts = {
            part.slice[1]: part.value.mean
            for part in found.sets[0].parts
            if part.metric == "blind" and part.slice[0] == "shape" and part.value
        }
        assert parts["short"] > 0.9
        assert parts["long"] < 0.6

    def test_no_model_was_asked(self, found: AgreementReport) -> None:
        assert found.models == {}

    def test_mistakes_are_sure_and_wrong(self, found: AgreementReport) -> None:
        for one in found.sets[0].mistakes:
            assert abs(one.score - float(one.label)) > 0.5
        ours = [one for one in found.sets[0].mistakes if one.metric == "coin"]
        assert len(ours) == 10
        assert sum(one.score > 0.5 for one in ours) == 5

    def test_json_has_no_nan_and_all_of_it(self, found: AgreementReport, tmp_path: Path) -> None:
        write_files(found, tmp_path)
        told = json.loads((tmp_path / "agreement.json").read_text(), parse_constant=pytest.fail)
        assert told == json.loads(to_json(found))
        (one,) = told["sets"]
        assert {"good", "coin", "blind", "overlap"} == {metric["name"] for metric in one["metrics"]}
        assert (tmp_path / "agreement.md").read_text() == markdown(found)

    def test_the_picture_is_well_formed_and_needs_no_network(self, found: AgreementReport) -> None:
        svg = draw(found)
        ElementTree.fromstring(svg)
        assert not re.findall(r"(?:href|src|url)\s*[=(]", svg)
        for name in ("good", "coin", "blind", "overlap"):
            assert f">{name}</text>" in svg


def test_a_score_that_some_rows_lack_is_counted(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"claim": "a", "label": n % 2, **({"judge": n / 10} if n < 8 else {})} for n in range(10)
    ]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    found = compare_files([path], Options(scores=("judge",)), Models(Settings()))
    (rating,) = found.sets[0].ratings
    assert (rating.rows, rating.skipped) == (8, {"no_score": 2})
    with pytest.raises(InvalidInput) as caught:
        compare_files([path], Options(scores=("jugde",)), Models(Settings()))
    assert caught.value.code == "score_missing"


def test_grades_are_correlated(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"response": "a", "label": grade, "up": grade + (n % 3) / 10, "down": -grade}
        for n, grade in enumerate([0.0, 1.5, 2.0, 3.2, 4.0, 5.0] * 5)
    ]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    (found,) = compare_files([path], Options(scores=("up", "down")), Models(Settings())).sets
    assert found.graded
    assert found.measure == "spearman"
    up, down = (rating.values for rating in found.ratings)
    assert up["spearman"] is not None
    assert down["spearman"] is not None
    assert up["spearman"].mean > 0.9
    assert down["spearman"].mean == pytest.approx(-1)
    assert down["kendall"] is not None
    assert down["kendall"].mean == pytest.approx(-1)
    assert "auc" not in up


@pytest.mark.parametrize("label", [1, "supported", 3.5])
def test_labels_that_are_all_the_same_are_refused(tmp_path: Path, label: object) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"claim": "a", "label": label, "s": 0.1}] * 5)
    with pytest.raises(InvalidInput) as caught:
        compare_files([path], Options(scores=("s",)), Models(Settings()))
    assert caught.value.code == "labels_constant"


def test_an_unknown_metric_is_refused(claims: Path, models: Models) -> None:
    with pytest.raises(InvalidInput) as caught:
        compare_files([claims], Options(metrics=("suport",)), models)
    assert caught.value.code == "unknown_metric"


class TestBaselines:
    """Words in common and cosines, by the real encoder."""

    def test_overlap(self) -> None:
        sample = Sample("Which ropes?", "Ropes are made of steel.", (ROPE,), "Ropes are made of polyester.")
        assert overlap(sample, "response_contexts") == pytest.approx(2 / 3)
        assert overlap(sample, "response_reference") == pytest.approx(2 / 4)
        assert overlap(sample, "question_response") == 1
        with pytest.raises(NotJudgeable):
            overlap(Sample("", "Ropes."), "response_contexts")

    def test_similarity_is_that_of_the_nearest_sentence(self, models: Models) -> None:
        vectors, claim = Vectors(models), "Mooring ropes are made of polyester."
        same = similarity(Sample("", claim, (PUMP, ROPE)), "response_contexts", vectors)
        far = similarity(Sample("", claim, (PUMP,)), "response_contexts", vectors)
        assert same == pytest.approx(1, abs=1e-3)
        assert far < 0.6


def test_the_checker_tells_supported_claims(claims: Path, models: Models) -> None:
    options = Options(metrics=("support", "faithfulness"), mistakes=2, resamples=200)
    (found,) = compare_files([claims], options, models).sets
    ratings = {rating.name: rating for rating in found.ratings}
    assert set(ratings) == {"support", "faithfulness", "overlap", "similarity"}
    auc = ratings["support"].values["auc"]
    assert auc is not None
    assert auc.mean > 0.85
    assert "macro_f1_verdicts" in ratings["support"].values
    assert sum(ratings["support"].confusion.values()) == len(CLAIMS)
    assert {said for _, said in ratings["support"].confusion} <= {"supported", "contradicted", "unsupported"}
    assert {said for _, said in ratings["faithfulness"].confusion} <= {"positive", "negative"}
    assert ratings["overlap"].values.get("balanced_accuracy") is None
    assert found.labels == {"supported": 4, "contradicted": 2, "unsupported": 2}


def test_a_response_is_as_supported_as_its_weakest_sentence(models: Models) -> None:
    (support, *_) = load_scorers(["support"], models)
    good = support.score(Sample("", "Mooring ropes are made of polyester.", (ROPE,)))
    both = support.score(
        Sample("", "Mooring ropes are made of polyester. Sailors paint them blue in spring.", (ROPE,))
    )
    assert both.value < good.value
    assert good.verdict == "supported"
    assert both.verdict != "supported"


def test_a_similarity_is_no_probability(models: Models) -> None:
    """So it has no threshold of its own and no calibration."""
    thresholds = {one.name: one.threshold for one in load_scorers(["support", "bert_score"], models)}
    assert {name for name, threshold in thresholds.items() if threshold is not None} == {"support"}


def test_slices_say_what_a_row_is(claims: Path) -> None:
    row = read_labelled(claims, layout_of(claims, None)).rows[4]
    found = slices_of(row)
    assert ("claim has", "a number") in found
    assert ("claim length", "up to 8 words") in found
    assert ("evidence length", "up to 50 words") in found
    assert ("words in evidence", "half to nine tenths") in found


def test_what_cannot_be_judged_is_counted(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"question": "a", "response": "", "label": n % 2} for n in range(6)]
    path = write_rows(tmp_path / "rows.jsonl", rows)

    def refuse(sample: Sample) -> Scored:
        raise NotJudgeable("nothing to judge", code="no_response")

    scorer = Scorer("judge", "metric", "response_contexts", 0.5, refuse)
    column: Column
    (column,) = score_rows(read_labelled(path, layout_of(path, None)).rows, [scorer])
    assert dict(column.skipped) == {"no_response": 6}
    assert len(column.values) == 0


@pytest.mark.parametrize(
    ("given_", "shown"), [(0.5, ".500"), (1.0, "1.000"), (-0.0312, "−.031"), (0.0, ".000"), (0.9996, "1.000")]
)
def test_numbers(given_: float, shown: str) -> None:
    assert number(given_) == shown


class TestCommandLine:
    """As a user calls it, with the shipped models."""

    def test_a_table_and_files(self, claims: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        done = CliRunner().invoke(
            app, ["eval", "agreement", str(claims), "--out", str(out), "--mistakes", "2"]
        )
        assert done.exit_code == 0, done.output
        assert "support" in done.output
        assert "overlap" in done.output
        assert "8 rows in 8 groups" in done.output
        assert sorted(path.name for path in out.iterdir()) == [
            "agreement.json",
            "agreement.md",
            "agreement.svg",
        ]

    def test_options_reach_the_comparison(self, tmp_path: Path) -> None:
        rows: list[dict[str, object]] = [
            {
                "said": claim,
                "page": text,
                "human": label,
                "split": "test",
                "judge": float(label == "supported"),
            }
            for claim, text, label in CLAIMS
        ]
        path = write_rows(tmp_path / "rows.jsonl", [*rows, {"split": "dev"}])
        arguments = [
            *("eval", "agreement", str(path), "--label", "human", "--positive", "supported"),
            *("--field", "response=said", "--field", "contexts=page", "--where", "split=test"),
            *("--score", "judge", "--json"),
        ]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        (found,) = json.loads(done.stdout, parse_constant=pytest.fail)["sets"]
        judge, baseline = found["metrics"]
        assert judge["values"]["auc"]["value"] == 1
        assert judge["values"]["balanced_accuracy"]["ci95"] == [1, 1]
        assert judge["values"]["brier"]["value"] == 0
        assert (judge["kind"], baseline["kind"], found["rows"]) == ("given", "baseline", 8)

    def test_a_slip_is_an_error_of_usage(self, claims: Path) -> None:
        done = CliRunner().invoke(app, ["eval", "agreement", str(claims), "--field", "response"])
        assert done.exit_code == 2
