"""Why a file cannot be read, each reason with its own code and a text that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.types import ParsedDocument
from rag.errors import ParseError
from rag.types import Metadata

_LIBREOFFICE = {
    "application/msword": ("Word 97-2003", "docx"),
    "application/vnd.ms-powerpoint": ("PowerPoint 97-2003", "pptx"),
}

_MOST = 100


def unsupported(media_type: str) -> ParseError:
    """No parser for this media type."""
    return ParseError(f"There is no parser for {media_type}.", code="unsupported_format")


def needs_libreoffice(media_type: str) -> ParseError:
    """Only LibreOffice reads this format, and it is not here."""
    name, target = _LIBREOFFICE[media_type]
    return ParseError(
        f"{name} files are read by way of LibreOffice, which is not installed. Install it, or convert the "
        f"file with it elsewhere: soffice --headless --convert-to {target} FILE",
        code="needs_libreoffice",
    )


def needs_ocr() -> ParseError:
    """Images of text, and nothing installed that reads them."""
    return ParseError(
        "The file holds images and no text. Reading them takes OCR: pip install 'footnote-rag[ocr]'",
        code="needs_ocr",
    )


def empty(what: str = "The file holds no text.") -> ParseError:
    """Nothing to index."""
    return ParseError(what, code="empty_document")


def password_protected() -> ParseError:
    """The content is encrypted."""
    return ParseError(
        "The file is protected by a password. Save a copy without one.", code="password_protected"
    )


def encrypted_message() -> ParseError:
    """The body of a message is encrypted."""
    return ParseError("The message is encrypted. Save a decrypted copy.", code="password_protected")


def corrupt(media_type: str, reason: str) -> ParseError:
    """The file is damaged."""
    return ParseError(f"The file cannot be read as {media_type}: {reason}", code="corrupt_file")


def truncated(media_type: str) -> ParseError:
    """The file begins as it should, and its end is missing."""
    return ParseError(
        f"The file begins as {media_type} and ends too early. Copy or download it again.",
        code="truncated_file",
    )


def mislabelled() -> ParseError:
    """The name promises a format that the content is not, nor anything else that is known."""
    return ParseError(
        "The content is not what the file's name says, nor any other format that can be read.",
        code="mislabelled_file",
    )


def too_large(reason: str) -> ParseError:
    """A limit of size, pages or characters was passed."""
    return ParseError(reason, code="too_large")


def unpacks_too_far(packed: int, unpacked: int) -> ParseError:
    """So much out of so little is no document."""
    return ParseError(
        f"{packed:,} bytes unpack to {unpacked:,} or more: no document does that. Remove the file.",
        code="archive_bomb",
    )


def too_many_members(most: int) -> ParseError:
    """More files than one document can be made of."""
    return ParseError(
        f"The archive holds more than {most:,} files. Unpack it and ingest the folder.", code="too_large"
    )


def too_deep(most: int) -> ParseError:
    """Archives in archives in archives."""
    return ParseError(
        f"Archives stand inside each other more than {most} deep. Unpack the outer ones.",
        code="archive_too_deep",
    )


def unsafe_path(name: str) -> ParseError:
    """A member whose name leads out of the archive."""
    return ParseError(f"{name!r} leads out of the archive.", code="archive_unsafe_path")


def link(name: str) -> ParseError:
    """A member that is no file: a link or a device."""
    return ParseError(f"{name!r} is a link or a device.", code="archive_link")


def nothing_readable(reasons: str) -> ParseError:
    """Every member of an archive failed."""
    return ParseError(f"No file in the archive can be read: {reasons}", code="archive_unreadable")


def timed_out(seconds: float) -> ParseError:
    """The parser was stopped by the clock."""
    return ParseError(f"The parser did not finish within {seconds:g} seconds.", code="parse_timeout")


def out_of_memory(megabytes: int) -> ParseError:
    """The parser was stopped by its memory limit."""
    return ParseError(f"The parser needed more than {megabytes} MiB of memory.", code="parse_out_of_memory")


def crashed(how: str) -> ParseError:
    """The parser process died, or failed in a way that says nothing about the file."""
    return ParseError(f"The parser crashed ({how}).", code="parser_crashed")


def unread_metadata(unread: Sequence[str]) -> Metadata:
    """The metadata `unread`: `part: code` each; nothing when everything was read."""
    if len(unread) > _MOST:
        unread = [*unread[:_MOST], f"and {len(unread) - _MOST} more"]
    return {"unread": list(unread)} if unread else {}


def unread_of(document: ParsedDocument, part: str) -> list[str]:
    """What is unread in a document that becomes a part of another, under the part's name."""
    inner = document.metadata.get("unread", ())
    return [] if isinstance(inner, str | int | float) else [f"{part}, {each}" for each in inner]
