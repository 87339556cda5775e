"""A peer's reply: what comes out again is what came in, and what is none is a fault, never a yes."""

from __future__ import annotations

import pytest

from gateway.mail.reply import Reply


@pytest.mark.parametrize(
    "wire",
    [
        b"250 2.0.0 ok\r\n",
        b"250-2.0.0 one\r\n250-\r\n250 2.0.0 three\r\n",
        b"250 \r\n",
        "550 5.7.1 må ikke\r\n".encode(),
        b"550 \xe6\ttab\r\n",
    ],
)
def test_a_reply_comes_out_as_it_came(wire: bytes) -> None:
    assert Reply.parse(wire).encode() == wire


@pytest.mark.parametrize("wire", [b"250\r\n", b"250 \n", b"250 \r\r\n"])
def test_line_ends_are_read_as_most_clients_read_them(wire: bytes) -> None:
    assert Reply.parse(wire) == Reply(250, "", "")


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"", "nothing"),
        (b"\r\n", "an empty line"),
        (b"250-yes\r\n550 no\r\n", "two codes: nobody knows which is meant"),
        (b"250ok\r\n", "no blank"),
        (b"25 ok\r\n", "two digits"),
        (b"2500 ok\r\n", "four digits"),
        (b"150 ok\r\n", "no such class"),
        (b"650 ok\r\n", "no such class"),
        (b"+50 ok\r\n", "no digits"),
        (b" 25 ok\r\n", "a blank before"),
        (b"250-one\r\n\r\n250 two\r\n", "an empty line within"),
        ("²50 ok\r\n".encode(), "a digit of Unicode"),
    ],
)
def test_what_is_no_reply_is_a_fault(wire: bytes, reason: str) -> None:
    with pytest.raises(ValueError):
        Reply.parse(wire)


def test_what_no_reply_may_hold_is_shown_as_a_question_mark() -> None:
    assert Reply.parse(b"550 no\r250 yes\x00\x1b[2J\r\n").text == "no?250 yes??[2J"
