"""Evaluation cases: questions with what is known of their answers, read from and written to files."""

from eval.cases.case import FIELDS, Case, Counts, count, with_ids
from eval.cases.formats import LAYOUTS, Layout, parse_case, parse_layout
from eval.cases.read import read_cases, read_questions
from eval.cases.write import WRITTEN, Written, write_cases

__all__ = [
    "FIELDS",
    "LAYOUTS",
    "WRITTEN",
    "Case",
    "Counts",
    "Layout",
    "Written",
    "count",
    "parse_case",
    "parse_layout",
    "read_cases",
    "read_questions",
    "with_ids",
    "write_cases",
]
