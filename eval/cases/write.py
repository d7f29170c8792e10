"""Cases into files: JSON Lines, JSON or CSV, in Footnote's layout or in RAGAS'."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from eval.cases.case import FIELDS, Case
from eval.cases.formats import RAGAS_COLUMNS, ragas_sample
from rag.errors import InvalidInput
from rag.files import write_whole

Written = Literal["cases", "ragas"]
WRITTEN: tuple[Written, ...] = get_args(Written)


def write_cases(cases: Sequence[Case], path: Path, layout: Written = "cases") -> None:
    """Write a file whole or not at all; its ending says how: .jsonl, .ndjson, .json or .csv, each maybe .gz.

    What is not known is left out. Reading it again gives the same cases. Raises InvalidInput
    `cases_unsupported` for another ending.
    """
    rows = [as_row(case) if layout == "cases" else ragas_sample(case) for case in cases]
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    makers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json, ".csv": _csv}
    if ending not in makers:
        raise InvalidInput(
            f"Cases are written as .jsonl, .json or .csv, not {ending or path.name}.",
            code="cases_unsupported",
        )
    data = makers[ending](rows).encode()
    write_whole(path, gzip.compress(data, mtime=0) if path.name.lower().endswith(".gz") else data)


def as_row(case: Case) -> dict[str, object]:
    """The JSON object that `parse_case` reads."""
    row: dict[str, object] = {
        "id": case.id,
        "question": case.question,
        "reference": case.reference,
        "relevant_sources": list(case.relevant_sources) if case.relevant_sources else None,
        "contexts": list(case.contexts) if case.contexts else None,
        "type": case.type,
        "answerable": case.answerable,
        "synthetic": case.synthetic or None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _json_lines(rows: Sequence[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _json(rows: Sequence[dict[str, object]]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


def _csv(rows: Sequence[dict[str, object]]) -> str:
    """Only columns that some row fills; lists are JSON, which both layouts read."""
    used = {key for row in rows for key in row}
    columns = [key for key in dict.fromkeys((*RAGAS_COLUMNS, *FIELDS)) if key in used]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
