"""The page at /: small, self-contained, and calling only what the API has."""

from __future__ import annotations

import re
from pathlib import Path

from api.http.app import create_app
from rag.settings import Settings

WEB = Path(__file__).resolve().parents[2] / "api" / "web"


def test_page_is_small() -> None:
    assert sum(len(path.read_text().splitlines()) for path in WEB.iterdir()) < 500


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    html = (WEB / "index.html").read_text()
    assert set(re.findall(r'(?:src|href)="([^"]+)"', html)) == {
        "/static/app.js",
        "/static/style.css",
        "data:,",
    }
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", html)
    assert "http" not in (WEB / "style.css").read_text()
    assert "innerHTML" not in (WEB / "app.js").read_text()


def test_every_element_that_the_script_asks_for_is_there() -> None:
    html, script = (WEB / "index.html").read_text(), (WEB / "app.js").read_text()
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', script)) | set(re.findall(r'onSubmit\("([\w-]+)"', script))
    assert wanted <= set(re.findall(r'id="([\w-]+)"', html))


def test_every_call_of_the_script_is_a_route(tmp_path: Path) -> None:
    paths = create_app(Settings(data=tmp_path)).openapi()["paths"]
    patterns = [re.compile(re.sub(r"\{\w+\}", r"[^/]+", path) + "$") for path in paths]
    calls = re.findall(r'["`](/v1/[^"`?]*)["`?]', (WEB / "app.js").read_text())
    tails = re.findall(r'collectionPath\("([^"]*)"\)', (WEB / "app.js").read_text())
    assert len(calls) > 4
    for call in [*calls, *(f"/v1/collections/x{tail}" for tail in tails)]:
        filled = re.sub(r"\$\{encodeURIComponent\(.*?\)\}\$\{tail\}", "x", call)
        filled = re.sub(r"\$\{.*?\}+\)?\}?", "x", filled)
        assert any(pattern.match(filled) for pattern in patterns), call
