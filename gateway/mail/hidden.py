"""A value that must never be printed: found numbers and matched text travel inside this."""

from __future__ import annotations


class Hidden:
    """Holds a string that only `reveal()` gives back; every way of printing it shows dots.

    Equality and hash work, so distinct numbers can be counted without anyone reading them.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. For keyed hashes and comparisons only, never for a log, a reply or a notice."""
        return self._value

    def __repr__(self) -> str:
        return "•••"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type[Hidden], tuple[str]]:
        return Hidden, (self._value,)
