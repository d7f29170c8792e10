from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.chunk import split
from ingest.parse.builder import Builder
from ingest.types import Block, ParsedDocument, Piece
from rag.models.types import Encoder
from tests.ingest.making import Parse

WORDS = "The ferry to Merrin leaves at seven. It carries cars, dogs and bicycles. "

texts = st.one_of(
    st.text(max_size=80),
    st.text(
        alphabet=st.characters(categories=("Lu", "Ll", "Nd", "Lo", "Mn", "Po", "Zs", "So", "Cf")),
        max_size=200,
    ),
    st.integers(1, 30).map(lambda n: WORDS * n),
    st.integers(1, 900).map(lambda n: "x" * n),
    st.integers(1, 120).map(lambda n: "船は七時に出ます。" * n),
)
rows = st.lists(st.lists(texts, min_size=1, max_size=4), max_size=12)
blocks = st.one_of(
    st.tuples(st.just("heading"), texts, st.integers(1, 6)),
    st.tuples(st.sampled_from(["paragraph", "list", "code"]), texts, st.none()),
    st.tuples(st.just("table"), rows, st.none()),
    st.tuples(st.just("page"), st.none(), st.none()),
)


@st.composite
def documents(draw: st.DrawFn) -> ParsedDocument:
    builder, page = Builder(), draw(st.sampled_from([None, 1]))
    for kind, content, level in draw(st.lists(blocks, max_size=12)):
        if kind == "page":
            if page is not None:
                builder.end_page(page)
                page += 1
        elif kind == "table":
            builder.add_table(content, page=page)
        else:
            builder.add(kind, content, level=level, page=page)
    if page is not None:
        builder.end_page(page)
    return builder.build(draw(st.text(max_size=30)))


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(document=documents(), limit=st.sampled_from([32, 64, 200]))
def test_chunks_fit_cover_and_never_overlap(encoder: Encoder, document: ParsedDocument, limit: int) -> None:
    pieces = split(document, encoder.token_spans, limit)
    end = 0
    for piece in pieces:
        text = document.text[piece.start : piece.end]
        assert not document.text[end : piece.start].strip()
        assert text == text.strip() != ""
        assert len(encoder.token_spans(text)) <= limit or len(text) == 1
        if document.pages:
            on = next(page for page in document.pages if page.number == piece.page)
            assert on.start <= piece.start
            assert piece.end <= on.end
        end = piece.end
    assert not document.text[end:].strip()


def test_space_in_front_of_a_table_is_in_no_chunk(encoder: Encoder) -> None:
    document = ParsedDocument(" | 0", (Block("table", 0, 4),))
    assert [(piece.start, piece.end) for piece in split(document, encoder.token_spans, 32)] == [(1, 4)]


def pieces_of(text: str, parse: Parse, encoder: Encoder, limit: int = 200) -> tuple[list[Piece], list[str]]:
    document = parse("x.md", text.encode())
    pieces = split(document, encoder.token_spans, limit)
    return pieces, [document.text[piece.start : piece.end] for piece in pieces]


def test_a_section_begins_with_its_heading_and_has_those_above_as_context(
    parse: Parse, encoder: Encoder
) -> None:
    body = WORDS * 4
    text = (
        f"---\ntitle: Guide\n---\n# Ships\n\n## Tern\n\n{body}\n\n### Ramp\n\n{body}\n\n## Puffin\n\n{body}"
    )
    pieces, texts = pieces_of(text, parse, encoder)
    assert [piece.headings for piece in pieces] == [
        ("Ships", "Tern"),
        ("Ships", "Tern", "Ramp"),
        ("Ships", "Puffin"),
    ]
    assert [piece.context for piece in pieces] == ["Guide", "Guide > Ships > Tern", "Guide > Ships"]
    assert [chunk.split("\n")[0] for chunk in texts] == ["Ships", "Ramp", "Puffin"]


def test_small_sections_of_one_parent_share_a_chunk_and_large_ones_do_not(
    parse: Parse, encoder: Encoder
) -> None:
    small, _ = pieces_of("# Hours\n\n## Monday\n\n9 to 5\n\n## Tuesday\n\n9 to 6\n", parse, encoder)
    assert [piece.headings for piece in small] == [("Hours",)]
    large, _ = pieces_of(
        f"# Hours\n\n## Monday\n\n{WORDS * 5}\n\n## Tuesday\n\n{WORDS * 5}\n", parse, encoder
    )
    assert [piece.headings for piece in large] == [("Hours", "Monday"), ("Hours", "Tuesday")]


def test_long_paragraphs_end_at_sentences_and_no_tail_is_left_over(parse: Parse, encoder: Encoder) -> None:
    pieces, texts = pieces_of("# Long\n\n" + WORDS * 30, parse, encoder)
    assert len(pieces) > 2
    assert all(chunk.endswith(".") for chunk in texts)
    sizes = [len(encoder.token_spans(chunk)) for chunk in texts]
    assert min(sizes) > 80
    assert all(piece.context == "Long" for piece in pieces[1:])


def test_a_long_table_is_split_by_rows_with_its_header_as_context(parse: Parse, encoder: Encoder) -> None:
    rows = "".join(f"| Ship number {n} | {n * 7} cars | serves island {n} |\n" for n in range(40))
    pieces, texts = pieces_of(f"# Fleet\n\n| Ship | Room | Island |\n|---|---|---|\n{rows}", parse, encoder)
    assert len(pieces) > 2
    assert "Ship | Room | Island" in texts[0]
    assert not any("Ship | Room | Island" in chunk for chunk in texts[1:])
    assert all(piece.context == "Fleet\nShip | Room | Island" for piece in pieces[1:])
    assert all(line.count(" | ") == 2 for chunk in texts[1:] for line in chunk.splitlines())


def test_code_is_split_at_line_ends(parse: Parse, encoder: Encoder) -> None:
    lines = [f'  "field_{n}": "value {n}",' for n in range(80)]
    _, texts = pieces_of("# Code\n\n```json\n" + "\n".join(lines) + "\n```\n", parse, encoder)
    got = [line.strip() for chunk in texts for line in chunk.splitlines() if line.strip() not in ("", "Code")]
    assert got == [line.strip() for line in lines]


def test_abbreviations_end_no_sentence(parse: Parse, encoder: Encoder) -> None:
    sentence = "Dr. Brekke and Mr. Halvard of St. Olaf met e.g. Ms. Vik in No. 4 on the quay at noon sharp. "
    _, texts = pieces_of("# Who\n\n" + sentence * 20, parse, encoder, limit=64)
    assert all(chunk.endswith("sharp.") for chunk in texts)


def test_the_context_of_a_chunk_is_short_however_long_the_headings_are(
    parse: Parse, encoder: Encoder
) -> None:
    pieces, _ = pieces_of(f"# {'very ' * 60}long\n\n{WORDS * 30}", parse, encoder)
    assert len(encoder.token_spans(pieces[-1].context)) <= 48
