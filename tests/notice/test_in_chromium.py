"""The letters in a real browser engine: on a phone and on a desk, in light and in dark.

All letters are frames of one page; each frame measures itself and tells the page, which prints what it heard.
Pictures stay in tests/artefacts/notices/.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import run_chromium
from letters import LETTERS

PHONE, DESK = 360, 1280
SHOWN = ("several-kinds-da", "unreadable-only-da", "split-en", "alert-da", "digest-da", "page-da", "page-en")
THEMES = {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}
ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts" / "notices"

Measured = tuple[str, list[dict[str, Any]]]

MEASURE = """
<script>
function channel(value) { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; }
function light([r, g, b]) { return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); }
function numbers(colour) {
  const found = colour.match(/[0-9.]+/g).map(Number);
  return found.length < 4 ? [...found, 1] : found;
}
function ground(element) {
  for (; element; element = element.parentElement) {
    const colour = numbers(getComputedStyle(element).backgroundColor);
    if (colour[3] > 0) return colour;
  }
  return null;
}
function contrast(element) {
  const under = ground(element);
  if (!under) return 0;
  const lights = [light(numbers(getComputedStyle(element).color)), light(under)].sort((a, b) => b - a);
  return (lights[0] + 0.05) / (lights[1] + 0.05);
}
addEventListener("load", () => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = 99, smallest = 99, dark = null;
  for (let node; (node = walker.nextNode());) {
    if (!node.data.trim()) continue;
    lowest = Math.min(lowest, contrast(node.parentElement));
    smallest = Math.min(smallest, parseFloat(getComputedStyle(node.parentElement).fontSize));
  }
  const root = document.documentElement;
  parent.postMessage({
    name: window.name,
    too_wide: Math.max(root.scrollWidth, document.body.scrollWidth) - innerWidth,
    height: root.scrollHeight,
    contrast: lowest,
    font: smallest,
    ground: light(numbers(getComputedStyle(document.body).backgroundColor)),
  }, "*");
});
</script>
"""
LISTEN = """
<script>
const heard = [];
addEventListener("message", (event) => {
  heard.push(event.data);
  document.getElementById("heard").textContent = JSON.stringify(heard);
});
</script>
"""


def frames(width: int) -> Iterator[str]:
    for name, letter in LETTERS.items():
        source = html.escape(letter.html.replace("</body>", f"{MEASURE}</body>"), quote=True)
        yield f'<iframe name="{name}@{width}" width="{width}" height="400" srcdoc="{source}"></iframe>'


@pytest.fixture(scope="module", params=THEMES)
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """What every letter measures in one theme, at both widths."""
    folder = tmp_path_factory.mktemp("chromium")
    page = folder / "all.html"
    bodies = "".join((*frames(PHONE), *frames(DESK)))
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8">{LISTEN}<pre id="heard"></pre>{bodies}', "utf-8")
    dom = run_chromium(folder / "profile", page, *THEMES[request.param], "--virtual-time-budget=5000", "--dump-dom")
    found = re.search(r'<pre id="heard">(.*?)</pre>', dom, re.S)
    assert found
    return request.param, json.loads(html.unescape(found[1]))


@pytest.mark.peer("chromium")
def test_every_letter_was_measured(measured: Measured) -> None:
    _, letters = measured
    assert {each["name"] for each in letters} == {f"{name}@{width}" for name in LETTERS for width in (PHONE, DESK)}


@pytest.mark.peer("chromium")
def test_nothing_is_wider_than_the_screen(measured: Measured) -> None:
    """A phone never scrolls sideways."""
    _, letters = measured
    assert [each["name"] for each in letters if each["too_wide"] > 0] == []


@pytest.mark.peer("chromium")
def test_contrast(measured: Measured) -> None:
    """WCAG 2.1 AA, 1.4.3: 4.5 to 1 for every word, links included, in both themes."""
    _, letters = measured
    assert [(each["name"], each["contrast"]) for each in letters if each["contrast"] < 4.5] == []


@pytest.mark.peer("chromium")
def test_letters_are_large_enough(measured: Measured) -> None:
    _, letters = measured
    assert min(each["font"] for each in letters) >= 14


@pytest.mark.peer("chromium")
def test_dark_is_dark(measured: Measured) -> None:
    """The page follows the reader's theme: its ground is dark in dark mode and light otherwise."""
    theme, letters = measured
    assert {each["ground"] < 0.1 for each in letters} == {theme == "dark"}


@pytest.mark.peer("chromium")
@pytest.mark.parametrize("theme", THEMES)
def test_pictures(theme: str, tmp_path: Path) -> None:
    """A picture of the chosen letters, phone and desk side by side, kept for people to look at."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page = tmp_path / "pictures.html"
    rows = "".join(
        f'<div><iframe width="{width}" height="1700" style="border:0;margin:8px" '
        f'srcdoc="{html.escape(LETTERS[name].html, quote=True)}"></iframe></div>'
        for name in SHOWN
        for width in (PHONE, 700)
    )
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><div style="display:flex;background:#888">{rows}</div>', "utf-8"
    )
    picture = ARTEFACTS / f"letters-{theme}.png"
    width = len(SHOWN) * (PHONE + 700 + 32) + 16
    size = f"--window-size={width},1720"
    run_chromium(tmp_path / "profile", page, *THEMES[theme], size, f"--screenshot={picture}")
    assert picture.read_bytes().startswith(b"\x89PNG")
