"""Typos read by a collection's own words: what is mended, and what is left as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.tantivy import TantivyIndex
from rag.search.spelling import Speller
from tests.contract.index_making import SPEC, make_batch, make_chunk

TEXTS = [
    "The refrigerator has a warranty of two years. Refunds are paid after fourteen days.",
    "A ticket from Oddholm costs five euros. The working pressure of the pump is 16 bar.",
    "The pump needs maintenance. Ask Mr Peterson, who keeps the tickets and the keys, for a refund.",
    "Set max_retries in settings.toml. The valve PX-2O is made in Tromso. The gasket wears.",
]


@pytest.fixture(scope="module")
def speller() -> Speller:
    index = TantivyIndex(None, SPEC)
    index.apply(make_batch(1, [make_chunk(n, f"d{n}", text) for n, text in enumerate(TEXTS, 1)]))
    return Speller(index.vocabulary())


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("What does a tickt from Odholm cost?", "What does a ticket from Oddholm cost?"),
        ("Waranty of the refrigator?", "Warranty of the refrigerator?"),
        ("workng presure of the pmup", "working pressure of the pump"),
        ("What is the workingpressure?", "What is the working pressure?"),
        ("When are re funds paid?", "When are refunds paid?"),
        ("Who's Mr Petterson's boss?", "Who's Mr Peterson's boss?"),
        ("What dooes the pump need, mainteance?", "What does the pump need, maintenance?"),
        ("gaskett", "gasket"),
    ],
)
def test_typos_are_mended(speller: Speller, asked: str, read: str) -> None:
    assert speller.corrected(asked) == read


@pytest.mark.parametrize(
    "asked",
    [
        "What does a ticket from Oddholm cost?",
        "How is the pump maintained, and are tickets refundable?",  # other forms of its words
        'What does "refudn" mean?',
        "What is `presure`?",
        "Where is max_retrie set, and what is presure.toml?",
        "Is there a valve PX-20 or PUMPP or pumpPresure?",
        "mail to tickt@example.org or see https://example.org/tickt",
        "Who is Mr Petersen?",  # another name
        "Is there a teapot in the ballroom?",  # English, though not in the collection
        "What does a tck cost?",  # too short to tell
        "Wo ist die Pumpe?",
        "安全阀多久检查一次？",
        "",
    ],
)
def test_everything_else_stays(speller: Speller, asked: str) -> None:
    assert speller.corrected(asked) == asked


def test_the_more_frequent_word_is_meant() -> None:
    index = TantivyIndex(None, SPEC)
    texts = ["the zorbin", "the zorbik", "the zorbik", "the zorbik"]
    index.apply(make_batch(1, [make_chunk(n, f"d{n}", text) for n, text in enumerate(texts, 1)]))
    assert Speller(index.vocabulary()).corrected("the zorbit") == "the zorbik"


def test_words_come_and_go_with_their_documents(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path / "index", SPEC)
    index.apply(make_batch(1, [make_chunk(1, "d1", "The gronkel is red."), make_chunk(2, "d2", "A pump.")]))
    assert Speller(index.vocabulary()).corrected("gronkle") == "gronkel"
    index.apply(make_batch(2, removed=["d1"]))
    assert Speller(index.vocabulary()).corrected("gronkle") == "gronkle"
    index.apply(make_batch(3, [make_chunk(3, "d3", "The grunkle is blue.")]))
    assert Speller(index.vocabulary()).corrected("gruncle") == "grunkle"
    index.close()
    assert Speller(TantivyIndex(tmp_path / "index", SPEC).vocabulary()).corrected("gruncle") == "grunkle"
