"""A run for people and for programs: one HTML file, Markdown, JSON."""

from eval.report.as_html import to_html
from eval.report.json import comparison_from_json, from_json, to_json
from eval.report.markdown import to_markdown

__all__ = ["comparison_from_json", "from_json", "to_html", "to_json", "to_markdown"]
