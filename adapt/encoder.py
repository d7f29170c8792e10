"""`--full`: an encoder fine-tuned on the collection, exported and gated, but not switched to.

To use it the collection has to be embedded again, as its vectors are other vectors. The gate measures it
over the candidates that the present search finds, so it is rather too strict than too kind. torch is imported
when the fine-tuning begins, as the base install has none.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from adapt.candidates import first_rank, fused, gain, gather
from adapt.gate import Scores, judge
from adapt.report import Verdict
from adapt.types import Candidates, JudgedQuestion, OnStage, Options
from adapt.weights import DEFAULT_WEIGHTS
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
    questions: Sequence[JudgedQuestion],
    options: Options,
    plain: Scores,
    on_stage: OnStage,
) -> tuple[Verdict, str]:
    """Fine-tune, export to DATA/encoders/COLLECTION-SEED, judge by held-out questions; how to switch.

    `plain` are plain fusion's scores of the held-out questions. Raises ModelError `extra_missing`.
    """
    require_train()
    from adapt.finetune import TrainingOptions, tune
    from adapt.network import backbone_folder  # torch, from here on

    try:
        backbone = backbone_folder(None if options.backbone is None else str(options.backbone))
    except FileNotFoundError as error:
        raise ModelError(f"The encoder to start from is missing: {error}.", code="extra_missing") from error
    pairs = _pairs(service, [one for one in questions if one.split != "held"])
    out = service.settings.data / "encoders" / f"{collection}-{options.seed}"
    tune(backbone, pairs, out, options.seed, lambda n, of: on_stage("encoder", n, of), TrainingOptions())
    held = [one for one in questions if one.split == "held"][:_QUESTIONS]
    verdict = _judged(service, collection, held, out, plain[: len(held)])
    how = "ingest into a new collection with" if verdict.accepted else "it is kept for a look, not for use:"
    return verdict, f"The fine-tuned encoder is not switched to: {how} FOOTNOTE_ENCODER={out}."


def _pairs(service: Service, questions: Sequence[JudgedQuestion]) -> list[tuple[str, str]]:
    found = service.store.chunks.hydrate(sorted({min(one.keys) for one in questions}))
    return [(one.text, lexical_text(*found[min(one.keys)])) for one in questions if min(one.keys) in found]


def _judged(
    service: Service, collection: str, held: Sequence[JudgedQuestion], folder: Path, plain: Scores
) -> Verdict:
    candidate_lists = [_cut(candidates) for candidates in gather(service, collection, held)]
    tuned: Encoder = OnnxEncoder(str(folder), folder)
    passages = _encoded(
        service, tuned, sorted({key for candidates in candidate_lists for key in candidates.keys.tolist()})
    )
    again = [_rescored(candidates, tuned, passages) for candidates in candidate_lists]
    return judge("encoder", f"exported to {folder}", _scores(again), _scores(candidate_lists), plain)


def _cut(candidates: Candidates) -> Candidates:
    """The best candidates of the present search: each has to be encoded again."""
    kept = np.sort(np.argsort(-fused(candidates, LEXICAL_WEIGHT / DENSE_WEIGHT), kind="stable")[:_CANDIDATES])
    scores = (candidates.dense[kept], candidates.lexical[kept], candidates.late[kept])
    return replace(candidates, keys=candidates.keys[kept], dense=scores[0], lexical=scores[1], late=scores[2])


def _encoded(service: Service, encoder: Encoder, keys: Sequence[int]) -> dict[int, EncodedPassage]:
    found = service.store.chunks.hydrate(keys)
    texts = [lexical_text(*each) for each in found.values()]
    return dict(zip(found, encoder.encode_passages(texts), strict=True))


def _rescored(candidates: Candidates, encoder: Encoder, passages: dict[int, EncodedPassage]) -> Candidates:
    query = encoder.encode_queries([candidates.question.text])[0]
    own = [passages[key] for key in candidates.keys.tolist()]
    dense = np.array([float(one.dense @ query.dense) for one in own], np.float32)
    if query.tokens is None:
        return replace(candidates, query=query.dense, dense=dense)
    return replace(
        candidates,
        query=query.dense,
        dense=dense,
        late=maxsim(query.tokens, [one.tokens or b"" for one in own]),
    )


def _scores(candidate_lists: Sequence[Candidates]) -> Scores:
    weights = DEFAULT_WEIGHTS
    ranks = [
        first_rank(candidates, fused(candidates, weights.lexical), weights.late, _CANDIDATES)
        for candidates in candidate_lists
    ]
    return np.array([gain(rank) for rank in ranks])
