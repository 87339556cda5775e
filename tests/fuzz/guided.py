#!/usr/bin/env python3
"""Fuzzing led by coverage, with atheris: dialogues of every kind, and the parsers beside them.

    python tests/fuzz/guided.py -max_total_time=600 [FOLDER FOR WHAT IT LEARNS] tests/fuzz/seeds

atheris is not among the locked dependencies: `make fuzz-guided` makes an environment of its own for it.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(include=["gateway"]):
    from support.fed_dialogue import held

    from gateway.mail.reply import Reply
    from gateway.smtp import forwarded, proxied

KINDS = (
    {},
    {"is_lmtp": True},
    {"needs_login": True, "offers_tls": True},
    {"takes_xforward": True},
)


def one_input(data: bytes) -> None:
    """The first byte says which dialogue or parser gets the rest."""
    which, rest = data[:1], data[1:]
    kind = which[0] % 8 if which else 0
    if kind < len(KINDS):
        held(rest, **KINDS[kind])
    elif kind == 4:
        with contextlib.suppress(proxied.BadProxyHeader):
            proxied.parse_v1(b"PROXY " + rest)
    elif kind == 5 and len(rest) > 2:
        with contextlib.suppress(proxied.BadProxyHeader):
            proxied.parse_v2(rest[0], rest[1], rest[2:])
    elif kind == 6:
        with contextlib.suppress(ValueError):
            Reply.parse(rest).encode()
    else:
        forwarded.decoded(rest)


def main() -> None:
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
