"""Forms of letters that mean the same are one, scripts without spaces have words, and places are kept."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.tantivy import Analyzer
from rag.text.folding import folded

ANALYZER = Analyzer()


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("每两年由工程师检查一次安全阀。", "安全阀"),
        ("加油后检查", "油"),
        ("船上的救生衣使用46号绳", "46号"),
        ("圧力計は毎年校正します。", "校正"),
        ("ブレーキオイルを交換する", "オイル"),
        ("구명조끼는 매년 점검합니다.", "구명조끼"),
        ("วาล์วนิรภัยตรวจสอบทุกสองปี", "ตรวจสอบ"),
        ("ສະຖານີລົດໄຟ", "ລົດໄຟ"),
        ("ｶﾞｿﾘﾝ", "ガソリン"),
        ("ＲＡＭＰ　７", "ramp 7"),
        ("the ﬁlter ﬂap", "filter flap"),
        ("cre\u0300me bru\u0302le\u0301e", "crème brûlée"),
        ("İskele", "iskele"),
        ("iskele", "İSKELE"),
        ("I\u0307skele", "İskele"),
        ("safe\u00adty har\u200bbour", "safety harbour"),
        ("safety", "sa\u00adfe\u200dty"),
        ("می‌خواهم", "میخواهم"),
        ("שָׁלוֹם", "שלום"),
        ("Tern™ ㎏", "tern"),
        ("हिन्दी में", "हिन्दी"),
    ],
)
def test_a_word_is_found_whatever_its_form(text: str, query: str) -> None:
    terms = ANALYZER.terms(query)
    assert terms
    assert {term.stem for term in terms} <= set(ANALYZER.stems(text))


@pytest.mark.parametrize(("text", "query"), [("安全阀", "压力表"), ("구명조끼", "안전"), ("crème", "crane")])
def test_other_words_are_not_found(text: str, query: str) -> None:
    assert not {term.stem for term in ANALYZER.terms(query)} & set(ANALYZER.stems(text))


def test_plain_text_is_left_alone() -> None:
    assert folded("Größe and size", singles=True).text == "Größe and size"


def test_words_are_shown_as_they_were_written() -> None:
    assert [term.word for term in ANALYZER.terms("cafe\u0301 ﬁlter 安全阀")] == [
        "cafe\u0301", "ﬁlter", "安全", "全阀",
    ]  # fmt: skip


@given(
    st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("安全阀ガｶﾞ한글วาล์ว e\u0301İﬁ\u00ad"),
        max_size=30,
    )
)
def test_every_place_is_in_the_text(text: str) -> None:
    read = folded(text, singles=True)
    for at in range(len(read.text)):
        start, end = read.span(at, at + 1)
        assert 0 <= start <= end <= len(text)
    spans = [span for spans in ANALYZER.places(text).values() for span in spans]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_canonical_forms_are_searched_alike(text: str) -> None:
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert ANALYZER.stems(composed) == ANALYZER.stems(apart)
