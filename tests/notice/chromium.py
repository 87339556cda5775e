"""Chromium without a screen, for the tests that look at letters. Run as a program it draws the pictures of the README.

python tests/notice/chromium.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
ROOT = Path(__file__).resolve().parents[2]
README = ("kommune-da", "unknown-da", "unreadable-only-da")
WIDTH = 660
ASK_HEIGHT = "<script>onload = () => { document.title = document.documentElement.scrollHeight; };</script>"


def run_chromium(profile: Path, page: Path, *arguments: str) -> str:
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", *arguments, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def draw(name: str, html: str, folder: Path, width: int = WIDTH) -> Path:
    """A page as a picture of docs/pictures, just as high as it is."""
    page, picture = folder / "page.html", ROOT / "docs" / "pictures" / f"{name}.png"
    page.write_text(html.replace("</body>", f"{ASK_HEIGHT}</body>"), "utf-8")
    dom = run_chromium(folder / "profile", page, f"--window-size={width},200", "--dump-dom")
    found = re.search(r"<title>(\d+)</title>", dom)
    assert found
    page.write_text(html, "utf-8")
    run_chromium(folder / "profile", page, f"--window-size={width},{found[1]}", f"--screenshot={picture}")
    return picture


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from letters import LETTERS

    for name in README:
        with tempfile.TemporaryDirectory() as folder:
            print(draw(f"bounce-{name}", LETTERS[name].html, Path(folder)))


if __name__ == "__main__":
    main()
