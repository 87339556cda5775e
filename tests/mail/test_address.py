"""Addresses that are none: too long, or heaped with marks."""

from __future__ import annotations

import pytest

from gateway.mail.address import LONGEST, Address, a_label, composed, masked_numbers

HEAP = "a" + "\u0301\u0323" * LONGEST


def test_a_heap_of_marks_stays_as_it_is() -> None:
    """Composing it takes the square of its height: half a megabyte in a header would take minutes."""
    assert composed(HEAP) == HEAP
    assert a_label(HEAP) == HEAP
    assert Address.of(HEAP + "@example.org").raw == (HEAP + "@example.org").encode()
    assert Address.of(HEAP + "@example.org").key.endswith("@example.org")


def test_what_an_address_may_be_is_composed() -> None:
    assert composed("a\u030a") == "\u00e5"
    assert a_label("ko\u0308benhavn.dk") == "xn--kbenhavn-n4a.dk"


@pytest.mark.parametrize("digits", ["0707614285", "\uff10\uff17\uff10\uff17\uff16\uff11\uff14\uff12\uff18\uff15"])
def test_no_number_shows_in_a_long_one(digits: str) -> None:
    assert digits not in masked_numbers("x" * LONGEST + digits)
    assert digits not in masked_numbers("x" + digits)
