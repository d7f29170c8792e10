"""Number formats: what Excel shows of a number, and where this says more."""

from __future__ import annotations

import pytest

from ingest.parse.number_format import shown, shown_text

DAY = 46_380  # 24 December 2026, a Thursday
ACCOUNTING = '_-* #,##0.00 €_-;-* #,##0.00 €_-;_-* "-"?? €_-;_-@_-'
SHOWN = [
    (1234.5, "#,##0.00 €", "1,234.50 €"),
    (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
    (-1200, '#,##0.00 "EUR"', "-1,200.00 EUR"),
    (1234.5, ACCOUNTING, "1,234.50 €"),
    (-1234.5, ACCOUNTING, "- 1,234.50 €"),
    (0, ACCOUNTING, "- €"),
    (-1200, "#,##0;(#,##0)", "(1,200)"),
    (0, '0;-0;"nil"', "nil"),
    (0.075, "0.0%", "7.5%"),
    (-0.5, "0%", "-50%"),
    (5, "000", "005"),
    (5_551_234_567, "(000) 000-0000", "(555) 123-4567"),
    (12, '"No. "0', "No. 12"),
    (12, "[Red]0\\ kg", "12 kg"),
    (1_234_567, '0.0,,"M"', "1.2M"),
    (1_234_567, "#,##0,", "1,235"),
    (1234, "0.###", "1234"),
    (0.25, "#.00", ".25"),
    (2.675, "0.00", "2.68"),
    (99.999, "0.0", "100.0"),
    (12_345.678, "0.00E+00", "1.23E+04"),
    (9.99e9, "0.0E+00", "1.0E+10"),
    (0.00012, "0.0E+0", "1.2E-4"),
    (0.5, "# ?/?", "1/2"),
    (2.25, "# ?/?", "2 1/4"),
    (0.333, "0/8", "3/8"),
    (7, '[<=1]0 "piece";0 "pieces"', "7 pieces"),
    (1, '[<=1]0 "piece";0 "pieces"', "1 piece"),
    (3, ";;;", ""),
    (DAY, "D MMMM YYYY", "24 December 2026"),
    (DAY, "ddd d mmm yy", "Thu 24 Dec 26"),
    (DAY, "DD.MM.YYYY", "24.12.2026"),
    (DAY + 0.75, "m/d/yy h:mm AM/PM", "12/24/26 6:00 PM"),
    (DAY + 14 / 24 + 1e-11, "yyyy-mm-dd h:mm:ss", "2026-12-24 14:00:00"),
    (DAY, "yyyy-mm-dd h:mm:ss", "2026-12-24"),
    (DAY, "h:mm d.m.yyyy", "24.12.2026"),
    (DAY, "[$-407]d. mmmm yyyy", "2026-12-24"),
    (DAY, "[$-409]d mmmm yyyy", "24 December 2026"),
    (0.3125, "h:mm:ss", "7:30:00"),
    (1.25, "[h]:mm", "30:00"),
    (0.5, "[mm]:ss.0", "720:00.0"),
    (-3, "yyyy-mm-dd", "-3"),
    (1, "yyyy-mm-dd", "1900-01-01"),
    (61, "yyyy-mm-dd", "1900-03-01"),
]


@pytest.mark.parametrize(("number", "code", "text"), SHOWN)
def test_a_number_is_shown_by_its_format(number: float, code: str, text: str) -> None:
    assert shown(number, code) == text


def test_days_may_be_counted_from_1904() -> None:
    assert shown(0, "yyyy-mm-dd", from_1904=True) == "1904-01-01"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1234567.8912345, "1234567.8912345"),
        (3.141592653589793, "3.141592653589793"),
        (0.1 + 0.2, "0.3"),
        (4.5e-07, "4.5e-07"),
        (0.00000123, "0.00000123"),
        (6.02e23, "6.02e+23"),
        (3.0, "3"),
        (9_007_199_254_740_993, "9007199254740993"),
        (-5, "-5"),
    ],
)
def test_without_a_format_every_digit_stands(number: float, text: str) -> None:
    assert shown(number, "General") == shown(number, "@") == text


def test_nothing_that_is_there_is_shown_as_zero() -> None:
    assert shown(4.5e-07, "0.00") == "0.00000045"
    assert shown(0.00012, "0% \\of \\all") == "0.012% of all"
    assert shown(0.1 + 0.2 - 0.3, "0.00") == "0.00"


def test_text_has_a_format_of_its_own() -> None:
    assert shown_text("B7", '"Shelf "@') == "Shelf B7"
    assert shown_text("B7", "0.00;-0.00;0;@") == "B7"
    assert shown_text("B7", "0.00") == "B7"
    assert shown_text("B7", ";;;") == ""
