"""CSV and TSV: every field as it is written, whatever stands above and below the table."""

from __future__ import annotations

import pytest

from tests.ingest.making import Parse, shown

WHOLE = {
    "one column, letters in common": ("item\nlime\nlatte\n", "item\nlime\nlatte"),
    "one column, two words": ("Tag number\nP 1\nP 2\n", "Tag number\nP 1\nP 2"),
    "one column, quoted commas": (
        'note\n"Oil, then wipe"\n"Done, says Bo"\n',
        "note\nOil, then wipe\nDone, says Bo",
    ),
    "one column of sentences": (
        "note\nYes\nIt leaks, badly\nFine, thanks\nNo\n",
        "note\nYes\nIt leaks, badly\nFine, thanks\nNo",
    ),
    "semicolons and decimal commas": (
        "Part;Mass\nBolt;1,5\nNut;0,25\n",
        "Part | Mass\nBolt | 1,5\nNut | 0,25",
    ),
    "bars": ("a|b\n1|2,5\n", "a | b\n1 | 2,5"),
    "tabs in CSV": ("a\tb\n1\tx, y\n", "a | b\n1 | x, y"),
    "a hint for Excel": ("sep=;\na;b\n1;2\n", "a | b\n1 | 2"),
    "words that pandas blanks": ("c,d\nNA,null\nNone,nan\n", "c | d\nNA | null\nNone | nan"),
    "zeros and long numbers": (
        "id,rate,key\n007,1.10,12345678901234567\n010,3.0,0.00000123\n",
        "id | rate | key\n007 | 1.10 | 12345678901234567\n010 | 3.0 | 0.00000123",
    ),
    "line ends in fields": ('a,b\n"one\ntwo",3\n', "a | b\none two | 3"),
    "quotes in fields": ('a,b\n"say ""hi""",3\n', 'a | b\nsay "hi" | 3'),
    "quotes behind spaces": ('a, b\n1, "x, y"\n', "a | b\n1 | x, y"),
    "a quote that is not closed": ('a,b\n1,"open\n2,ok\n', 'a | b\n1 | "open\n2 | ok'),
    "inches": ('a,b\n1,"5" pipe"\n2,"ok, fine"\n', 'a | b\n1 | "5" pipe"\n2 | ok, fine'),
    "uneven rows": ("a,b,c\n1,2,3,4\n5,6\n7,8,9\n", "a | b | c\n1 | 2 | 3 | 4\n5 | 6\n7 | 8 | 9"),
    "rows with the first field alone": ("a,b\n1,\n2,\n", "a | b\n1\n2"),
    "a sum at the end": ("a,b\n1,2\n3,4\nSum,6,seen by Bo\n", "a | b\n1 | 2\n3 | 4\nSum | 6 | seen by Bo"),
    "an empty line between rows": (
        "Name,Site\nIda,North\n\nBo,South\n",
        "Name | Site\nIda | North\nBo | South",
    ),
    "old Mac line ends": ("a,b\r1,2\r", "a | b\n1 | 2"),
}
TABLE = "Part | Qty | Shelf\nBolt | 12 | B7"
PARTS = {
    "a title": ("Stock list\nPart,Qty,Shelf\nBolt,12,B7\n", ["Stock list", TABLE]),
    "a title of a whole row": ("Stock,,\nPart,Qty,Shelf\nBolt,12,B7\n", ["Stock", TABLE]),
    "lines and an empty one": (
        "Made on 2026-11-01\nPlant: North\n\nLine,Out,Scrap\nL1,400,3\n",
        ["Made on 2026-11-01", "Plant: North", "Line | Out | Scrap\nL1 | 400 | 3"],
    ),
    "a comment": ("# made, by Ida, 2026\nid,name\n1,A\n", ["# made, by Ida, 2026", "id | name\n1 | A"]),
    "a header with the mark of a comment": ("#id,name\n1,A\n", ["#id | name\n1 | A"]),
    "a title with a comma": ("Stock, north yard\nPart,Qty,Shelf\nBolt,12,B7\n", ["Stock, north yard", TABLE]),
    "a comment below": (
        "Part,Qty,Shelf\nBolt,12,B7\n# seen, by Bo\n\n", [TABLE, "# seen, by Bo"]
    ),
    "a short row with a quoted comma": (
        'a,b,c\n1,2,3\n"Seen, by Bo",4\n', ["a | b | c\n1 | 2 | 3\nSeen, by Bo | 4"]
    ),
    "a line below": ("a,b\n1,2\nSeen by Bo\n", ["a | b\n1 | 2", "Seen by Bo"]),
    "a quoted line below": ('a,b\n1,2\n"Seen, says Bo"\n', ["a | b\n1 | 2", "Seen, says Bo"]),
    "two tables": ("a,b\n1,2\n\nc,d\n3,4\n", ["a | b\n1 | 2", "c | d\n3 | 4"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_every_field_is_as_it_is_written(parse: Parse, kind: str) -> None:
    content, text = WHOLE[kind]
    assert shown(parse("x.csv", content.encode())) == [("table", None, text)]


@pytest.mark.parametrize("kind", sorted(PARTS))
def test_lines_around_a_table_are_text_and_tables_stand_apart(parse: Parse, kind: str) -> None:
    content, parts = PARTS[kind]
    document = parse("x.csv", content.encode())
    assert document.text.split("\n\n") == parts
    assert [kind for kind, _, _ in shown(document)] == [
        "table" if "|" in part else "paragraph" for part in parts
    ]


def test_the_first_row_is_the_header(parse: Parse) -> None:
    document = parse("x.csv", b"Stock list\nPart,Qty,Shelf\nBolt,12,B7\n")
    header = document.blocks[-1].header
    assert header is not None
    assert document.text[header.start : header.end] == "Part | Qty | Shelf"
    assert parse("x.tsv", b"Part\tQty\nBolt\t1,5\n").text == "Part | Qty\nBolt | 1,5"
