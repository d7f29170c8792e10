"""Evaluation cases: questions with what is known of their answers, read from and written to files."""

from eval.cases.case import FIELDS, Case
from eval.cases.ids import with_ids
from eval.cases.layouts import LAYOUTS, Layout, parse_layout
from eval.cases.parse import parse_case
from eval.cases.read import read_cases, read_questions
from eval.cases.summary import Counts, count
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
