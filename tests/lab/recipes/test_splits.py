from __future__ import annotations

from pathlib import Path

from lab.recipes.checker.data import is_check, split_claims
from lab.recipes.reader.data import normal, split_qa
from lab.recipes.records import clean


def test_train_never_holds_a_dev_question_or_paragraph(data: Path) -> None:
    splits = split_qa(data)
    held = {normal(r.question) for r in splits.dev} | {normal(r.context) for r in splits.dev}
    seen = splits.train + splits.calibrate
    assert splits.train
    assert splits.calibrate
    assert not held & ({normal(r.question) for r in seen} | {normal(r.context) for r in seen})
    assert {r.source for r in seen} == {"qed_nq", "nq_open_oracle"}
    assert not any("1700" in r.context for r in seen)


def test_dev_drops_paragraphs_of_train(data: Path) -> None:
    assert len(split_qa(data).dev) == 10
    assert not any(r.question == "which year saw the bridge" for r in split_qa(data).dev)


def test_calibration_and_training_share_no_article(data: Path) -> None:
    splits = split_qa(data)
    assert not {r.title for r in splits.train} & {r.title for r in splits.calibrate}


def test_claims_of_checks_are_nowhere_in_training(data: Path) -> None:
    splits = split_claims(data)
    checks = {row.claim for rows in splits.checks.values() for row in rows}
    checked_pages = {row.group for row in splits.checks["fever_eraser"]}
    assert checked_pages
    for row in splits.train + splits.calibrate:
        assert row.claim not in checks
        assert not is_check(row)
        assert row.source != "fever_eraser" or row.group not in checked_pages
    assert not {r.claim for r in splits.train} & {r.claim for r in splits.calibrate}
    assert {r.split for r in splits.checks["snli"]} == {"test"}


def test_offsets_that_do_not_fit_are_dropped(data: Path) -> None:
    for row in split_qa(data).train:
        for span in row.spans:
            assert row.context[span.start : span.end].isdigit()


def test_treebank_text_is_made_plain() -> None:
    assert (
        clean("Paris -LRB- France -RRB- is n't small , it 's big .")
        == "Paris (France) isn't small, it's big."
    )
