"""Text recall: what counts as a word, what in order means, and one real run beside another parser."""

from __future__ import annotations

from pathlib import Path

from lab.bench.parsing import Score, by_command, format_table, measure, overlap, own, words


def test_markup_is_no_word() -> None:
    markdown = (
        "# Tern\n\nSee [the *guide*](http://x.org/a_(b)) <!-- image --> &amp; ![a ship](s.png) read\\_me"
    )
    assert words(markdown) == ["tern", "see", "the", "guide", "a", "ship", "read", "me"]


def test_words_count_in_order() -> None:
    assert overlap(["a", "b", "c", "d"], ["a", "b", "c", "d"]) == (1.0, 1.0)
    assert overlap(["a", "b", "c", "d"], ["c", "d", "a", "b"]) == (0.5, 0.5)
    assert overlap(["a", "b", "c", "d"], ["x", "a", "c", "y"]) == (0.5, 0.5)
    assert overlap(["a", "b"], []) == (0.0, 0.0)
    assert overlap([], []) == (1.0, 1.0)


def test_a_run_sets_parsers_beside_each_other(tmp_path: Path) -> None:
    documents, expected = tmp_path / "documents", tmp_path / "expected"
    for folder in (documents, expected):
        (folder / "md").mkdir(parents=True)
    (documents / "md" / "a.md").write_text("# One\n\ntwo three four")
    (expected / "md" / "a.md.md").write_text("one two three four")
    (documents / "md" / "b.md").write_bytes(b"")
    (expected / "md" / "b.md.md").write_text("lost")
    scores = measure(
        documents,
        expected,
        {"footnote": own("footnote"), "head": by_command("head -c 9"), "none": by_command("false")},
    )
    found = {(score.parser, score.file): (score.recall, bool(score.error)) for score in scores}
    assert found == {
        ("footnote", "md/a.md"): (1.0, False),
        ("footnote", "md/b.md"): (0.0, True),
        ("head", "md/a.md"): (0.25, False),
        ("head", "md/b.md"): (0.0, False),
        ("none", "md/a.md"): (0.0, True),
        ("none", "md/b.md"): (0.0, True),
    }


def test_the_mean_of_formats_weighs_each_format_alike() -> None:
    scores = [
        Score("csv", "a", "p", 1.0, 1.0, 0.1),
        Score("pdf", "b", "p", 0.0, 0.0, 0.1),
        Score("pdf", "c", "p", 0.5, 1.0, 0.1),
    ]
    assert format_table(scores).splitlines()[2:] == [
        "| csv | 1 | 1.000 (1.000) |",
        "| pdf | 2 | 0.250 (0.500) |",
        "| mean of formats | 3 | 0.625 (0.750) |",
    ]
