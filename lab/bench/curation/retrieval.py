"""What curation does to search: `python -m lab.bench.curation.retrieval FOLDER… --out retrieval.json`.

Each BEIR folder goes to a real service twice: as it is, and with copies, reworded and misread copies of
some of its documents. Both are searched with everything flagged and with everything in quarantine; a document
that comes a second time in a ranking counts as one that is not relevant.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from eval.corpus import BeirFolder, CorpusDocument, load_beir
from eval.environment import machine
from eval.report.wording import table
from eval.retrieval import score_ranking
from eval.statistics import Interval, mean_interval, paired_difference
from lab.bench.curation.planting import misread, reworded
from lab.bench.retrieval import Variant, rank
from lab.bench.service import put_product
from rag.errors import RagError
from rag.files import write_whole
from rag.service import Service, open_service
from rag.settings import Settings
from rag.types import CurationPolicy, Query

COLLECTION = "curated"
DEPTH = 100
MEASURE = "nDCG@10"
VARIANTS: tuple[Variant, ...] = ("convex", "late")
COPY = "copy of "
HELD = CurationPolicy(
    low_quality="quarantine",
    boilerplate="quarantine",
    exact_duplicate="quarantine",
    near_duplicate="quarantine",
)
"""Secrets, personal data and languages stay flagged: these sets have none that would matter."""


@dataclass(frozen=True, slots=True)
class PolicyScores:
    """One variant on one corpus: nDCG@10 with flags and with quarantine, and the difference by query."""

    folder: str
    corpus: str
    variant: Variant
    chunks: int
    quarantined: Mapping[str, int]
    flagged: float
    held: float
    difference: Interval


def compare(folder: BeirFolder, seed: int) -> list[PolicyScores]:
    """Both corpora of a folder under both policies."""
    planted = [*folder.documents, *_copies(folder.documents, Random(seed))]
    return [*_compare(folder, "as it is", folder.documents), *_compare(folder, "with copies", planted)]


def _copies(documents: Sequence[CorpusDocument], random: Random) -> list[CorpusDocument]:
    """Of ten documents two are copied, one with a few other words, one misread."""
    words = sorted({word for one in documents for word in one.text.split() if word.isalpha()})
    chosen = random.sample(list(documents), 4 * len(documents) // 10)
    made = []
    for place, one in enumerate(chosen):
        text = one.text
        if place % 4 == 2:
            text = reworded(text, 0.02, words, random)
        elif place % 4 == 3:
            text = misread(text, 0.2, random)
        made.append(CorpusDocument(COPY + one.id, one.title, text))
    return made


def _compare(folder: BeirFolder, corpus: str, documents: Sequence[CorpusDocument]) -> list[PolicyScores]:
    with tempfile.TemporaryDirectory(prefix="footnote-curation-") as data:
        settings = Settings(data=Path(data), reader_candidates=0)
        put_product(settings.data, COLLECTION, documents)
        with closing(open_service(settings)) as service:
            flagged = {variant: _scores(folder, service, variant) for variant in VARIANTS}
            chunks = service.store.collections.get(COLLECTION).chunks
            service.store.curation.set_policy(COLLECTION, HELD)
            held = {variant: _scores(folder, service, variant) for variant in VARIANTS}
            quarantined = _reasons(service)
    return [
        PolicyScores(
            folder.name,
            corpus,
            variant,
            chunks,
            quarantined,
            mean_interval(flagged[variant]).mean,
            mean_interval(held[variant]).mean,
            paired_difference(held[variant], flagged[variant]),
        )
        for variant in VARIANTS
    ]


def _scores(folder: BeirFolder, service: Service, variant: Variant) -> list[float]:
    service.indexes.catch_up(COLLECTION)
    ranking = {
        query: count_once(rank(variant, service, Query(text, COLLECTION, DEPTH)))
        for query, text in folder.queries.items()
    }
    found = score_ranking(folder.qrels, ranking, (MEASURE,))[MEASURE]
    return [found[query] for query in sorted(found)]


def count_once(sources: Sequence[str]) -> list[str]:
    """A document under its own name the first time, whichever of its copies that is; then as another one."""
    seen: set[str] = set()
    ranked = []
    for source in sources:
        original = source.removeprefix(COPY)
        ranked.append(f"again {source}" if original in seen else original)
        seen.add(original)
    return ranked


def _reasons(service: Service) -> dict[str, int]:
    return dict(Counter(one.reason for one in service.store.quarantine.every(COLLECTION)))


def markdown(found: Sequence[PolicyScores]) -> str:
    """A line per folder, corpus and variant."""
    rows = [
        [
            f"{one.folder}, {one.corpus}",
            one.variant,
            str(one.chunks),
            str(sum(one.quarantined.values())),
            f"{one.flagged:.3f}",
            f"{one.held:.3f}",
            f"{one.difference.mean:+.3f} ({one.difference.low:+.3f} – {one.difference.high:+.3f})",
        ]
        for one in found
    ]
    header = [MEASURE, "ranking", "chunks", "in quarantine", "flag", "quarantine", "difference"]
    return table(header, rows)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after an error that it names."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.curation.retrieval", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to write everything as JSON")
    given = parser.parse_args(argv)
    try:
        found = [one for path in given.folders for one in compare(load_beir(path), given.seed)]
    except RagError as error:
        print(f"error: {error.message} ({error.code})", file=sys.stderr)
        return 1
    print(markdown(found))
    if given.out:
        whole = {"machine": machine(), "compared": [asdict(one) for one in found]}
        write_whole(given.out, json.dumps(whole, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
