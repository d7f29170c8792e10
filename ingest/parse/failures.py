"""Why a file cannot be read, each reason with its own code and a text that says what to do."""

from __future__ import annotations

from rag.errors import ParseError

_LIBREOFFICE = {
    "application/msword": ("Word 97-2003", "docx"),
    "application/vnd.ms-powerpoint": ("PowerPoint 97-2003", "pptx"),
    "application/vnd.oasis.opendocument.text": ("OpenDocument", "docx"),
    "application/vnd.oasis.opendocument.presentation": ("OpenDocument", "pptx"),
    "application/vnd.oasis.opendocument.spreadsheet": ("OpenDocument", "xlsx"),
}
_PANDOC = {"application/rtf": "RTF", "application/epub+zip": "EPUB"}


def unsupported(media_type: str) -> ParseError:
    """No parser for this media type; the message names the tool that makes the file readable, if any."""
    if media_type in _LIBREOFFICE:
        name, target = _LIBREOFFICE[media_type]
        command = f"soffice --headless --convert-to {target} FILE"
        return _convertible(name, "LibreOffice", command, "needs_libreoffice")
    if media_type in _PANDOC:
        return _convertible(_PANDOC[media_type], "pandoc", "pandoc FILE -o FILE.md", "needs_pandoc")
    return ParseError(f"There is no parser for {media_type}.", code="unsupported_format")


def _convertible(name: str, tool: str, command: str, code: str) -> ParseError:
    return ParseError(f"{name} files are not read directly. Convert it with {tool}: {command}", code=code)


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
    """The file is not what it says, or is damaged."""
    return ParseError(f"The file cannot be read as {media_type}: {reason}", code="corrupt_file")


def too_large(reason: str) -> ParseError:
    """A limit of size, pages or characters was passed."""
    return ParseError(reason, code="too_large")


def timed_out(seconds: float) -> ParseError:
    """The parser was stopped by the clock."""
    return ParseError(f"The parser did not finish within {seconds:g} seconds.", code="parse_timeout")


def out_of_memory(megabytes: int) -> ParseError:
    """The parser was stopped by its memory limit."""
    return ParseError(f"The parser needed more than {megabytes} MiB of memory.", code="parse_out_of_memory")


def crashed(how: str) -> ParseError:
    """The parser process died, or failed in a way that says nothing about the file."""
    return ParseError(f"The parser crashed ({how}).", code="parser_crashed")
