"""A real Chromium, in which a page is laid out at some width and measured."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
"""Debian's packages chromium-headless-shell or chromium; None where there is none."""

# The page lies in a frame in which no script runs; all that is folded away is unfolded before measuring.
MEASURING = """
const frame = document.querySelector("iframe");
frame.onload = () => {
  const page = frame.contentDocument, wide = page.documentElement.clientWidth, found = {};
  page.querySelectorAll("details").forEach(one => { one.open = true; });
  const seen = one => { const box = one.getBoundingClientRect(); return box.width > 1 && box.height > 1; };
  const scrolls = one => {
    const holder = one.closest(".scroll, pre, .hidden, thead");
    return holder && (!holder.matches(".scroll") || holder.scrollWidth > holder.clientWidth + 1);
  };
  const name = one => `${one.tagName}.${one.getAttribute("class")}: ${one.textContent.slice(0, 60)}`;
  const all = [...page.body.querySelectorAll("*")].filter(seen);
  found.styled = getComputedStyle(page.body).marginTop === "0px";
  found.width = wide;
  found.scroll = page.documentElement.scrollWidth;
  found.outside = all.filter(one => !scrolls(one)).filter(one => {
    const box = one.getBoundingClientRect();
    return box.right > wide + 1 || box.left < -1;
  }).map(name);
  found.inside = [...page.querySelectorAll(".scroll")]
    .filter(one => one.scrollWidth > one.clientWidth + 1).map(name);
  found.overlaps = [...page.querySelectorAll("svg.chart")].flatMap(chart => {
    const texts = [...chart.querySelectorAll("text")].map(one => [one, one.getBoundingClientRect()]);
    return texts.flatMap(([one, a], n) => texts.slice(n + 1).filter(([, b]) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
    ).map(([other]) => `${one.textContent} | ${other.textContent}`));
  });
  found.narrow = all.filter(one => one.matches("th, td, p, li, caption, dd, dt") && !scrolls(one))
    .filter(one => one.textContent.trim().length > 12 && one.getBoundingClientRect().width < 40).map(name);
  found.spilling = all.filter(one => one.matches("th, td, p, li, caption, dd, dt, h1, h3"))
    .filter(one => !scrolls(one.parentElement) && one.clientWidth > 0)
    .filter(one => one.scrollWidth > one.clientWidth + 1).map(name);
  document.querySelector("pre").textContent = JSON.stringify(found);
};
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """`styled` is whether the style took effect, `scroll` how wide the page is laid out in a window that is
    `width` wide. `outside` names what sticks out of it, `inside` the tables that scroll within themselves,
    `overlaps` texts of charts that are written over one another, `narrow` texts in columns of a few letters,
    `spilling` texts too wide for their place.
    """

    styled: bool
    width: int
    scroll: int
    outside: list[str]
    inside: list[str]
    overlaps: list[str]
    narrow: list[str]
    spilling: list[str]


def measured(page: str, width: int, folder: Path) -> Measured:
    """Lay the page out in a window of `width` pixels, scripts off."""
    assert CHROMIUM
    frame = f'<iframe sandbox="allow-same-origin" width="{width}" height="900" style="border:0" srcdoc="'
    holder = folder / f"measure-{width}.html"
    script = f"<pre></pre><script>{MEASURING}</script>"
    holder.write_text(f'<!doctype html><meta charset="utf-8">{frame}{escape(page)}"></iframe>{script}')
    flags = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,1000", "--headless"]
    command = [CHROMIUM, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom", holder.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=_environment())
    told = re.findall(r"<pre>(\{.*?\})</pre>", done.stdout, flags=re.DOTALL)
    return Measured(**json.loads(unescape(told[-1])))


def _environment() -> dict[str, str]:
    return {**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
