"""What a client that comes again is answered: the same reply, as much of it as is kept, and once."""

from __future__ import annotations

import pytest

from gateway.mail.address import Address
from gateway.mail.envelope import Client, Envelope, Path
from gateway.mail.reply import Reply
from gateway.smtp.memory import Answers

ENVELOPE = Envelope(Path(Address(b"a@lavuk.dk")), (Path(Address(b"b@example.org")),), Client("192.0.2.1"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2.0.0 taken as 4711", "2.0.0 taken as 4711"),
        ("one\ntwo", "one\ntwo"),
        ("x" * 300, "x" * 216),
        ("first\n" + "x" * 300, "first"),
        ("\n".join(["y" * 60] * 10), "y" * 60),
    ],
)
def test_a_long_answer_is_still_an_answer(text: str, kept: str) -> None:
    answers = Answers(b"k" * 32, 60)
    identity = answers.identity(ENVELOPE, b"content")
    answers.remember(identity, Reply(250, "", text))
    recalled = answers.recall(identity)
    assert recalled is not None
    assert (recalled.code, recalled.text[: len(kept)]) == (250, kept)
    assert answers.recall(identity) is None
