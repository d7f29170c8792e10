"""Cells of a CSV as the values that JSON would have."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping

from eval.cases.case import invalid

_NAMES = ("relevant_sources", "source")
"""Lists whose parts may also be parted by `|`."""
_LISTS = (*_NAMES, "contexts")
_PRINTED = ("reference_contexts", "reference_context_ids")
"""Lists that RAGAS writes as Python prints them."""
_FLAGS = ("answerable", "synthetic")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def values(row: Mapping[str, object], where: str) -> dict[str, object]:
    """The filled cells; an empty one means not known. Raises InvalidInput `cases_invalid`."""
    filled = {key: cell for key, cell in row.items() if isinstance(cell, str) and cell.strip()}
    return {key: _value(key, cell, where) for key, cell in filled.items()}


def _value(key: str, cell: str, where: str) -> object:
    if key in _FLAGS:
        return _flag(key, cell.strip().lower(), where)
    if cell.lstrip().startswith("[") and key in (*_LISTS, *_PRINTED):
        return _list(key, cell, where)
    if key in _LISTS:
        return [part.strip() for part in cell.split("|")] if key in _NAMES else [cell]
    return cell


def _flag(key: str, cell: str, where: str) -> bool:
    if cell not in (*_TRUE, *_FALSE):
        raise invalid(f"{where}: {key} must be true or false, not {cell!r}.")
    return cell in _TRUE


def _list(key: str, cell: str, where: str) -> object:
    try:
        return json.loads(cell)
    except json.JSONDecodeError as error:
        if key not in _PRINTED:
            raise invalid(f"{where}: {key} is not a JSON list ({error.msg}).") from error
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise invalid(f"{where}: {key} is not a list.") from error
