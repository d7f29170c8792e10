"""Programs outside that read what nothing here reads: LibreOffice and pandoc, when they are on the PATH.

Each runs in a folder of its own that is deleted afterwards, with the time that the file has, and without a
network where Linux lets an ordinary process give that up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from ingest.media_types import DOC, PPT
from ingest.parse.failures import corrupt, needs_libreoffice, timed_out
from ingest.parse.limits import Context
from ingest.parse.slides import parse_pptx
from ingest.parse.word import parse_docx
from ingest.types import ParsedDocument

_NO_NETWORK = ("unshare", "--user", "--net", "--map-root-user")
_PROFILE = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel"
 oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop
 oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""


def has_libreoffice() -> bool:
    """Whether `soffice` can be run."""
    return shutil.which("soffice") is not None


def libreoffice(content: bytes, suffix: str, target: str, context: Context) -> bytes:
    """A file of this suffix converted to `target` (docx, pptx), macros off.

    Raises ParseError `corrupt_file`, `parse_timeout`.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        given = Path(folder) / f"given.{suffix}"
        given.write_bytes(content)
        settings = Path(folder) / "profile" / "user"
        settings.mkdir(parents=True)
        (settings / "registrymodifications.xcu").write_text(_PROFILE)
        profile = f"-env:UserInstallation={settings.parent.as_uri()}"
        options = ("--headless", "--norestore", "--nolockcheck", "--convert-to", target, "--outdir", folder)
        output = _run(["soffice", profile, *options, str(given)], b"", folder, context)
        made = given.with_suffix(f".{target}")
        if not made.exists():
            raise corrupt(
                f".{suffix}",
                output.decode("utf-8", "replace").strip()[-200:] or "LibreOffice made nothing of it",
            )
        return made.read_bytes()


def pandoc(text: str, language: str, context: Context) -> str | None:
    """The text as Markdown; None when pandoc is not installed or does not read it."""
    if shutil.which("pandoc") is None:
        return None
    command = ["pandoc", "--sandbox", "--from", language, "--to", "gfm", "--wrap", "none"]
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        made = _run(command, text.encode("utf-8", "replace"), folder, context)
    return made.decode("utf-8", "replace") or None


def _run(command: list[str], given: bytes, folder: str, context: Context) -> bytes:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "SAL_USE_VCLPLUGIN": "svp",
    }
    try:
        done = subprocess.run(
            [*_prefix(), *command],
            input=given,
            capture_output=True,
            cwd=folder,
            env=environment,
            timeout=context.limits.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise timed_out(context.limits.timeout_s) from error
    return done.stdout


@lru_cache(maxsize=1)
def _prefix() -> tuple[str, ...]:
    """What takes the network from a program; nothing where that is not allowed."""
    if shutil.which(_NO_NETWORK[0]) is None:
        return ()
    tried = subprocess.run([*_NO_NETWORK, "true"], capture_output=True, check=False)
    return _NO_NETWORK if tried.returncode == 0 else ()


def parse_doc(content: bytes, source: str, context: Context) -> ParsedDocument:
    """As Word's newer format. Raises ParseError `needs_libreoffice`."""
    if not has_libreoffice():
        raise needs_libreoffice(DOC)
    return parse_docx(libreoffice(content, "doc", "docx", context), source, context)


def parse_ppt(content: bytes, source: str, context: Context) -> ParsedDocument:
    """As PowerPoint's newer format. Raises ParseError `needs_libreoffice`."""
    if not has_libreoffice():
        raise needs_libreoffice(PPT)
    return parse_pptx(libreoffice(content, "ppt", "pptx", context), source, context)
