"""docs/python.md says what the docstrings say, and its example runs."""

from __future__ import annotations

from tests.footnote.reference import DOCS, written


def test_the_reference_is_that_of_the_docstrings() -> None:
    assert DOCS.read_text() == written(), "python -m tests.footnote.reference writes it anew"
