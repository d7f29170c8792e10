"""How much of a document's text its parser finds: `python -m lab.bench.parsing DOCUMENTS EXPECTED`.

EXPECTED holds Markdown for some files of DOCUMENTS, each under the file's path with `.md` behind it. Recall
is the share of the expected words that are found in order: the longest common subsequence of the words of
both texts over the expected words; precision is the same over the words found. Words are runs of letters and
digits without regard to case; markup, addresses of links and image marks are no words. The first folder of a
path is its format; figures are means over files, and a file that a parser cannot read counts 0.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.environment import machine, require
from ingest.media_types import media_type
from ingest.parse.pool import ParserPool
from ingest.parse.unstructured_elements import prepare

Reading = tuple[str, str, float]
"""Text, error (empty when there is none) and seconds of one file."""
ReadAll = Callable[[Sequence[Path]], list[Reading]]

ReadOne = Callable[[Path], str]

OWN = ("footnote", "unstructured")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
_WORD = re.compile(r"[^\W_]+")
_TEXTS = "--texts"  # first word of the command that a process of its own reads with
_TIMEOUT_S = 120.0  # for a file by a command


@dataclass(frozen=True, slots=True)
class Score:
    """One file by one parser: shares from 0 to 1, the time it took, and why it could not be read."""

    format: str
    file: str
    parser: str
    recall: float
    precision: float
    seconds: float
    error: str = ""


def words(text: str) -> list[str]:
    """The words of a text, or of Markdown."""
    text = _LINK.sub(r"\1 ", _COMMENT.sub(" ", text))
    text = unicodedata.normalize("NFKC", html.unescape(text.replace("\\", ""))).casefold()
    return _WORD.findall(text)


def overlap(expected: Sequence[str], found: Sequence[str]) -> tuple[float, float]:
    """Recall and precision of the words found, in order; both 1 where nothing is expected or found."""
    require("rapidfuzz")
    from rapidfuzz.distance import LCSseq

    common = LCSseq.similarity(expected, found)
    return common / len(expected) if expected else 1.0, common / len(found) if found else float(not expected)


def measure(documents: Path, expected: Path, parsers: Mapping[str, ReadAll]) -> list[Score]:
    """Every file with an expectation by every parser."""
    wanted = {
        path.relative_to(expected).as_posix().removesuffix(".md"): words(path.read_text(encoding="utf-8"))
        for path in sorted(expected.rglob("*.md"))
    }
    scores = []
    for name, read in parsers.items():
        readings = read([documents / file for file in wanted])
        for (file, wants), reading in zip(wanted.items(), readings, strict=True):
            scores.append(_score(file, name, wants, reading))
    return scores


def _score(file: str, name: str, wanted: Sequence[str], reading: Reading) -> Score:
    text, error, seconds = reading
    recall, precision = (0.0, 0.0) if error else overlap(wanted, words(text))
    return Score(file.split("/")[0], file, name, recall, precision, seconds, error)


def format_table(scores: Sequence[Score]) -> str:
    """Mean recall (precision) per format and parser as Markdown; the last row is the mean over formats."""
    parsers = list(dict.fromkeys(score.parser for score in scores))
    formats = list(dict.fromkeys(score.format for score in scores))
    lines = ["| format | files | " + " | ".join(parsers) + " |", "|---|--:|" + "--:|" * len(parsers)]
    means: dict[str, list[tuple[float, float]]] = {name: [] for name in parsers}
    for kind in formats:
        cells = []
        for name in parsers:
            chosen = [each for each in scores if each.format == kind and each.parser == name]
            means[name].append((_mean([s.recall for s in chosen]), _mean([s.precision for s in chosen])))
            cells.append(_cell(*means[name][-1]))
        lines.append(f"| {kind} | {len(chosen)} | {' | '.join(cells)} |")
    overall = [_cell(_mean([r for r, _ in means[n]]), _mean([p for _, p in means[n]])) for n in parsers]
    return "\n".join([*lines, f"| mean of formats | {len(scores) // len(parsers)} | {' | '.join(overall)} |"])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _cell(recall: float, precision: float) -> str:
    return f"{recall:.3f} ({precision:.3f})"


def own(name: str) -> ReadAll:
    """Footnote's parsers, or unstructured by itself, in one process of their own."""

    def read(paths: Sequence[Path]) -> list[Reading]:
        command = [sys.executable, "-m", "lab.bench.parsing", _TEXTS, name, *map(str, paths)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"file"')]
        return [(line.get("text", ""), line.get("error", ""), line["seconds"]) for line in lines]

    return read


def unstructured_text(path: Path) -> str:
    """The text of every element; raises what unstructured raises for what it cannot read."""
    prepare()
    from unstructured.partition.auto import partition

    elements = partition(filename=str(path), languages=[""])
    return "\n\n".join(str(element.text or "") for element in elements)


@contextmanager
def open_reader(name: str) -> Iterator[ReadOne]:
    """A function from a file to its text: Footnote's parsers, or what unstructured reads by itself."""
    if name == "unstructured":
        yield unstructured_text
        return
    with ParserPool() as pool:

        def read(path: Path) -> str:
            content = path.read_bytes()
            return pool.parse(path.name, media_type(path.name, content), content).text

        yield read


def text_line(read: ReadOne, path: Path) -> str:
    """One file as JSON: `text` or `error`, and `seconds`."""
    started = time.perf_counter()
    try:
        result = {"text": read(path)}
    except Exception as error:  # noqa: BLE001  # parsers raise what they like; here that is a result
        result = {"error": f"{type(error).__name__}: {error}"[:300]}
    return json.dumps({"file": str(path), "seconds": round(time.perf_counter() - started, 3), **result})


def print_texts(name: str, files: Sequence[str]) -> None:
    """Print a line for every file, in order: what the process that `own` starts does."""
    with open_reader(name) as read:
        for file in files:
            print(text_line(read, Path(file)), flush=True)


def by_command(command: str) -> ReadAll:
    """Another parser: `COMMAND FILE` prints the text; its seconds hold the start of the program."""

    def read(paths: Sequence[Path]) -> list[Reading]:
        return [_run([*command.split(), str(path)]) for path in paths]

    return read


def _run(command: Sequence[str]) -> Reading:
    started = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        return "", f"{type(error).__name__}: {error}"[:300], round(time.perf_counter() - started, 3)
    return done.stdout.decode("utf-8", "replace"), "", round(time.perf_counter() - started, 3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write every file's figures with `--out`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", type=Path)
    parser.add_argument("expected", type=Path)
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="another parser: COMMAND FILE prints the text, e.g. markitdown=/opt/venv/bin/markitdown",
    )
    parser.add_argument("--out", type=Path, help="JSON with every file's figures")
    given = parser.parse_args(arguments)
    others = dict(other.split("=", 1) for other in given.others)
    readers = {name: own(name) for name in OWN}
    readers |= {name: by_command(command) for name, command in others.items()}
    scores = measure(given.documents, given.expected, readers)
    print(format_table(scores))
    if given.out:
        values = {"machine": machine(), "scores": [asdict(score) for score in scores]}
        given.out.write_text(json.dumps(values, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    if sys.argv[1:2] == [_TEXTS]:
        print_texts(sys.argv[2], sys.argv[3:])
    else:
        main()
