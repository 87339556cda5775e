"""What all tests share: the shared corpora when they are there, and real peers from Debian's packages."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.detect.engine import keep_compiled
from gateway.shelf import Shelf

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
UNPACKED = ROOT / ".tools" / "debian" / "usr" / "sbin"
"""Where scripts/debian-unpacked lays out what Debian lets nobody install beside Postfix."""
COMPILED = ROOT / ".tools" / "compiled"
os.environ["CACHE_DIRECTORY"] = str(COMPILED)
"""Hundreds of gateways are started: the first compiles the words, the others load them."""
keep_compiled(Shelf(COMPILED))
IN_CI = os.environ.get("CI") == "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of a program that is not installed skips by its name; in CI it fails: nothing may go untested there."""
    for item in items:
        for mark in item.iter_markers("peer"):
            missing = [program for program in mark.args if not find_program(program)]
            if missing and not IN_CI:
                item.add_marker(pytest.mark.skip(reason=f"peer not installed: {', '.join(missing)}"))
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="../shared is not here"))


def find_program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin:{UNPACKED}")


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, for programs that give up root; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="postvagt-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of corpora and specimens beside the repository."""
    return SHARED
