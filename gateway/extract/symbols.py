"""Letters of symbol fonts: programs keep them as F020 to F07E of Unicode's private part, F031 for the figure one."""

from __future__ import annotations

_FIRST, _LAST, _BASE = 0xF020, 0xF07E, 0xF000
IN_UTF_8 = b"\xef\x80"
"""How the figures among them begin in UTF-8; no other character of an ordinary text does."""

_OF_MARKUP = "<>&\"'"
PLAIN = {code: chr(code - _BASE) for code in range(_FIRST, _LAST + 1) if chr(code - _BASE) not in _OF_MARKUP}


def plain(text: str) -> str:
    """The text with these letters as what they show; none becomes a mark of a markup."""
    return text.translate(PLAIN)


def character(code: int) -> str:
    """What the code of a symbol shows; nothing when it is a letter or figure of no kind."""
    code -= _BASE if code >= _BASE else 0
    return chr(code) if _FIRST - _BASE <= code <= _LAST - _BASE else ""
