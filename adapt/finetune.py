"""`--full`: an encoder fine-tuned on the collection, exported and gated, but not switched to.

To use it the collection has to be embedded again, as its vectors are other vectors. The gate measures it
over the candidates that the present search finds, so it is rather too strict than too kind.
"""

from __future__ import annotations

import copy
import importlib.util
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from adapt.export import write_encoder
from adapt.gate import Scores, judge
from adapt.network import EncoderNet, blend, freeze_lower, load_backbone, load_tokenizer
from adapt.pools import first_rank, fused, gain, gather
from adapt.report import Verdict
from adapt.types import Asked, OnStage, Options, Pool
from adapt.weights import DEFAULT_WEIGHTS
from lab.recipes.encoder.projection import principal, token_vectors
from rag.errors import ModelError
from rag.index.replica import lexical_text
from rag.models.encoder import OnnxEncoder
from rag.models.late import maxsim
from rag.models.types import EncodedPassage, Encoder
from rag.search.config import DENSE_WEIGHT
from rag.service import Service
from rag.settings import LEXICAL_WEIGHT

_NEEDED = ("torch", "transformers", "onnx", "onnxscript")
_CANDIDATES = 40
_QUESTIONS = 100


def require_train() -> None:
    """Raises ModelError `extra_missing` where the encoder cannot be fine-tuned."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"Fine-tuning needs {', '.join(missing)}: install footnote-rag[train].", code="extra_missing"
        )


def tuned_encoder(
    service: Service,
    collection: str,
    asked: Sequence[Asked],
    options: Options,
    plain: Scores,
    on_stage: OnStage,
) -> tuple[Verdict, str]:
    """Fine-tune, export to DATA/encoders/COLLECTION-SEED, judge by held-out questions; how to switch.

    `plain` are plain fusion's scores of the held-out questions. Raises ModelError `extra_missing`.
    """
    require_train()
    from adapt.finetune import Tuning, tune
    from adapt.network import backbone_folder  # torch, from here on

    try:
        backbone = backbone_folder(None if options.backbone is None else str(options.backbone))
    except FileNotFoundError as error:
        raise ModelError(f"The encoder to start from is missing: {error}.", code="extra_missing") from error
    pairs = _pairs(service, [one for one in asked if one.part != "held"])
    out = service.settings.data / "encoders" / f"{collection}-{options.seed}"
    tune(backbone, pairs, out, options.seed, lambda n, of: on_stage("encoder", n, of), Tuning())
    held = [one for one in asked if one.part == "held"][:_QUESTIONS]
    verdict = _judged(service, collection, held, out, plain[: len(held)])
    how = "ingest into a new collection with" if verdict.accepted else "it is kept for a look, not for use:"
    return verdict, f"The fine-tuned encoder is not switched to: {how} FOOTNOTE_ENCODER={out}."


def _pairs(service: Service, asked: Sequence[Asked]) -> list[tuple[str, str]]:
    found = service.store.chunks.hydrate(sorted({min(one.keys) for one in asked}))
    return [(one.text, lexical_text(*found[min(one.keys)])) for one in asked if min(one.keys) in found]


def _judged(service: Service, collection: str, held: Sequence[Asked], folder: Path, plain: Scores) -> Verdict:
    pools = [_cut(pool) for pool in gather(service, collection, held)]
    tuned: Encoder = OnnxEncoder(str(folder), folder)
    passages = _encoded(service, tuned, sorted({key for pool in pools for key in pool.keys.tolist()}))
    again = [_rescored(pool, tuned, passages) for pool in pools]
    return judge("encoder", f"exported to {folder}", _scores(again), _scores(pools), plain)


def _cut(pool: Pool) -> Pool:
    """The best candidates of the present search: each has to be encoded again."""
    kept = np.sort(np.argsort(-fused(pool, LEXICAL_WEIGHT / DENSE_WEIGHT), kind="stable")[:_CANDIDATES])
    scores = (pool.dense[kept], pool.lexical[kept], pool.late[kept])
    return replace(pool, keys=pool.keys[kept], dense=scores[0], lexical=scores[1], late=scores[2])


def _encoded(service: Service, encoder: Encoder, keys: Sequence[int]) -> dict[int, EncodedPassage]:
    found = service.store.chunks.hydrate(keys)
    texts = [lexical_text(*each) for each in found.values()]
    return dict(zip(found, encoder.encode_passages(texts), strict=True))


def _rescored(pool: Pool, encoder: Encoder, passages: dict[int, EncodedPassage]) -> Pool:
    query = encoder.encode_queries([pool.asked.text])[0]
    own = [passages[key] for key in pool.keys.tolist()]
    dense = np.array([float(one.dense @ query.dense) for one in own], np.float32)
    if query.tokens is None:
        return replace(pool, query=query.dense, dense=dense)
    return replace(
        pool, query=query.dense, dense=dense, late=maxsim(query.tokens, [one.tokens or b"" for one in own])
    )


def _scores(pools: Sequence[Pool]) -> Scores:
    weights = DEFAULT_WEIGHTS
    ranks = [first_rank(pool, fused(pool, weights.lexical), weights.late, _CANDIDATES) for pool in pools]
    return np.array([gain(rank) for rank in ranks])


_SCALE = 20.0
_BUDGET = 4096
_POOLING = 2


@dataclass(frozen=True, slots=True)
class Tuning:
    """Passes over the pairs, pairs a batch, the highest rate, layers kept, share of the tuned weights."""

    epochs: int = 2
    batch: int = 24
    rate: float = 2e-5
    frozen_layers: int = 2
    share: float = 0.5
    dimension: int = 128
    question_tokens: int = 48
    passage_tokens: int = 160


Pair = tuple[str, str]
"""A question and the passage that answers it."""


def tune(
    backbone: Path,
    pairs: Sequence[Pair],
    out: Path,
    seed: int,
    on_step: Callable[[int, int], None],
    how: Tuning,
) -> None:
    """Fine-tune the backbone on the pairs and write a weights folder."""
    torch.manual_seed(seed)
    tokenizer = load_tokenizer(backbone)
    body = load_backbone(backbone)
    width = int(body.config.hidden_size)
    start = EncoderNet(body, torch.zeros(width, min(how.dimension, width)))
    net = copy.deepcopy(start)
    freeze_lower(net, min(how.frozen_layers, len(body.encoder.layer) - 1))
    train(net, tokenized(tokenizer, pairs, how), seed, on_step, how)
    mixed = EncoderNet(body, start.projection.detach()).eval()
    mixed.load_state_dict(blend(start.state_dict(), net.state_dict(), how.share))
    texts = [passage for _, passage in pairs[:200]]
    vectors = token_vectors(mixed.body, tokenizer, texts, how.passage_tokens)
    projection = principal(vectors, min(how.dimension, width))
    write_encoder(mixed.body, projection, backbone, out, _POOLING)


Row = list[int]


def tokenized(tokenizer: Tokenizer, pairs: Sequence[Pair], how: Tuning) -> list[tuple[Row, Row]]:
    """Token ids of each pair, cut to their longest."""
    sides = zip((how.question_tokens, how.passage_tokens), zip(*pairs, strict=True), strict=True)
    questions, passages = (
        [item.ids[: most - 1] + item.ids[-1:] for item in tokenizer.encode_batch(list(texts))]
        for most, texts in sides
    )
    return list(zip(questions, passages, strict=True))


def train(
    net: EncoderNet, rows: list[tuple[Row, Row]], seed: int, on_step: Callable[[int, int], None], how: Tuning
) -> None:
    """Train the body in place; `on_step` is told of each step and of how many there are."""
    trained = [parameter for parameter in net.body.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=how.rate, weight_decay=0.01)
    size = min(how.batch, len(rows))
    steps = how.epochs * (len(rows) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, how.rate, max(2, steps), pct_start=0.1)
    for step, chosen in enumerate(_batches(rows, size, steps, random.Random(seed)), start=1):
        loss = contrast(net, chosen)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step(step, steps)


def contrast(net: EncoderNet, rows: Sequence[tuple[Row, Row]]) -> torch.Tensor:
    """Cross entropy of each question's own passage among those of the batch."""
    questions, _ = net.encode([question for question, _ in rows], _BUDGET)
    passages, _ = net.encode([passage for _, passage in rows], _BUDGET)
    return functional.cross_entropy(_SCALE * questions @ passages.T, torch.arange(len(rows)))


def _batches(
    rows: list[tuple[Row, Row]], size: int, steps: int, dice: random.Random
) -> list[list[tuple[Row, Row]]]:
    found: list[list[tuple[Row, Row]]] = []
    while len(found) < steps:
        mixed = dice.sample(rows, len(rows))
        found += [mixed[start : start + size] for start in range(0, len(rows) - size + 1, size)]
    return found[:steps]
