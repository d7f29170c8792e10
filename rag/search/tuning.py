"""What was learned for one collection: fusion weights, a query adapter, whether the reader reranks.

The adapter is a low-rank residual on the query's dense vector, q' = normalise(q + q·down·up), after LoRA
(Hu et al. 2021, https://arxiv.org/abs/2106.09685) and the embedding adapters of retrieval practice. Passages
are left as they are, so nothing is embedded again.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np

from rag.errors import ModelError, NotFound
from rag.models.late import unit
from rag.models.types import Floats, ModelInfo
from rag.store import Store
from rag.types import Collection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class QueryAdapter:
    """`down` (dimension, rank) and `up` (rank, dimension) of the residual map."""

    down: Floats
    up: Floats

    def apply(self, vectors: Floats) -> Floats:
        """Unit vectors (n, dimension) to adapted unit vectors of the same shape."""
        return unit(np.asarray(vectors + (vectors @ self.down) @ self.up, np.float32))


@dataclass(frozen=True, slots=True)
class Tuning:
    """What differs from the defaults (see rag/search/config.py); None means the default."""

    dense_weight: float | None = None
    lexical_weight: float | None = None
    late_weight: float | None = None
    reader: bool | None = None
    adapter: QueryAdapter | None = None

    def to_json(self) -> str:
        """The form in which the store keeps it."""
        adapter = None if self.adapter is None else [_packed(self.adapter.down), _packed(self.adapter.up)]
        return json.dumps(
            {
                "dense_weight": self.dense_weight,
                "lexical_weight": self.lexical_weight,
                "late_weight": self.late_weight,
                "reader": self.reader,
                "adapter": adapter,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Tuning:
        """Read what `to_json` wrote. Raises ModelError `profile_invalid`."""
        try:
            found = json.loads(text)
            adapter = found["adapter"] and QueryAdapter(*(_unpacked(part) for part in found["adapter"]))
            dense, lexical, late = (_number(found[f"{name}_weight"]) for name in ("dense", "lexical", "late"))
            return cls(dense, lexical, late, found["reader"], adapter)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"The profile cannot be read: {error!r}.", code="profile_invalid") from error


DEFAULTS = Tuning()


class Tunings:
    """The tunings in force; each is read from the store once per version."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._read: dict[str, tuple[tuple[datetime, int, str, str], Tuning]] = {}

    def of(self, collection: Collection, encoder: ModelInfo) -> Tuning:
        """The collection's tuning, the defaults where there is none or it is of another encoder."""
        if not collection.profile:
            return DEFAULTS
        wanted = (collection.created_at, collection.profile, encoder.name, encoder.revision)
        known = self._read.get(collection.name)
        if known is not None and known[0] == wanted:
            return known[1]
        tuning = self._load(collection.name, collection.profile, encoder)
        with self._lock:
            self._read[collection.name] = (wanted, tuning)
        return tuning

    def _load(self, name: str, version: int, encoder: ModelInfo) -> Tuning:
        try:
            record = self._store.learned.get(name, version)
        except NotFound:  # deleted since the row was read
            return DEFAULTS
        note = stale(record.model, record.revision, encoder)
        if note:
            log.warning("collection %s, profile %d: %s", name, version, note)
            return DEFAULTS
        try:
            return Tuning.from_json(record.payload)
        except ModelError as error:  # a search with the defaults is better than none
            log.error("collection %s, profile %d: %s The defaults are used.", name, version, error.message)
            return DEFAULTS


def stale(model: str, revision: str, encoder: ModelInfo) -> str:
    """Why a profile made for this model is not applied with this encoder; empty when it is."""
    if (model, revision) == (encoder.name, encoder.revision):
        return ""
    return (
        f"It was made for {model} (revision {revision}), the encoder in use is {encoder.name} (revision "
        f"{encoder.revision}): the defaults are used. Adapt the collection again."
    )


def _packed(matrix: Floats) -> Mapping[str, object]:
    data = base64.b64encode(np.ascontiguousarray(matrix, "<f4").tobytes()).decode()
    return {"shape": list(matrix.shape), "float32": data}


def _unpacked(part: Mapping[str, object]) -> Floats:
    shape, data = part["shape"], part["float32"]
    if not isinstance(shape, list) or not isinstance(data, str):
        raise TypeError("an adapter's matrix")
    return np.frombuffer(base64.b64decode(data), "<f4").reshape(shape).astype(np.float32)


def _number(value: object) -> float | None:
    if value is None or isinstance(value, int | float):
        return None if value is None else float(value)
    raise TypeError(f"{value!r} is no weight")
