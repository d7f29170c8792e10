"""Parsing never reaches for the network, not even to load a sentence splitter or to report its use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.ingest.making import HANDBOOK, picture, saved

CODE = """
import socket, sys, urllib.request
from pathlib import Path

def refuse(*args, **kwargs):
    raise SystemExit(f"reached for the network: {args}")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = urllib.request.urlopen = refuse

from ingest.media_types import media_type
from ingest.parse.child import answer
from ingest.parse.messages import Request, decode_answer

for path in sorted(Path(sys.argv[1]).iterdir()):
    content = path.read_bytes()
    kind = media_type(path.name, content)
    assert decode_answer(answer(Request(path.name, kind), content)).text, path
print("read", flush=True)
"""


def read_offline(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout.endswith("read\n"), done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_sample_is_read_without_a_network() -> None:
    assert "Thank you for using Unstructured" not in read_offline(HANDBOOK)


def test_ocr_brings_its_models_along(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(saved(picture("Words"), "PNG"))
    read_offline(tmp_path)
