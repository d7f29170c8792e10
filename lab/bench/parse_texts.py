"""The texts of files, a line of JSON each: `python -m lab.bench.parse_texts {footnote|unstructured} FILE…`.

`unstructured` is what that library reads by itself, without this project's parsers; lab/bench/parsing.py sets
the two beside each other.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.media import media_type
from ingest.parse.offline import prepare
from ingest.parse.pool import ParserPool

Read = Callable[[Path], str]
NAMES = ("footnote", "unstructured")


def unstructured_text(path: Path) -> str:
    """The text of every element; raises what unstructured raises for what it cannot read."""
    prepare()
    from unstructured.partition.auto import partition

    elements = partition(filename=str(path), languages=[""])
    return "\n\n".join(str(element.text or "") for element in elements)


@contextmanager
def reader(name: str) -> Iterator[Read]:
    """A function from a file to its text."""
    if name == "unstructured":
        yield unstructured_text
        return
    with ParserPool() as pool:

        def read(path: Path) -> str:
            content = path.read_bytes()
            return pool.parse(path.name, media_type(path.name, content), content).text

        yield read


def line(read: Read, path: Path) -> str:
    """One file as JSON: `text` or `error`, and `seconds`."""
    started = time.perf_counter()
    try:
        found = {"text": read(path)}
    except Exception as error:  # noqa: BLE001  # parsers raise what they like; here that is a result
        found = {"error": f"{type(error).__name__}: {error}"[:300]}
    return json.dumps({"file": str(path), "seconds": round(time.perf_counter() - started, 3), **found})


def main(arguments: Sequence[str]) -> None:
    """Print a line for every file, in order."""
    name, *files = arguments
    with reader(name) as read:
        for file in files:
            print(line(read, Path(file)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
