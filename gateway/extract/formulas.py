"""Formulas whose result a workbook does not hold: programs that write workbooks leave it to Excel.

Only those that put texts and cells together, which is how a number is made of two columns:
`=TEXT(A2,"000000")&"-"&TEXT(B2,"0000")`, `=CONCATENATE(A2;"-";B2)`. Any other is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<name>(?:_xlfn\.)?(?:TEXT|TEKST|CONCATENATE|SAMMENKÆDNING|CONCAT|SAMMENKÆD))\("""
    r"""|\$?(?P<column>[A-Z]{1,3})\$?(?P<row>[0-9]{1,7})|(?P<mark>[&,;()]))""",
    re.I,
)
_DEEPEST = 20
_LONGEST = 1000

Shown = Callable[[str, str], str]
"""How a value looks in a number format."""


class NotText(Exception):
    """A formula that does more than to put texts together."""


def result(formula: str, cells: Mapping[str, str], shown: Shown) -> str:
    """What the formula gives; empty when it is of another kind. cells: the values by their names (`B7`)."""
    if len(formula) > _LONGEST:
        return ""
    try:
        reader = _Reader(formula, cells, shown)
        text = reader.joined(0)
        return text if reader.is_at_end else ""
    except NotText:
        return ""


class _Reader:
    """Reads a formula from left to right."""

    def __init__(self, formula: str, cells: Mapping[str, str], shown: Shown) -> None:
        self._tokens = list(_tokens(formula))
        self._at = 0
        self._cells = cells
        self._shown = shown

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._tokens)

    def joined(self, depth: int) -> str:
        """Operands with `&` between them."""
        if depth > _DEEPEST:
            raise NotText
        pieces = [self._operand(depth)]
        while self._takes("&"):
            pieces.append(self._operand(depth))
        return "".join(pieces)

    def _operand(self, depth: int) -> str:
        if self.is_at_end:
            raise NotText
        token = self._tokens[self._at]
        self._at += 1
        if token["text"] is not None:
            return token["text"][1:-1].replace('""', '"')
        if token["column"] is not None:
            return self._cells.get(f"{token['column'].upper()}{token['row']}", "")
        if token["name"] is None:
            raise NotText
        arguments = [self.joined(depth + 1)]
        while self._takes(",") or self._takes(";"):
            arguments.append(self.joined(depth + 1))
        if not self._takes(")"):
            raise NotText
        if token["name"].upper() in ("TEXT", "TEKST"):
            return self._shown(*arguments) if len(arguments) == 2 else ""
        return "".join(arguments)

    def _takes(self, mark: str) -> bool:
        if self.is_at_end or self._tokens[self._at]["mark"] != mark:
            return False
        self._at += 1
        return True


def _tokens(formula: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(formula):
        token = _TOKEN.match(formula, at)
        if token is None:
            raise NotText
        yield token
        at = token.end()
