"""Letters and dashes that some program read in the wrong charset: `fÃ¸dt 150322â€“6239` is *født 150322–6239*.

UTF-8 read as cp1252 (or as Latin-1, whose control characters no one sees), and sent on so. Only the few letters and
marks that matter are mended: what else looks so is left alone.
"""

from __future__ import annotations

import re

_MENDED = "æøåÆØÅéäöüÄÖÜ‐‑‒–—−\u00a0\u00ad\u200b\u2009\u202f"


def _spoiled() -> dict[str, str]:
    """How each of them looks when its bytes are read one by one."""
    spoiled: dict[str, str] = {}
    for character in _MENDED:
        data = character.encode()
        spoiled[data.decode("latin-1")] = character
        spoiled["".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in data)] = character
    spoiled["\u00c2 "] = " "  # a space that does not break, which lost its second byte on the way
    return spoiled


_SPOILED = _spoiled()
SIGNS = frozenset(spoiled[0] for spoiled in _SPOILED)
"""How every spoiled letter begins."""
_ANY = re.compile("|".join(map(re.escape, sorted(_SPOILED, key=len, reverse=True))))


def read_again(text: str) -> str:
    """The text with them as they were written."""
    return _ANY.sub(lambda match: _SPOILED[match[0]], text)
