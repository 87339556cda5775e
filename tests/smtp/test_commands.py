"""Command lines: what passes passes untouched, what is doubtful is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smtp.commands import Malformed, parameters_of, parse_command, parse_path

UNTOUCHED = [
    (b"<a@b.dk>", b"a@b.dk", b"", "plain"),
    (b" <a@b.dk>", b"a@b.dk", b"", "a blank after the colon, as many clients send it"),
    (b"<>", b"", b"", "the null reverse-path is a value"),
    ("<borgervænget@kk.dk>".encode(), "borgervænget@kk.dk".encode(), b"", "UTF-8 without asking, as Postfix does"),
    (b"<borgerv\xe6nget@kk.dk>", b"borgerv\xe6nget@kk.dk", b"", "Latin-1: not ours to judge"),
    (b"<a@b.dk.>", b"a@b.dk.", b"", "a trailing dot, which aiosmtpd refuses"),
    (b'<"a b"@c.dk>', b'"a b"@c.dk', b"", "a quoted local part keeps its quotes"),
    (b'<"ab"@c.dk>', b'"ab"@c.dk', b"", "also when they are not needed"),
    (b'<"a>b"@c.dk>', b'"a>b"@c.dk', b"", "a bracket inside quotes"),
    (b"<@x.dk,@y.dk:a@b.dk>", b"a@b.dk", b"", "a source route is ignored, rfc5321#4.1.1.3"),
    (b"<=?utf-8?q?a=40evil.dk?=@e.dk>", b"=?utf-8?q?a=40evil.dk?=@e.dk", b"", "an encoded word is no encoding here"),
    (b"<postmaster>", b"postmaster", b"", "no domain"),
    (b"a@b.dk", b"a@b.dk", b"", "without brackets, from old devices"),
    (b"a@b.dk SIZE=5", b"a@b.dk", b"SIZE=5", "without brackets, with a parameter"),
    (b"<a@b.dk> SIZE=100 BODY=8BITMIME", b"a@b.dk", b"SIZE=100 BODY=8BITMIME", "parameters"),
    (b"<a@b.dk> ENVID=QQ314aB RET=hdrs", b"a@b.dk", b"ENVID=QQ314aB RET=hdrs", "their case is theirs"),
    (b"<a@b.dk> NOTIFY=NEVER ORCPT=rfc822;A@b.dk", b"a@b.dk", b"NOTIFY=NEVER ORCPT=rfc822;A@b.dk", "DSN"),
    (b"<a@b.dk> AUTH=<>", b"a@b.dk", b"AUTH=<>", "AUTH of rfc4954"),
    (b"<a@b.dk> MT-PRIORITY=-3", b"a@b.dk", b"MT-PRIORITY=-3", "a hyphen in keyword and value"),
    (b"<a@b.dk> SMTPUTF8", b"a@b.dk", b"SMTPUTF8", "no value"),
]

REFUSED = [
    (b"<a@b.dk", "no closing bracket"),
    (b"<a b@c.dk>", "a blank outside quotes"),
    (b"<a@b.dk>x", "something glued behind"),
    (b"<a@b.dk> X=\x01", "a control byte in a parameter"),
    (b"<a\x00@b.dk>", "NUL"),
    (b"<a\rRSET@b.dk>", "CR"),
    (b"<a<b@c.dk>", "a bracket in a bracket"),
    (b'<"a@b.dk>', "an open quote"),
    (b"a b@c.dk", "no brackets and a blank"),
    (b"a@b@c.dk", "no brackets and two signs; trying all their places took a quarter of a second"),
    (b"@" * 4000 + b"<", "no brackets and nothing but signs"),
    (b"<a@b.dk> BODY=7BIT BODY=8BITMIME", "a parameter twice"),
    (b"<a@b.dk> size=5 SIZE=6", "a parameter twice, in other letters"),
    (b"", "nothing"),
]


@pytest.mark.parametrize(("argument", "raw", "parameters", "reason"), UNTOUCHED, ids=[row[3] for row in UNTOUCHED])
def test_a_path_passes_as_it_stands(argument: bytes, raw: bytes, parameters: bytes, reason: str) -> None:
    path = parse_path(b"FROM:" + argument, b"FROM:")
    assert path.address.raw == raw
    assert path.parameters == parameters


@pytest.mark.parametrize(("argument", "reason"), REFUSED, ids=[row[1] for row in REFUSED])
def test_a_doubtful_path_is_refused(argument: bytes, reason: str) -> None:
    with pytest.raises(Malformed):
        parse_path(b"TO:" + argument, b"TO:")


def test_the_keyword_is_needed_and_its_case_is_not() -> None:
    assert parse_path(b"from:<a@b.dk>", b"FROM:").address.raw == b"a@b.dk"
    with pytest.raises(Malformed):
        parse_path(b"<a@b.dk>", b"FROM:")


def test_verbs_are_in_capitals_and_arguments_as_they_stand() -> None:
    assert parse_command(b"mail  FROM:<A@b.dk> ") == (b"MAIL", b"FROM:<A@b.dk>")
    assert parse_command(b"QUIT") == (b"QUIT", b"")


def test_parameters_by_keyword() -> None:
    path = parse_path(b"FROM:<a@b.dk> size=100  Body=8bitMIME SMTPUTF8", b"FROM:")
    assert parameters_of(path) == {b"SIZE": b"100", b"BODY": b"8bitMIME", b"SMTPUTF8": b""}


@given(st.binary(max_size=120))
def test_any_bytes_are_a_path_or_refused_and_never_hold_a_line_end(argument: bytes) -> None:
    try:
        path = parse_path(b"TO:" + argument, b"TO:")
    except Malformed:
        return
    for piece in (path.address.raw, path.parameters):
        assert not any(byte in piece for byte in b"\r\n\0")
    assert b"<" + path.address.raw + b">" in argument or path.address.raw in argument
