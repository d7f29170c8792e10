"""Images of text (PNG, JPEG, TIFF, GIF, WebP, BMP) by OCR; every frame of a file is a page."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingest.parse.build import Builder
from ingest.parse.context import Context
from ingest.parse.failures import corrupt, empty, needs_ocr, too_large, truncated
from ingest.parse.ocr import LONGEST_SIDE, add_image, is_installed
from ingest.types import ParsedDocument

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
