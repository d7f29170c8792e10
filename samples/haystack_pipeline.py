"""Footnote inside a Haystack pipeline of one's own: samples/haystack_pipeline.yaml, asked one question.

    python samples/haystack_pipeline.py

reads samples/handbook into ./footnote-data, which the YAML names, and answers. The LLM is Haystack's mock of
one: its second sentence is made up, and the checker drops it.
"""

from __future__ import annotations

from pathlib import Path

from footnote import Footnote
from footnote.haystack import TRUSTED

from haystack import Pipeline  # isort: skip  # after footnote.haystack, which turns its telemetry off

HERE = Path(__file__).parent


def main() -> None:
    """Ingest, load, run, print the answer and its footnotes."""
    with Footnote("footnote-data", collection="handbook") as footnote:
        footnote.ingest(HERE / "handbook")
    pipeline = Pipeline.loads((HERE / "haystack_pipeline.yaml").read_text(), allowed_modules=TRUSTED)
    answer = pipeline.run({"query": "What do dogs cost?"})["checker"]["answers"][0]
    print(answer.data)
    for citation in answer.meta["citations"]:
        print(f"[{citation['marker']}] {citation['source']}: {citation['quote']}")


if __name__ == "__main__":
    main()
