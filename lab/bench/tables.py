"""Questions to random clean tables: right, wrong, abstained, by form of question.

`python -m lab.bench.tables --seed 1 --out OUT` writes some tables of made-up names and figures, reads them
into a collection of their own and asks each question of every form. Right is an answer that holds what is
asked and no other row's value of that column; where the table lacks the row or column, an abstention.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from footnote import Footnote
from footnote.calls import Text

Make = Callable[[random.Random], str]


@dataclass(frozen=True)
class Column:
    """A column: its head, how people ask for it, its cells, another word for it, adjectives for its ends."""

    head: str
    asked: str
    make: Make
    other: str | None = None
    measure: str | None = None
    most: tuple[str, str] | None = None


@dataclass(frozen=True)
class Domain:
    """A kind of table: title, the key's head, keys that are there and some that are not, columns, a column
    that it lacks.
    """

    title: str
    key: str
    keys: tuple[str, ...]
    absent: tuple[str, ...]
    columns: tuple[Column, ...]
    lacking: str


@dataclass(frozen=True)
class Case:
    """A question, what an answer must hold (nothing: it must abstain), and what it must not."""

    form: str
    question: str
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()


def _number(low: int, high: int, unit: str = "", step: int = 1) -> Make:
    return lambda draw: f"{draw.randrange(low, high, step):,}{' ' + unit if unit else ''}"


def _money(low: int, high: int, unit: str) -> Make:
    return lambda draw: f"{draw.randrange(low * 100, high * 100, 5) / 100:.2f} {unit}"


def _one_of(*values: str) -> Make:
    return lambda draw: draw.choice(values)


def _date(draw: random.Random) -> str:
    months = ("January", "March", "April", "June", "August", "October", "December")
    return f"{draw.randrange(1, 29)} {draw.choice(months)} {draw.randrange(1950, 2025)}"


DOMAINS = (
    Domain(
        "Compressors",
        "Model",
        ("K-110", "K-220", "K-330", "K-440", "K-550"),
        ("K-900", "K-115"),
        (
            Column(
                "Delivery rate",
                "delivery rate",
                _number(100, 900, "l/min"),
                None,
                None,
                ("highest", "lowest"),
            ),
            Column(
                "Weight", "weight", _number(20, 190, "kg"), "mass", "How heavy is {k}?", ("highest", "lowest")
            ),
            Column("Price", "price", _money(200, 900, "EUR"), "cost", "How much does {k} cost?"),
            Column("Voltage", "voltage", _one_of("230 V", "400 V", "110 V")),
        ),
        "colour",
    ),
    Domain(
        "Telephone list",
        "Name",
        ("Marta Quill", "Jonas Adair", "Priya Nand", "Luc Bertin", "Hanne Stoll"),
        ("Victor Hale", "Marta Stoll"),
        (
            Column("Department", "department", _one_of("Purchasing", "Legal", "Workshop", "Finance"), None),
            Column("Office", "office", lambda d: f"{d.choice('ABC')}{d.randrange(100, 400)}"),
            Column("Telephone", "telephone", lambda d: f"{d.randrange(2000, 9999)}", "phone"),
            Column("E-mail", "e-mail", lambda d: f"{d.choice('abcdefgh')}{d.randrange(100)}@works.example"),
        ),
        "birthday",
    ),
    Domain(
        "Room hire",
        "Room",
        ("Aspen", "Birch", "Cedar", "Linden"),
        ("Walnut",),
        (
            Column("Seats", "number of seats", _number(8, 120), None, "How many seats does {k} have?"),
            Column("Floor", "floor", _one_of("ground floor", "first floor", "second floor")),
            Column("Hourly rate", "hourly rate", _money(10, 90, "USD"), None, None, ("highest", "lowest")),
        ),
        "landlord",
    ),
    Domain(
        "Reservoirs of the county",
        "Reservoir",
        ("Elmwater", "Grey Tarn", "Loch Barra", "Stonebeck", "Highfold"),
        ("Blackmere",),
        (
            Column(
                "Capacity", "capacity", _number(100, 9000, "megalitres"), None, None, ("largest", "smallest")
            ),
            Column("Depth", "depth", _number(5, 80, "m"), None, "How deep is {k}?", ("greatest", "least")),
            Column("Year opened", "year opened", _number(1850, 1990), None, None),
            Column("Operator", "operator", _one_of("Northfold Water", "County Council", "Bray Utilities")),
        ),
        "temperature",
    ),
    Domain(
        "Bus fares",
        "Destination",
        ("Abbot's Cross", "Fernhill", "Kingsport", "Marl Bay", "Upper Wick"),
        ("Dunham",),
        (
            Column("Single fare", "single fare", _money(1, 9, "GBP"), None, None, ("highest", "lowest")),
            Column(
                "Journey time", "journey time", _number(10, 95, "min"), None, None, ("longest", "shortest")
            ),
            Column("Line", "line", lambda d: f"{d.randrange(10, 99)}"),
        ),
        "driver",
    ),
    Domain(
        "Adhesives",
        "Product",
        ("Bondex 12", "Bondex 40", "Fixal", "Gripton", "Tacky Pro"),
        ("Bondex 99", "Sealit"),
        (
            Column("Curing time", "curing time", _number(1, 48, "h"), None, None, ("longest", "shortest")),
            Column("Maximum temperature", "maximum temperature", _number(60, 260, "°C", 5)),
            Column("Colour", "colour", _one_of("clear", "white", "amber", "grey")),
        ),
        "supplier",
    ),
    Domain(
        "Trees in the park",
        "Species",
        ("Silver birch", "Red oak", "Field maple", "Sweet chestnut"),
        ("Horse chestnut", "Scots pine"),
        (
            Column(
                "Height", "height", _number(5, 39, "m"), None, "How tall is the {k}?", ("greatest", "least")
            ),
            Column("Planted", "planting date", _date, None, "When was the {k} planted?"),
            Column("Location", "location", _one_of("north gate", "lake shore", "rose garden"), None),
        ),
        "gardener",
    ),
    Domain(
        "Subscription plans",
        "Plan",
        ("Basic", "Team", "Business", "Enterprise"),
        ("Student",),
        (
            Column(
                "Users", "number of users", _number(1, 900), None, "How many users does the {k} plan allow?"
            ),
            Column("Storage", "storage", _number(5, 900, "GB")),
            Column(
                "Monthly price", "monthly price", _money(5, 200, "EUR"), None, None, ("highest", "lowest")
            ),
        ),
        "refund period",
    ),
)


class Maker:
    """Makes the texts and the cases of one seed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.texts: list[Text] = []
        self.cases: list[Case] = []

    def make(self) -> None:
        """Everything there is: a table of each kind, and those with two keys, shared names and turned."""
        for domain in DOMAINS:
            cells = self._plain(domain)
            self._direct(domain, cells)
            self._back(domain, cells)
            self._absent(domain)
        self._shared()
        self._two_keys()
        self._turned()
        self._years()

    def _plain(self, domain: Domain) -> list[list[str]]:
        """The table of a kind, cells distinct within a column where there are enough values."""
        columns = [self._column(column, len(domain.keys)) for column in domain.columns]
        rows = [list(row) for row in zip(*columns, strict=True)]
        heads = [domain.key, *(column.head for column in domain.columns)]
        self._write(domain.title, heads, [[key, *row] for key, row in zip(domain.keys, rows, strict=True)])
        return rows

    def _column(self, column: Column, count: int) -> list[str]:
        made = [column.make(self._draw) for _ in range(40)]
        distinct = list(dict.fromkeys(made))
        return (distinct * count)[:count]

    def _write(
        self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], above: str = ""
    ) -> None:
        lines = [heads, ["---"] * len(heads), *rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        name = f"{re.sub('[^a-z0-9]+', '-', title.lower())}.md"
        self.texts.append({"source": name, "text": f"# {title}\n\n{above}{table}\n"})

    def _direct(self, domain: Domain, rows: Sequence[Sequence[str]]) -> None:
        for n, key in enumerate(domain.keys):
            for m, column in enumerate(domain.columns):
                wanted = rows[n][m]
                unwanted = tuple({row[m] for row in rows} - {wanted})
                for form, question in _asked(key, column, self._draw):
                    self.cases.append(Case(form, question, (wanted,), unwanted))
            others = tuple(other for other in domain.keys if other != key)
            question = self._draw.choice((f"What does the table say about {key}?", f"Tell me about {key}."))
            self.cases.append(Case("row", question, (key, *rows[n]), others))
        for m, column in enumerate(domain.columns):
            if column.most:
                self._most(domain, rows, m, column)

    def _most(self, domain: Domain, rows: Sequence[Sequence[str]], m: int, column: Column) -> None:
        figures = [float(re.sub("[^0-9.]", "", row[m])) for row in rows]
        for word, end in zip(column.most or (), (max, min), strict=True):
            best = domain.keys[figures.index(end(figures))]
            others = tuple(key for key in domain.keys if key != best)
            question = f"Which {domain.key.lower()} has the {word} {column.asked}?"
            self.cases.append(Case("most", question, (best,), others))

    def _back(self, domain: Domain, rows: Sequence[Sequence[str]]) -> None:
        for m, column in enumerate(domain.columns):
            cells = [row[m] for row in rows]
            for key, cell in zip(domain.keys, cells, strict=True):
                if cells.count(cell) == 1 and self._draw.random() < 0.5:
                    who = "Who" if domain.key == "Name" else f"Which {domain.key.lower()}"
                    others = tuple(other for other in domain.keys if other != key)
                    question = f"{who} has the {column.asked} {cell}?"
                    self.cases.append(Case("back", question, (key,), others))

    def _absent(self, domain: Domain) -> None:
        for key in domain.absent:
            for column in domain.columns:
                self.cases.append(Case("absent key", f"What is the {column.asked} of {key}?", ()))
        for key in domain.keys[:3]:
            self.cases.append(Case("absent column", f"What is the {domain.lacking} of {key}?", ()))

    def _shared(self) -> None:
        rows = [
            ["A. Moore", "Leeds", "Surveyor", "7101"],
            ["A. Moore", "York", "Planner", "7102"],
            ["B. Finch", "York", "Clerk", "7103"],
            ["C. Doyle", "Hull", "Surveyor", "7104"],
        ]
        self._write("Contacts in the branches", ["Person", "Branch", "Post", "Extension"], rows)
        self.cases += [
            Case("shared name", "What is the extension of A. Moore in York?", ("7102",), ("7101", "7103")),
            Case("shared name", "What is the extension of A. Moore in Leeds?", ("7101",), ("7102", "7103")),
            Case("shared name", "What is the post of A. Moore?", ("Surveyor", "Planner"), ("Clerk",)),
            Case("shared name", "What is the extension of A. Moore in Hull?", ()),
            Case("shared name", "A. Moore York extension?", ("7102",), ("7101", "7104")),
        ]

    def _two_keys(self) -> None:
        places, days = ("Riverside", "Hilltop", "Old Quay"), ("Saturday", "Sunday", "Monday")
        rows = []
        for n, (place, day) in enumerate((place, day) for place in places for day in days):
            rows.append([place, day, f"{6 + n}:30", f"{70 + 3 * n} people"])
        self._write("Opening of the pools", ["Pool", "Day", "Opens", "Limit"], rows)
        for place, day, opens, limit in rows:
            unopened = tuple(row[2] for row in rows if row[2] != opens)
            unlimited = tuple(row[3] for row in rows if row[3] != limit)
            self.cases.append(Case("two keys", f"When does {place} open on {day}?", (opens,), unopened))
            self.cases.append(
                Case("two keys", f"What is the limit at {place} on {day}?", (limit,), unlimited)
            )
        self.cases.append(Case("two keys", "What is the limit at Riverside on Friday?", ()))
        self.cases.append(Case("two keys", "When does Oakwood open on Sunday?", ()))

    def _turned(self) -> None:
        models = ("TX-1", "TX-2", "TX-5")
        features = {
            "Range": ("120 km", "180 km", "95 km"),
            "Charging time": ("4 h", "6 h", "2 h"),
            "Top speed": ("45 km/h", "60 km/h", "25 km/h"),
            "Colour": ("green", "black", "orange"),
        }
        self._write("Scooters", ["", *models], [[name, *cells] for name, cells in features.items()])
        for name, cells in features.items():
            for model, cell in zip(models, cells, strict=True):
                unwanted = tuple(set(cells) - {cell})
                question = f"What is the {name.lower()} of the {model}?"
                self.cases.append(Case("turned", question, (cell,), unwanted))
        self.cases.append(Case("turned", "What is the range of the TX-9?", ()))
        self.cases.append(
            Case("turned", "Which scooter has the highest top speed?", ("TX-2",), ("TX-1", "TX-5"))
        )

    def _years(self) -> None:
        heads, figures = ["Crop", "Yield", "Area"], {"2022": 0, "2023": 1, "2024": 2}
        for year, n in figures.items():
            rows = [["Barley", f"{51 + n} t", f"{310 + n} ha"], ["Oats", f"{71 + n} t", f"{210 + n} ha"]]
            self._write(f"Harvest {year}", heads, rows)
        for year, n in figures.items():
            others = tuple(f"{51 + m} t" for m in figures.values() if m != n)
            question = f"What was the yield of barley in {year}?"
            self.cases.append(Case("year", question, (f"{51 + n} t",), others))
        self.cases.append(Case("year", "What was the yield of oats in 2019?", ()))


def _asked(key: str, column: Column, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Some forms of the same question."""
    yield "of", f"What is the {column.asked} of {key}?"
    written = draw.choice((key.lower(), key.upper(), key.replace("-", ""), key.replace("-", " ")))
    plain = draw.choice(("{k} {a}?", "{a} {k}", "what's {k}'s {a}?", "Please tell me the {a} of the {k}."))
    yield "short", plain.format(k=written, a=column.asked)
    if column.measure:
        yield "measure", column.measure.format(k=key)
    if column.other:
        yield "other word", f"What is the {column.other} of {key}?"


def outcome(case: Case, answer: str, abstained: bool) -> str:
    """`right`, `wrong` or `abstained`; where nothing is wanted, abstaining is right."""
    if abstained:
        return "abstained" if case.wanted else "right"
    said = re.sub(r"\s*\[\d+\]", "", answer)
    holds = case.wanted and all(_says(said, one) for one in case.wanted)
    return "right" if holds and not any(_says(said, one) for one in case.unwanted) else "wrong"


def _says(text: str, words: str) -> bool:
    return re.search(rf"(?<![\w.,-]){re.escape(words)}(?![\w-]|[.,]\d)", text, re.IGNORECASE) is not None


def main() -> None:
    """Ask and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, help="questions of each form at most")
    parser.add_argument("--out", type=Path, help="a JSON-lines file of every question and its answer")
    options = parser.parse_args()
    maker = Maker(options.seed)
    maker.make()
    counts: dict[str, Counter[str]] = {}
    lines = []
    with tempfile.TemporaryDirectory() as folder, Footnote(folder, threads=1) as service:
        service.ingest(maker.texts)
        for case in maker.cases:
            tally = counts.setdefault(case.form, Counter())
            if options.most and tally.total() >= options.most:
                continue
            answer = service.ask(case.question)
            found = outcome(case, answer.answer, answer.abstained)
            tally[found] += 1
            given = {"outcome": found, "answer": answer.answer, "confidence": answer.confidence}
            lines.append(json.dumps({**asdict(case), **given}))
    total = sum(counts.values(), Counter[str]())
    for form, tally in [*counts.items(), ("all", total)]:
        print(f"{form:14} {tally['right']:4} right {tally['wrong']:4} wrong {tally['abstained']:4} abstained")
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
