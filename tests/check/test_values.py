"""Typed values: one value in many forms, different ones, and what is none."""

from __future__ import annotations

import pytest

from rag.check.values import differs, same, values_in


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("3,450 litres", "3450 l"),
        ("3.450 Liter", "3,45 m³"),
        ("72 500 visitors", "72,500 visitors"),
        ("8.0 mm", "0.8 cm"),
        ("0.30 kg", "300 g"),
        ("2.75 km", "2750 metres"),
        ("a 6-metre pole", "a pole of 6 m"),
        ("7 kV", "7000 volts"),
        ("4 bar", "400 kPa"),
        ("30 °C", "86 °F"),
        ("21 degrees Celsius", "21 °C"),
        ("€89", "89.00 EUR"),
        ("$2.4 million", "2,400,000 dollars"),
        ("3,5 Mio. Euro", "€3.5m"),
        ("1.450,75 EUR", "1450.75 euros"),
        ("half of the rooms", "50% of the rooms"),
        ("three quarters of it", "75 per cent of it"),
        ("12,5 %", "12.5 percent"),
        ("2½ hours", "150 minutes"),
        ("one and a half hours", "90 min"),
        ("a quarter of an hour", "15 minutes"),
        ("three years", "36 months"),
        ("forty-two pupils", "42 pupils"),
        ("three hundred and ten seats", "310 seats"),
        ("dreiundzwanzig Liter", "23 l"),
        ("17 May 2019", "2019-05-17"),
        ("May 17th, 2019", "17.05.2019"),
        ("17. Mai 2019", "17/05/2019"),
        ("9.30 pm", "21:30"),
        ("7 p.m. sharp", "19 Uhr"),
        ("noon", "12:00"),
        ("5 to 7 pm", "17:00 to 19:00"),
        ("3 to 6 bar", "300 to 600 kPa"),
    ],
)
def test_one_value_in_two_forms(first: str, second: str) -> None:
    mine, theirs = values_in(first), values_in(second)
    assert len(mine) == len(theirs) > 0
    assert all(same(a, b) and not differs(a, b) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("3,450 litres", "3,540 litres"),
        ("6 m", "6 km"),
        ("4 bar", "4 kPa"),
        ("€89", "$89"),
        ("half of it", "40% of it"),
        ("17 May 2019", "2019-05-18"),
        ("17 May 2019", "2018"),
        ("7 pm", "7 am"),
        ("42 pupils", "43 pupils"),
    ],
)
def test_different_values_of_one_kind(first: str, second: str) -> None:
    (mine,), (theirs,) = values_in(first), values_in(second)
    assert differs(mine, theirs)
    assert not same(mine, theirs)


@pytest.mark.parametrize(
    ("first", "second"),
    [("42 pupils", "43 teachers"), ("6 m", "6 kg"), ("17 May 2019", "7 pm"), ("at least 5 bar", "5.5 bar")],
)
def test_what_cannot_be_compared_is_neither(first: str, second: str) -> None:
    (mine,), (theirs,) = values_in(first), values_in(second)
    assert not same(mine, theirs)
    assert not differs(mine, theirs)


def test_a_date_says_no_more_than_it_says() -> None:
    (full,), (year,) = values_in("on 17 May 2019"), values_in("in 2019")
    assert same(year, full)
    assert not same(full, year)
    assert not differs(full, year)


@pytest.mark.parametrize(
    "text",
    ["pump P-300 and DN50", "version 4.1.7", "tank 3 leaks", "He may come second.", "One of them left."],
)
def test_names_are_no_values(text: str) -> None:
    assert values_in(text) == ()


@pytest.mark.parametrize("unit", ["1 ", "1,", "12 and ", "one ", "1/2 ", "- ", "1 000 ", "three hundred "])
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    """Two thousand repetitions end at all; backtracking would trip the suite's time limit."""
    assert all(value.end <= len(unit) * 2_000 for value in values_in(unit * 2_000))
