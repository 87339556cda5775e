"""Where something stands in a message, in words a person understands; never a file name.

A place is a path of steps from the outside in: `attachment:csv 2 › text`. In English for records and `scan --json`;
the notice has the Danish words for the same steps.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One step inwards: what kind of thing, of which format, and which one when there are several.

    kind: `subject`, `text`, `html`, `header`, `filename`, `attachment`, and inside documents `sheet`, `table`, …
    format: for an attachment its format as read from the content (`csv`, `docx`, `eml`, …), for a header its name, for
    a cell of a sheet or table where it is (`B7`).
    number: 1 for the first; 0 when there is nothing to count.
    """

    kind: str
    format: str = ""
    number: int = 0

    def __str__(self) -> str:
        if self.kind == "cell":
            return f"cell {self.format}"
        words = f"{self.kind}:{self.format}" if self.format else self.kind
        return f"{words} {self.number}" if self.number else words


class Place(NamedTuple):
    """A path of steps. `str()` is the `where` of the contracts and of the audit record."""

    steps: tuple[Step, ...]

    def inside(self, *steps: Step) -> Place:
        return Place(self.steps + steps)

    @property
    def outermost(self) -> Step:
        return self.steps[0]

    def __str__(self) -> str:
        return " › ".join(str(step) for step in self.steps)


SUBJECT = Place((Step("subject"),))
TEXT = Place((Step("text"),))
HTML = Place((Step("html"),))
FILENAME = Place((Step("filename"),))


def header(name: str) -> Place:
    return Place((Step("header", name.lower()),))


def attachment(format: str, number: int) -> Place:
    return Place((Step("attachment", format, number),))
