"""The encoder's vectors count as far as it knows the words of a query: the rest is left to BM25."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footnote import Footnote

TEXTS = {
    "zh": "# 阀门\n\n每两年检查一次压力表和安全阀。",
    "ja": "# 弁の保守\n\n圧力計は毎年校正します。検査は春に行います。",
    "ko": "# 밸브\n\n압력계는 매년 점검합니다.",
    "th": "# ประตู\n\nประตูเปิดเวลาแปดโมงเช้า",
    "en": "# Valve\n\nThe safety valve is inspected every two years.",
}


@pytest.fixture(scope="module")
def footnote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footnote]:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    with Footnote(data=folder / "data", threads=2) as opened:
        opened.ingest(folder / "docs")
        yield opened


@pytest.mark.parametrize(
    ("query", "source"),
    [("压力表", "zh.md"), ("校正", "ja.md"), ("検査", "ja.md"), ("압력계", "ko.md"), ("ประตู", "th.md")],
)
def test_a_query_of_unknown_words_is_answered_by_its_letters(
    footnote: Footnote, query: str, source: str
) -> None:
    assert footnote.search(query).hits[0].source == source


def test_words_that_are_known_count_as_before(footnote: Footnote) -> None:
    assert footnote.search("safety valve").hits[0].source == "en.md"
