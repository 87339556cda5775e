"""A PostgreSQL server for one measurement, from Debian's packages, as the tests start it; gone afterwards."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "audit"))

from postgres_server import Postgres


@contextmanager
def own_postgres(wanted: bool) -> Iterator[str]:
    """The address of an empty database in it; empty when none is wanted."""
    if not wanted:
        yield ""
        return
    if not list(Path("/usr/lib/postgresql").glob("*/bin")):
        sys.exit("there is no PostgreSQL here: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="postvagt-bench-") as name:
        Path(name).chmod(0o755)
        server = Postgres(Path(name))
        try:
            yield server.new_database()
        finally:
            server.stop("immediate")
