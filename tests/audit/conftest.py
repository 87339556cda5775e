"""What the record's tests share: the worker they start as a process of its own, and a real PostgreSQL on loopback."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode puts no test folder on the path by itself

from postgres_server import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="postvagt-pg-") as name:
        Path(name).chmod(0o755)
        server = Postgres(Path(name))
        yield server
        server.stop("immediate")
