"""What a recipient could read, as text with where it stands; and what could not be read, with why.

`read` reads everything here and now. `plan` reads the cheap parts and names the risky ones, which the sandbox reads
in a process of its own. Pure: bytes in, values out; sandbox.py alone knows processes and clocks.
"""

from __future__ import annotations

from gateway.extract.budget import Budget
from gateway.extract.cells import placed
from gateway.extract.formats import RISKY
from gateway.extract.walk import Risky, Walk
from gateway.mail.fragment import Extraction
from gateway.mail.message import Message

__all__ = ["Budget", "Risky", "Walk", "placed", "plan", "read"]


def read(message: Message, budget: Budget) -> Extraction:
    """Everything the message carries, read in this process."""
    walk = Walk(budget)
    walk.message(message)
    return Extraction(tuple(walk.fragments), tuple(walk.unreadable))


def plan(message: Message, budget: Budget) -> Walk:
    """The cheap parts read, the risky ones put aside in `Walk.risky`."""
    walk = Walk(budget, defer=RISKY)
    walk.message(message)
    return walk
