"""Readers lent out one message at a time, so that slow messages never hold all of them.

All but one are lent for as long as a message may take. The last one is lent in a hurry: whoever holds it longer than
`patience` gives it up as soon as somebody waits, and comes back for one of the others. So a small document waits for
a slow one at most that long, however many slow ones there are. Impure: it knows locks, and is told the time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from gateway.extract.nursery import Nursery, Reader


@dataclass(slots=True)
class Loan:
    """A reader in somebody's hands. `reader` is None until it is started, and again after it was killed."""

    reader: Reader | None
    is_hurried: bool


class Lending:
    """The readers of one kind. With a single one there is no other to come back for, and nobody is hurried."""

    def __init__(self, nursery: Nursery, count: int, patience: float) -> None:
        self.nursery = nursery
        self.patience = patience
        self._unhurried_left = max(1, count - 1)
        self._left = count
        self._idle: list[Reader] = []
        self._waiting = 0
        self._changed = threading.Condition()

    @property
    def unhurried(self) -> int:
        """How many readers are lent for as long as it takes."""
        return self._unhurried_left

    def borrow(self, *, may_be_hurried: bool = True) -> Loan:
        """The next free reader; waits for it. The one lent last comes first: its memory is still warm."""
        with self._changed:
            self._waiting += may_be_hurried
            self._changed.wait_for(lambda: self._left and (self._unhurried_left or may_be_hurried))
            self._waiting -= may_be_hurried
            self._left -= 1
            is_hurried = not self._unhurried_left
            self._unhurried_left -= not is_hurried
            return Loan(self._idle.pop() if self._idle else None, is_hurried)

    def give_back(self, loan: Loan) -> None:
        """A reader that can be lent again, or the place of one that is gone."""
        with self._changed:
            self._left += 1
            self._unhurried_left += not loan.is_hurried
            if loan.reader:
                self._idle.append(loan.reader)
            self._changed.notify_all()

    def may_keep(self, loan: Loan) -> bool:
        """Whether a message that used up its patience may go on: nobody waits, or there is room among the slow."""
        with self._changed:
            if loan.is_hurried and self._unhurried_left:
                self._unhurried_left -= 1
                loan.is_hurried = False
            return not (loan.is_hurried and self._waiting)

    def close(self) -> None:
        """Kills the readers that are not lent."""
        with self._changed:
            for reader in self._idle:
                reader.kill()
            self._idle.clear()
