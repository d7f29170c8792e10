"""A backbone of a few thousand weights and a data folder of a few dozen rows: recipes run end to end in
seconds.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from rag.models.registry import weights_folder
from rag.settings import Settings

TOWNS = ("Arden", "Belmont", "Corwen", "Dunmore", "Elmira", "Farley", "Gosport", "Hadley", "Ilkley", "Jarrow")


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer BERT with the shipped tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("backbone")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = BertConfig(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    shutil.copyfile(weights_folder(Settings()) / "encoder" / "tokenizer.json", folder / "tokenizer.json")
    return folder


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def qa_row(number: int, split: str, source: str = "qed_nq") -> dict[str, object]:
    town, year = f"{TOWNS[number % 10]} {number}", 1500 + number
    context = f"{town} is a small town on the river. Its bridge was built in {year} by the guild of masons."
    return {
        "source": source,
        "split": split,
        "title": town,
        "question": f"when was the bridge of {town} built",
        "context": context,
        "answers": [{"text": str(year), "start": context.index(str(year))}],
    }


def claim_row(number: int, split: str, label: str) -> dict[str, object]:
    town, year = TOWNS[number % 10], 1500 + number
    said = year if label == "entailment" else year + 7
    return {
        "claim": f"The bridge of {town} {number} was built in {said}.",
        "evidence": [
            f"{town} {number} lies on the river.",
            f"Its bridge was built in {year}.",
            "Fish are sold there.",
        ],
        "supporting_sentences": [[1]],
        "label": label,
        "group": f"{town} {number}",
        "split": split,
        "source": "fever_eraser",
    }


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """qa/, nli/ and ground/ with the shapes of the real sets, planted leaks among them."""
    folder = tmp_path_factory.mktemp("data")
    dev = [qa_row(n, "dev") for n in range(200, 210)]
    leaked = {
        **qa_row(200, "nq-dev"),
        "source": "nq_open_oracle",
        "context": "Another text of 1700.",
        "answers": [],
    }
    leaked["answers"] = [{"text": "1700", "start": 16}]
    both = {**qa_row(3, "dev"), "question": "which year saw the bridge"}
    write_rows(folder / "qa" / "qed_nq.jsonl.gz", [qa_row(n, "train") for n in range(120)] + dev + [both])
    write_rows(folder / "qa" / "nq_open_oracle.jsonl.gz", [leaked, qa_row(300, "nq-dev", "nq_open_oracle")])
    labels = ("entailment", "contradiction")
    ground = [claim_row(n, "val", labels[n % 2]) for n in range(120)]
    write_rows(folder / "ground" / "fever_eraser.jsonl.gz", ground)
    kinds = [("entailment", "dev"), ("neutral", "dev"), ("contradiction", "test")]
    nli = [
        {"premise": f"A man number {n} walks a dog.", "hypothesis": f"A person {n} is outside.", "label":
        label,
         "split": split, "source": "snli"}
        for n, (label, split) in enumerate(kinds * 20)
    ]  # fmt: skip
    write_rows(folder / "nli" / "snli_devtest.jsonl.gz", nli)
    copies = [{"premise": r["evidence"][1], "hypothesis": r["claim"], "label": "entailment", "split": "dev",
               "source": "fever_dev"} for r in ground]  # fmt: skip
    write_rows(folder / "nli" / "fever_dev.jsonl.gz", copies)
    return folder
