"""Claims about values, true in another form or with one planted error, over made-up passages and tables.

`python -m lab.recipes.checker.planted [--net]` prints for each kind how many claims get which label; without
`--net` by comparing values alone.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.check.compare import compare
from rag.models.loaded import Models
from rag.settings import Settings


@dataclass(frozen=True)
class Planted:
    """A claim with its evidence; `is_true` where the evidence carries it."""

    kind: str
    claim: str
    evidence: tuple[str, ...]
    is_true: bool


@dataclass(frozen=True)
class Attribute:
    """What may be said of a thing: sentences with {name} and {value}, a column, the forms of a value."""

    says: tuple[str, ...]
    column: str
    forms: Callable[[int], tuple[str, ...]]
    low: int
    high: int


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def _thousands(n: int) -> str:
    return f"{n:,}"


def _dates(n: int) -> tuple[str, ...]:
    day, month, year = n % 28 + 1, n // 28 % 12, 1980 + n % 43
    name = MONTHS[month]
    iso = f"{year}-{month + 1:02}-{day:02}"
    return f"{day} {name} {year}", iso, f"{name} {day}, {year}", f"{day}.{month + 1}.{year}"


def _times(n: int) -> tuple[str, ...]:
    hour = 1 + n % 11
    return f"{hour} pm", f"{hour + 12}:00", f"{hour}:00 p.m."


ATTRIBUTES = (
    Attribute(
        ("{name} holds {value}.", "The capacity of {name} is {value}."),
        "Capacity",
        lambda n: (f"{n * 100} litres", f"{_thousands(n * 100)} litres", f"{n * 100} l", f"{n / 10:g} m³"),
        11,
        400,
    ),
    Attribute(
        ("{name} is rated for {value}.", "{name} works at {value}."),
        "Pressure",
        lambda n: (f"{n} bar", f"{n}.0 bar", f"{n * 100} kPa"),
        3,
        60,
    ),
    Attribute(
        ("{name} weighs {value}.",),
        "Weight",
        lambda n: (f"{n} kg", f"{n} kilograms", f"{_thousands(n * 1000)} g"),
        2,
        90,
    ),
    Attribute(
        ("{name} costs {value}.", "The price of {name} is {value}."),
        "Price",
        lambda n: (f"€{n}", f"{n} EUR", f"{n}.00 euros", f"EUR {n}"),
        12,
        950,
    ),
    Attribute(
        ("{name} is {value} long.",),
        "Length",
        lambda n: (f"{n * 100} m", f"{n / 10:g} km", f"{_thousands(n * 100)} metres"),
        11,
        95,
    ),
    Attribute(
        ("{name} draws {value}.",),
        "Power",
        lambda n: (f"{n / 2:g} kW", f"{n * 500} W", f"{n / 2:g} kilowatts"),
        3,
        40,
    ),
    Attribute(("{name} was built on {value}.", "{name} was opened on {value}."), "Built", _dates, 1, 330),
    Attribute(("{name} opens at {value}.", "Work at {name} begins at {value}."), "Opens", _times, 0, 11),
    Attribute(
        ("{name} takes {value} to heat up.",),
        "Heating time",
        lambda n: (f"{n * 30} minutes", f"{n / 2:g} hours", f"{n * 30} min"),
        3,
        20,
    ),
    Attribute(
        ("{value} of {name} was renewed.",),
        "Renewed",
        lambda n: (f"{n * 5} %", f"{n * 5} percent", f"{n * 5}%"),
        2,
        19,
    ),
    Attribute(
        ("{name} has {value} seats.", "There are {value} seats in {name}."),
        "Seats",
        lambda n: (str(n * 50), _thousands(n * 50)),
        21,
        90,
    ),
)
NAMES = (
    ("the North pump", "the South pump"), ("pump P-100", "pump P-200"), ("the old mill", "the new mill"),
    ("the eastern hall", "the western hall"), ("the ferry Ida", "the ferry Berta"), ("line A", "line B"),
    ("the boiler in Leeds", "the boiler in York"), ("the main gate", "the side gate"), ("tank 3", "tank 5"),
    ("the Harrow depot", "the Selby depot"), ("the summer house", "the winter house"),
    ("model X20", "model X40"),
)  # fmt: skip
ASIDES = (
    "It was last inspected by Ulla Frey.", "Visitors need a pass.", "The paint is green.",
    "Nobody has complained so far.", "The manual lies in the office.",
)  # fmt: skip


def _said(pattern: str, name: str, value: str) -> str:
    text = pattern.format(name=name, value=value)
    return text[:1].upper() + text[1:]


def planted_claims(count: int, seed: int = 0) -> list[Planted]:
    """`count` rounds of all kinds, the same for the same seed."""
    rng = random.Random(seed)
    return [item for _ in range(count) for item in _round(rng)]


def _round(rng: random.Random) -> Iterator[Planted]:
    attribute, (one, other) = rng.choice(ATTRIBUTES), rng.sample(rng.choice(NAMES), 2)
    first, second, third = rng.sample(range(attribute.low, attribute.high), 3)
    mine, theirs, neither = (attribute.forms(n) for n in (first, second, third))
    pattern, aside = rng.choice(attribute.says), rng.choice(ASIDES)
    claimed, written = rng.sample(mine, 2)
    text = f"{_said(pattern, one, written)} {aside}"
    both = f"{_said(pattern, other, theirs[0])} {_said(pattern, one, mine[0])} {aside}"
    yield Planted("another form", _said(pattern, one, claimed), (text,), True)
    yield Planted("wrong value", _said(pattern, one, neither[0]), (text,), False)
    yield Planted("right subject", _said(pattern, one, claimed), (both,), True)
    yield Planted("wrong subject", _said(pattern, one, theirs[0]), (both,), False)
    joined = f"{_said(pattern, one, mine[0])[:-1]} and {pattern.format(name=other, value=theirs[0])}"
    yield Planted("two clauses, right", _said(pattern, other, theirs[-1]), (joined,), True)
    yield Planted("two clauses, wrong", _said(pattern, other, mine[0]), (joined,), False)
    apart = (f"{_said(pattern, one, mine[0])} {aside}", _said(pattern, other, theirs[0]))
    yield Planted("two passages", joined, apart, True)
    crossed = f"{_said(pattern, one, theirs[0])[:-1]} and {pattern.format(name=other, value=mine[0])}"
    yield Planted("two passages, crossed", crossed, apart, False)
    yield from _of_table(rng, attribute, one, other)


def _of_table(rng: random.Random, attribute: Attribute, one: str, other: str) -> Iterator[Planted]:
    second = rng.choice([each for each in ATTRIBUTES if each.column != attribute.column])
    numbers, more = (rng.sample(range(each.low, each.high), 3) for each in (attribute, second))
    names = [one, other, rng.choice(["the spare", "the reserve", "the last one"])]
    mark = rng.choice([" | ", "\t"])
    rows = [
        mark.join((_said("{name}", name.removeprefix("the "), ""), attribute.forms(n)[0], second.forms(m)[0]))
        for name, n, m in zip(names, numbers, more, strict=True)
    ]
    table = "\n".join([mark.join(("Name", attribute.column, second.column)), *rows])
    says = f"The {attribute.column.lower()} of {{name}} is {{value}}."
    yield Planted("right row", _said(says, one, attribute.forms(numbers[0])[1]), (table,), True)
    yield Planted("wrong row", _said(says, one, attribute.forms(numbers[1])[0]), (table,), False)


def labels(items: Sequence[Planted], *, with_net: bool) -> dict[str, Counter[str]]:
    """How many claims of each kind get each label."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    if with_net:
        verdicts = Models(Settings()).checker.check([i.claim for i in items], [i.evidence for i in items])
        said: list[str] = [verdict.label for verdict in verdicts]
    else:
        said = [_by_values(item) for item in items]
    for item, label in zip(items, said, strict=True):
        found[f"{item.kind} ({'true' if item.is_true else 'false'})"][label] += 1
    return dict(found)


def _by_values(item: Planted) -> str:
    compared = compare(item.claim, item.evidence)
    if compared.clash is not None:
        return "contradicted"
    return "unsupported" if compared.is_missing else "supported" if compared.is_carried else "no word"


def main() -> None:
    """Print the labels of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--net", action="store_true", help="ask the net as well, as the service does")
    args = parser.parse_args()
    for kind, counts in labels(planted_claims(args.rounds, args.seed), with_net=args.net).items():
        print(f"{kind}: {dict(counts.most_common())}", flush=True)


if __name__ == "__main__":
    main()
