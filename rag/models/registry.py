"""From a model's name to a loaded model: a shipped name, a weights folder, or a sentence-transformers name
or folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rag.errors import ModelError
from rag.models.checker import OnnxChecker, wanted_encoder
from rag.models.comparing import ComparingChecker
from rag.models.config import read_config
from rag.models.encoder import OnnxEncoder
from rag.models.ranking import UNFITTED, RelevanceWeights, TextRanker
from rag.models.reader import OnnxReader
from rag.models.runtime import RuntimeOptions, has_dot_products
from rag.models.static import StaticEncoder, is_static
from rag.models.types import Checker, Encoder, ModelInfo, Reader, Role
from rag.settings import Settings

SHIPPED = {
    "footnote-encoder": "encoder",
    "footnote-edge": "edge",
    "footnote-reader": "reader",
    "footnote-checker": "checker",
}
ENCODERS = ("footnote-encoder", "footnote-edge")


def weights_folder(settings: Settings) -> Path:
    """Where the shipped models lie: the setting `weights`, else the package's own folder."""
    return settings.weights or Path(__file__).parent / "weights"


def model_folder(name: str, settings: Settings) -> Path | None:
    """The weights folder behind a name, or None when the name can only be a sentence-transformers model.

    Raises ModelError `model_not_found` when a shipped name has no weights.
    """
    folder = weights_folder(settings) / SHIPPED[name] if name in SHIPPED else Path(name)
    if (folder / "config.json").is_file() and (
        (folder / "model.onnx").is_file() or is_static(read_config(folder))
    ):
        return folder
    if name in SHIPPED:
        raise ModelError(
            f"The weights of {name} are missing: {folder} holds no model.", code="model_not_found"
        )
    return None


def options_of(settings: Settings) -> RuntimeOptions:
    """How models run under these settings."""
    return RuntimeOptions(threads=settings.threads, precision=settings.precision)


def reader_options(settings: Settings) -> RuntimeOptions:
    """Like `options_of`, but unless the arithmetic was set, int8 where that is fast: nothing that a reader
    computes is kept, so a score may depend a little on the passages beside.
    """
    options = options_of(settings)
    chosen = "precision" in settings.model_fields_set
    return options if chosen or not has_dot_products() else replace(options, precision="int8")


def checked_folder(name: str, role: Role, settings: Settings) -> Path | None:
    """`model_folder`, refusing a folder whose model has another role (ModelError `model_invalid`)."""
    folder = model_folder(name, settings)
    if folder is not None and read_config(folder).role != role:
        raise ModelError(f"{name} is a {read_config(folder).role}, not a {role}.", code="model_invalid")
    return folder


def load_encoder(name: str, settings: Settings) -> Encoder:
    """The encoder of that name; sessions open at the first use. Raises ModelError when it is missing or
    broken.
    """
    folder = checked_folder(name, "encoder", settings)
    if folder is not None and is_static(read_config(folder)):
        return StaticEncoder(name, folder)
    if folder is not None:
        return OnnxEncoder(name, folder, options_of(settings))
    from rag.models.torch import TorchEncoder

    return TorchEncoder(name)


def load_ranker(name: str, settings: Settings) -> TextRanker:
    """What orders texts that no collection holds: the encoder of that name, in int8 where it has such a
    graph. Nothing of it is kept, so a vector may depend a little on its batch. Raises as `load_encoder`.
    """
    folder = checked_folder(name, "encoder", settings)
    if folder is None:
        return TextRanker(load_encoder(name, settings), UNFITTED)
    encoder = load_encoder(name, settings.model_copy(update={"precision": "int8"}))
    config = read_config(folder)
    fitted = "relevance_weights" in config.values
    return TextRanker(encoder, RelevanceWeights(*config.floats("relevance_weights")) if fitted else UNFITTED)


def load_reader(name: str, settings: Settings) -> Reader:
    """The reader of that name; a cross-encoder ranks but finds no spans. Raises ModelError as above."""
    folder = checked_folder(name, "reader", settings)
    if folder is not None:
        return OnnxReader(name, folder, reader_options(settings))
    from rag.models.torch import TorchReader

    return TorchReader(name)


def load_checker(name: str, settings: Settings, encoder: Encoder | None = None) -> Checker:
    """The checker of that name; `encoder` saves it a second copy where it is the one that it wants.

    Raises ModelError `model_not_found` when it is no weights folder.
    """
    folder = checked_folder(name, "checker", settings)
    if folder is None:
        raise ModelError(f"{name} is neither a shipped checker nor a weights folder.", code="model_not_found")
    net = OnnxChecker(name, folder, options_of(settings), _encoder_for(folder, settings, encoder))
    return ComparingChecker(net)


def _encoder_for(checker: Path, settings: Settings, encoder: Encoder | None) -> Encoder | None:
    """The encoder that a checker's folder asks for: the one at hand, or else the shipped one."""
    wanted, shipped = wanted_encoder(read_config(checker)), weights_folder(settings) / "encoder"
    if wanted is None or (encoder is not None and encoder.info.revision == wanted):
        return encoder
    return OnnxEncoder("footnote-encoder", shipped, options_of(settings)) if shipped.is_dir() else None


def describe(settings: Settings) -> list[ModelInfo]:
    """The models in use, in the order encoder, reader, checker, without loading a session."""
    return [
        load_encoder(settings.encoder, settings).info,
        load_reader(settings.reader, settings).info,
        load_checker(settings.checker, settings).info,
    ]
