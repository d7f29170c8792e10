"""Text of images by RapidOCR (PP-OCR on ONNX Runtime), whose models come with its package; extra `ocr`."""

from __future__ import annotations

import io
from functools import lru_cache
from importlib.util import find_spec
from statistics import median
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingest.parse.builder import Builder
from ingest.parse.failures import corrupt, empty, needs_ocr, too_large, truncated
from ingest.parse.limits import Context
from ingest.parse.reading_order import Box, regions, rows
from ingest.types import ParsedDocument

LONGEST_SIDE = 2000  # pixels, 170 to the inch for A4; what is finer gains nothing
_FIND_AT = 1280  # pixels at which lines are looked for; memory grows with the area
_SURE = 0.6  # least confidence of a line
_HEADING = 1.45  # times the usual height of a line
_GAP = 0.9  # heights of white between paragraphs
_LONGEST_HEADING = 120
_UPRIGHT = 2.0  # a box this much higher than wide is text that runs upwards, which is read as debris
_SETTINGS = {
    "Global.log_level": "critical",
    "Global.use_cls": False,
    "Global.max_side_len": LONGEST_SIDE,
    "Global.text_score": _SURE,
    "Det.limit_type": "max",
    "Det.limit_side_len": _FIND_AT,
    "Rec.rec_batch_num": 1,  # lines padded to the longest of six took a third more time and twice the memory
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class _Found(Protocol):
    boxes: NDArray[np.float32] | None
    txts: tuple[str, ...] | None


class _Engine(Protocol):
    def __call__(self, image: NDArray[np.uint8]) -> _Found: ...


def is_installed() -> bool:
    """Whether the extra `ocr` is there."""
    return find_spec("rapidocr") is not None


def add_image(image: Image.Image, builder: Builder, page: int) -> None:
    """Append what the image says as headings and paragraphs of this page.

    Raises ParseError `needs_ocr`.
    """
    for region in regions(_boxes(image)):
        _add(builder, rows(region), page)


def _boxes(image: Image.Image) -> list[Box]:
    if not is_installed():
        raise needs_ocr()
    image = image.convert("RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    found = _engine()(np.asarray(image)[:, :, ::-1])
    if found.boxes is None or found.txts is None:
        return []
    corners = np.asarray(found.boxes, float)
    low, high = corners.min(axis=1), corners.max(axis=1)
    boxes = [
        Box(text, float(a[0]), float(a[1]), float(b[0]), float(b[1]))
        for text, a, b in zip(found.txts, low, high, strict=True)
    ]
    return [box for box in boxes if len(box.text) < 3 or box.height < _UPRIGHT * (box.right - box.left)]


@lru_cache(maxsize=1)
def _engine() -> _Engine:
    from rapidocr import RapidOCR

    engine: _Engine = RapidOCR(params=_SETTINGS)
    return engine


def _add(builder: Builder, lines: list[Box], page: int) -> None:
    usual = median(line.height for line in lines) if lines else 0.0
    paragraph: list[Box] = []
    for line in lines:
        if paragraph and not _goes_on(paragraph[-1], line, usual):
            _end(builder, paragraph, usual, page)
            paragraph = []
        paragraph.append(line)
    if paragraph:
        _end(builder, paragraph, usual, page)


def _goes_on(above: Box, below: Box, usual: float) -> bool:
    tall = max(above.height, below.height) > _HEADING * min(above.height, below.height)
    return not tall and below.top - above.bottom < _GAP * usual


def _end(builder: Builder, lines: list[Box], usual: float, page: int) -> None:
    text = ""
    for line in lines:
        divided = text.endswith("-") and text[-2:-1].isalpha() and line.text[:1].islower()
        text = text[:-1] + line.text if divided else f"{text} {line.text}"
    heading = median(line.height for line in lines) > _HEADING * usual and len(text) < _LONGEST_HEADING
    builder.add("heading" if heading else "paragraph", text, level=2, page=page)


_MOST_PIXELS = 100_000_000  # 300 MiB as colours
_MOVING = ("GIF", "WEBP")  # frames of these are a film, not pages


def parse(content: bytes, source: str, context: Context) -> ParsedDocument:
    """The text of an image, page by page for a TIFF.

    Raises ParseError `needs_ocr`, `too_large`, `truncated_file`, `corrupt_file`, `empty_document`.
    """
    builder = Builder()
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    try:
        with Image.open(io.BytesIO(content)) as image:
            _check(image, context)
            for number, frame in enumerate(ImageSequence.Iterator(image), start=1):
                frame.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                add_image(ImageOps.exif_transpose(frame), builder, number)
                builder.end_page(number)
                context.alive()
                if image.format in _MOVING:
                    break
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_large(f"The image has more than {_MOST_PIXELS:,} pixels.") from error
    except UnidentifiedImageError as error:
        raise corrupt("an image", "its header is damaged") from error
    except OSError as error:
        if "truncated" in str(error).lower() or "unexpected end" in str(error).lower():
            raise truncated("an image") from error
        raise
    if not builder.length:
        raise empty("The image shows no text.")
    return builder.build()


def _check(image: Image.Image, context: Context) -> None:
    """What can be known before anything is decoded."""
    frames = getattr(image, "n_frames", 1)
    if image.width * image.height > _MOST_PIXELS:
        raise too_large(f"The image has {image.width * image.height:,} pixels, more than {_MOST_PIXELS:,}.")
    if frames > context.limits.pages and image.format not in _MOVING:
        raise too_large(f"The image has {frames} pages, more than {context.limits.pages} (parse_max_pages).")
    if not is_installed():
        image.load()  # a damaged file is one with OCR and without
        raise needs_ocr()
