"""The message as a view over its bytes: fields, authors, names, parts, whatever their state."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import headers, transfer
from gateway.mail.message import Message, header_fits


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        pytest.param(b"Tur", "Tur", id="plain"),
        pytest.param(b"=?utf-8?q?Sm=C3=B8rebr=C3=B8d?=", "Smørebrød", id="q encoded word"),
        pytest.param(b"=?utf-8?B?U23DuHI=?=", "Smør", id="b encoded word"),
        pytest.param(b"=?utf-8?B?U23DuHI?=", "Smør", id="b without its padding"),
        pytest.param(b"=?utf-8?q?0707?= =?utf-8?q?61-4285?=", "070761-4285", id="space between two words goes"),
        pytest.param(b"=?utf-8?q?0707?==?utf-8?q?61-4285?=", "070761-4285", id="no space between two words"),
        pytest.param(b"=?utf-8?q?S=C3?= =?utf-8?q?=B8r?=", "Sør", id="a letter split over two words"),
        pytest.param(b"=?iso-8859-1?q?=E6?= =?utf-8?q?=C3=B8?=", "æø", id="two charsets side by side"),
        pytest.param(b"=?iso-8859-1*da?q?=E6?=", "æ", id="language behind the charset, rfc2231#5"),
        pytest.param(b"=?x-none?q?070761=2D4285?=", "070761-4285", id="unknown charset"),
        pytest.param(b"=?utf-8?q?070761-4285", "070761-4285", id="never closed"),
        pytest.param(b"=?utf-8?q?070761 4285?=", "070761 4285", id="a space inside the word"),
        pytest.param(b"=?utf-16?b?MAA3AA==?=", "07", id="utf-16 without a mark"),
        pytest.param("Smør".encode(), "Smør", id="raw utf-8"),
        pytest.param("Smør".encode("cp1252"), "Smør", id="raw cp1252"),
    ],
)
def test_the_subject_is_what_a_person_reads(raw: bytes, want: str) -> None:
    assert Message(b"Subject: " + raw + b"\r\n\r\n").subject == want


@pytest.mark.parametrize(
    ("field", "want"),
    [
        pytest.param(b"From: a@lavuk.dk", [b"a@lavuk.dk"], id="bare"),
        pytest.param(b"From: A <a@lavuk.dk>", [b"a@lavuk.dk"], id="angles"),
        pytest.param(b'From: "b@kk.dk" <a@lavuk.dk>', [b"a@lavuk.dk"], id="a quoted name is no address"),
        pytest.param(b"From: b@kk.dk <a@lavuk.dk>", [b"a@lavuk.dk", b"b@kk.dk"], id="an unquoted one may be"),
        pytest.param(b"From: a@lavuk.dk, B <b@kk.dk>", [b"b@kk.dk", b"a@lavuk.dk"], id="two"),
        pytest.param(b"From: a@lavuk.dk\r\nFrom: b@kk.dk", [b"a@lavuk.dk", b"b@kk.dk"], id="two fields"),
        pytest.param(b"From: a@lavuk.dk\r\nSender: b@kk.dk", [b"a@lavuk.dk", b"b@kk.dk"], id="sender too"),
        pytest.param(b"From: A <a@lavuk.dk", [b"a@lavuk.dk"], id="angle never closed"),
        pytest.param(b"From: Hold: a@lavuk.dk, b@kk.dk;", [b"a@lavuk.dk", b"b@kk.dk"], id="a group"),
        pytest.param(b"From: =?utf-8?q?a=40lavuk.dk?=", [b"a@lavuk.dk"], id="an encoded word that hides it"),
        pytest.param(b"From: =?utf-8?q?J=C3=B8rn?= <a@lavuk.dk>", [b"a@lavuk.dk"], id="an encoded name"),
        pytest.param(b'From: "a b"@lavuk.dk', [b'"a b"@lavuk.dk'], id="a quoted local part"),
        pytest.param(b"From: A (b@kk.dk) <a@lavuk.dk>", [b"a@lavuk.dk"], id="a comment is no address"),
        pytest.param(b"From: <@x.dk:a@lavuk.dk>", [b"a@lavuk.dk"], id="a route"),
        pytest.param("From: ø@lavuk.dk".encode(), ["ø@lavuk.dk".encode()], id="utf-8"),
        pytest.param(b"From : a@lavuk.dk", [b"a@lavuk.dk"], id="space before the colon"),
        pytest.param(b"From:\r\n a@lavuk.dk", [b"a@lavuk.dk"], id="folded"),
        pytest.param(b"To: a@lavuk.dk", [], id="none"),
    ],
)
def test_the_authors_are_every_address_of_from_and_sender(field: bytes, want: list[bytes]) -> None:
    got = [address.raw for address in Message(field + b"\r\n\r\nHej").authors]
    assert sorted(got) == sorted(want)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param(b"a/b; name=x.txt", ["x.txt"], id="bare"),
        pytest.param(b'a/b; name="x y.txt"', ["x y.txt"], id="quoted"),
        pytest.param(b"a/b; name=x y.txt", ["x y.txt"], id="spaces though not quoted"),
        pytest.param(b'a/b; name="x;y.txt"; z=1', ["x;y.txt"], id="semicolon inside quotes"),
        pytest.param(b"a/b; name*=utf-8''%C3%B8.txt", ["ø.txt"], id="rfc2231"),
        pytest.param(b"a/b; name*0*=utf-8''0707; name*1*=61-4285.txt", ["070761-4285.txt"], id="pieces"),
        pytest.param(b"a/b; name*1=61-4285.txt; name*0=0707", ["070761-4285.txt"], id="pieces in disorder"),
        pytest.param(b'a/b; name="=?utf-8?q?=C3=B8?="', ["ø"], id="an encoded word where none may be"),
        pytest.param(b'a/b; name="never closed', ["never closed"], id="quote never closed"),
        pytest.param(b"a/b; name=a; name=b", ["a", "b"], id="twice"),
    ],
)
def test_every_name_of_a_part_is_read(value: bytes, want: list[str]) -> None:
    assert Message(b"Content-Type: " + value + b"\r\n\r\n").names == want


def test_fields_are_the_original_bytes_unfolded() -> None:
    message = Message(b"Received: a\r\n\tb\r\nReceived: c\r\nMessage-ID: <1@x>\r\n\r\nbody")
    assert message.header_values("RECEIVED") == [b"a\tb", b"c"]
    assert (message.received_count, message.message_id, message.body) == (2, b"<1@x>", b"body")


@pytest.mark.parametrize("content", [b"", b"\r\n", b"\n\nx", b"no header at all", b"a:b", b":", b"\r\n\r\n\r\n"])
def test_the_smallest_messages_are_messages(content: bytes) -> None:
    message = Message(content)
    assert (message.subject, message.authors) == ("", ())


def test_a_message_says_nothing_of_itself() -> None:
    assert "4285" not in repr(Message(b"Subject: 070761-4285\r\n\r\n070761-4285"))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message(content: bytes) -> None:
    """Whatever comes, the header answers and nothing raises."""
    message = Message(content)
    assert isinstance(message.subject, str)
    assert isinstance(message.authors, tuple)
    assert message.names is not None
    headers.decoded(content)
    headers.parameters(content)
    headers.addresses(content)


@given(
    st.binary(max_size=120),
    st.lists(st.tuples(st.integers(0, 170), st.sampled_from([b"\r\n", b" ", b"!", b"*", b"\0"]))),
)
def test_base64_is_read_through_any_rubbish(content: bytes, rubbish: list[tuple[int, bytes]]) -> None:
    """What stands between the characters of the alphabet changes nothing of what they say (rfc2045#6.8)."""
    encoded = base64.b64encode(content)
    for at, stray in rubbish:
        encoded = encoded[:at] + stray + encoded[at:]
    assert transfer.base64(encoded) == content
    assert transfer.base64(encoded.rstrip(b"=")) == content


@pytest.mark.parametrize(
    ("fields", "authors", "reason"),
    [
        (b"From: x@kk.dk\r\n", ["x@kk.dk"], "the usual case"),
        (b"From: x@kk.dk, y@lavuk.dk\r\nSender: z@kk.dk\r\n", ["x@kk.dk", "y@lavuk.dk", "z@kk.dk"], "all of them"),
        (b"From: Anna Hansen\r\n", ["(no address)"], "somebody, and nobody we could trust"),
        (b"From: x@kk.dk\r\nFrom: rubbish\r\n", ["x@kk.dk", "(no address)"], "a second From that names nobody"),
        (b"From:\r\nSubject: x\r\n", [], "an empty field says nothing"),
        (b"Subject: x\r\n", [], "no field"),
    ],
)
def test_authors(fields: bytes, authors: list[str], reason: str) -> None:
    assert [address.text for address in Message(fields + b"\r\nHej\r\n").authors] == authors, reason


HEADER = b"From: x@kk.dk\nSubject: Liste\nContent-Type: multipart/mixed; boundary=b\n\n"
BODY = b"--b\nContent-Type: text/plain\n\nHej\n--b\nContent-Type: text/csv; name=l.csv\n\nNavn;Alder\n--b--\n"


@pytest.mark.parametrize("of_body", [b"\r\n", b"\n", b"\r\r\n", b"\r", b"\r\r\r\n"], ids=repr)
@pytest.mark.parametrize("of_header", [b"\r\n", b"\n", b"\r\r\n", b"\r", b"\r\r\r\n"], ids=repr)
def test_whatever_ends_a_line_the_parts_are_found(of_header: bytes, of_body: bytes) -> None:
    """Python's parser, and what people read mail with, see two parts here."""
    content = HEADER.replace(b"\n", of_header) + BODY.replace(b"\n", of_body)
    message = Message(content)
    assert message.original == content
    assert (message.subject, [author.text for author in message.authors]) == ("Liste", ["x@kk.dk"])
    parts, _ = message.children([b"b"])
    assert [part.body.strip() for part in parts] == [b"Hej", b"Navn;Alder"]
    assert header_fits(content, 200)
    assert not header_fits(content, 20)


def test_a_body_without_a_header_is_no_header() -> None:
    assert header_fits(b"\r\n" + b"x" * 5000, 1000)
    assert header_fits(b"no field at all\r\n" * 500, 1000)
    assert not header_fits(b"X: y\r\n" * 500, 1000)
