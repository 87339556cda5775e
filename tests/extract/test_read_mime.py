"""Whatever a mail program could show of a message, `read` gives; each row is one way to hide or break a part."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.extract import Budget, read
from gateway.mail.fragment import Extraction, Reason
from gateway.mail.message import Message

NUMBER = "070761-4285"
DATA = NUMBER.encode()
B64 = base64.b64encode(DATA)
HEAD = b"From: a@lavuk.dk\r\nMIME-Version: 1.0\r\n"


def reading(content: bytes, budget: Budget | None = None) -> Extraction:
    return read(Message(content), budget or Budget())


def places(extraction: Extraction, needle: str = NUMBER) -> list[str]:
    return [str(fragment.place) for fragment in extraction.fragments if needle in fragment.text]


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"x") -> bytes:
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\r\n\r\n" + body + b"--x--\r\n"


@pytest.mark.parametrize(
    ("content", "want"),
    [
        pytest.param(b"Subject: " + DATA + b"\r\n\r\n", "subject", id="subject"),
        pytest.param(b"To: " + DATA + b" <a@b.dk>\r\n\r\n", "header:to", id="display name"),
        pytest.param(b"Subject: x\r\n" + DATA + b"\r\nTo: y\r\n\r\n", "header:broken", id="a line that is no field"),
        pytest.param(HEAD + b"\r\n" + DATA, "text", id="no content type"),
        pytest.param(DATA + b"\r\n\r\nHej", "text", id="no header at all"),
        pytest.param(HEAD + b"Content-Type: text/plain\n\n" + DATA, "text", id="bare line feeds"),
        pytest.param(HEAD + b"Content-Type: text/html\r\n\r\n<b>070761</b>-4285", "html", id="html"),
        pytest.param(HEAD + b"Content-Type: text/plain charset=utf-8\r\n\r\n" + DATA, "text", id="no semicolon"),
        pytest.param(HEAD + b'Content-Type: "text/plain"; charset=utf-8\r\n\r\n' + DATA, "text", id="a quoted type"),
        pytest.param(HEAD + b"Content-Type: (x) TEXT/Plain (y)\r\n\r\n" + DATA, "text", id="comments and capitals"),
        pytest.param(HEAD + b"\r\n%PDF-1.4 er en fil, " + DATA, "text", id="a text that opens like a file"),
        pytest.param(
            HEAD + b"Content-Type: a/b; name=x\r\n\r\n" + base64.encodebytes(b"Til alle. " * 9 + DATA),
            "attachment:txt 2",
            id="base64 that no field announces",
        ),
        pytest.param(
            HEAD + b"Content-Transfer-Encoding: base64\r\n\r\nBarnets nummer er 070761-4285 siger moren",
            "text",
            id="no base64",
        ),
        pytest.param(HEAD + b"Content-Type: nonsense\r\n\r\n" + DATA, "attachment:txt 1", id="a type that is none"),
        pytest.param(multipart(b"\r\n" + DATA), "text", id="a part without a header"),
        pytest.param(multipart(b"Content-Type: text/plain\r\n\r\n" + DATA), "text", id="a text part"),
        pytest.param(
            multipart(b"Content-Disposition: attachment\r\n\r\n" + DATA), "attachment:txt 1", id="an attached text"
        ),
        pytest.param(multipart(b"\r\nHej") + DATA, "text", id="epilogue"),
        pytest.param(multipart(b"\r\nHej").replace(b"\n--x", b"\n" + DATA + b"\r\n--x", 1), "text", id="preamble"),
        pytest.param(
            multipart(b"Content-Type: text/plain\r\n\r\n" + DATA, boundary=b"wrong"), "text", id="wrong boundary"
        ),
        pytest.param(
            multipart(b"Content-Transfer-Encoding: base64\r\n\r\n" + B64, boundary=b"wrong"),
            "text",
            id="wrong boundary around base64",
        ),
        pytest.param(multipart(b"\r\n" + DATA).replace(b"; boundary=x", b""), "text", id="no boundary"),
        pytest.param(multipart(b"\r\n" + DATA).replace(b"--x--\r\n", b""), "text", id="never closed"),
        pytest.param(
            multipart(b"Content-Type: text/plain; name=" + DATA + b"\r\n\r\nHej"), "filename", id="attachment name"
        ),
        pytest.param(
            multipart(b"Content-Type: message/rfc822\r\n\r\nSubject: " + DATA + b"\r\n\r\nHej"),
            "attachment:eml 1 › subject",
            id="subject of a forwarded message",
        ),
        pytest.param(
            multipart(b"Content-Type: application/octet-stream\r\n\r\nFrom: a@b\r\nSubject: x\r\n\r\n" + DATA),
            "attachment:eml 1 › text",
            id="a message declared as bytes",
        ),
        pytest.param(
            HEAD + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n070<b>761</b>-4285",
            "html",
            id="two types: both readings",
        ),
        pytest.param(
            HEAD + b"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64,
            "text",
            id="two transfer encodings: both readings",
        ),
        pytest.param(
            HEAD
            + b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.b64encode(b"--x\r\n\r\n" + DATA + b"\r\n--x--"),
            "text",
            id="a multipart under base64",
        ),
        pytest.param(
            b"To: a\r\n\r\nbegin 644 x.txt\r\n+,#<P-S8Q+30R.#4 \r\n \r\nend\r\n",
            "text › attachment:txt 1",
            id="uuencode",
        ),
        pytest.param(
            HEAD + b"\r\nHej\r\n--y\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--y--",
            "text",
            id="parts inside a simple text",
        ),
        pytest.param(
            HEAD + b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n070761 \r\n-4285", "text", id="flowed"
        ),
        pytest.param(
            HEAD + b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nSUMMARY:070761-\r\n 4285",
            "attachment:ics 1",
            id="a folded calendar line",
        ),
        pytest.param(
            b"Content-Type: text/x-vcard\r\n\r\nBEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:070761=\r\n=2D4285",
            "attachment:vcf 1",
            id="a quoted-printable card",
        ),
        pytest.param(
            HEAD + b'Content-Type: application/json\r\n\r\n{"cpr": "\\u0030\\u0037\\u003007\\u0036\\u0031-4285"}',
            "",
            id="json escapes that spell another number",
        ),
        pytest.param(
            HEAD + b'Content-Type: application/json\r\n\r\n{"cpr": "\\u0030\\u0037\\u00307\\u0036\\u0031-4285"}',
            "attachment:json 1",
            id="json escapes",
        ),
    ],
)
def test_every_reading_is_read(content: bytes, want: str) -> None:
    assert (places(reading(content)) or [""])[-1] == want


ENCODED = {
    "base64": B64,
    "base64 without padding": base64.b64encode(DATA + b"ab").rstrip(b"="),
    "base64 with rubbish": B64[:4] + b"!!*\r\n" + B64[4:],
    "base64 padded in its middle": base64.b64encode(b"Hej " * 4) + b"\r\n" + B64,
    "base64, something shown after it": base64.b64encode(b"Hej") + b"\r\n\r\n_____\r\nCPR " + DATA,
    "quoted-printable": quopri.encodestring(DATA),
    "quoted-printable soft break": b"070761=\r\n-4285",
    "quoted-printable soft break, space behind": b"070761= \t\r\n-4285",
    "quoted-printable soft break, bare CR": b"070761=\r-4285\r\n",
    "quoted-printable escapes": b"=30=37=30=37=36=31=2D4285",
    "quoted-printable broken escape": b"=ZZ " + DATA,
    "x-unknown": DATA,
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_every_transfer_encoding_is_undone(encoding: str) -> None:
    name = encoding.split()[0].rstrip(",").encode()
    content = HEAD + b"Content-Transfer-Encoding: " + name + b"\r\n\r\n" + ENCODED[encoding] + b"\r\n"
    assert places(reading(content)), "the number is in no text"


@pytest.mark.parametrize("declared", ["", "utf-8", "us-ascii", "x-nonsense", "iso-8859-1", "rot13", "idna", "utf-16"])
@pytest.mark.parametrize(
    "real", ["utf-8", "cp1252", "cp850", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_no_charset_hides_a_number(declared: str, real: str) -> None:
    text = f"Kære forælder. Barnets cpr-nr. er {NUMBER}, hilsen Åse."
    head = b"Content-Type: text/plain; charset=" + declared.encode() if declared else b"Content-Type: text/plain"
    body = base64.b64encode(text.encode(real))
    assert places(reading(HEAD + head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body)), "unread"


@pytest.mark.parametrize(
    ("charset", "real"),
    [
        pytest.param("utf-8", "utf-8", id="true"),
        pytest.param("utf-8", "cp1252", id="said utf-8, is cp1252"),
        pytest.param("iso-8859-1", "utf-8", id="said latin-1, is utf-8"),
        pytest.param("us-ascii", "utf-8", id="said ascii, is utf-8"),
        pytest.param("cp037", "cp037", id="ebcdic, if somebody declares it"),
        pytest.param("utf-7", "utf-7", id="utf-7"),
    ],
)
def test_letters_survive_lies_about_the_charset(charset: str, real: str) -> None:
    head = HEAD + b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n"
    assert places(reading(head + "Smørrebrød på Ærø".encode(real)), "Smørrebrød på Ærø") == ["text"]


def test_a_half_converted_text_keeps_both_halves() -> None:
    got = reading(HEAD + b"\r\n" + "ærø\r\n".encode() + "Åse\r\n".encode("cp1252"))
    assert places(got, "ærø") == places(got, "Åse") == ["text"]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        pytest.param(b"Content-Type: message/partial; id=1; number=1\r\n\r\nx", Reason.EXTERNAL, id="message/partial"),
        pytest.param(
            b"Content-Type: message/external-body; access-type=URL\r\n\r\n", Reason.EXTERNAL, id="external-body"
        ),
        pytest.param(b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n", Reason.ENCRYPTED, id="PGP in a text"),
        pytest.param(b"Content-Type: a/b\r\n\r\nID3\x04\x00\x00\x00\x00\x00", Reason.UNSUPPORTED_FORMAT, id="sound"),
        pytest.param(b"Content-Type: a/b\r\n\r\n\x01\x02\x03\x04\x05\x0e", Reason.UNKNOWN_FORMAT, id="bytes"),
    ],
)
def test_what_is_not_read_is_said(part: bytes, reason: Reason) -> None:
    assert reason in {unreadable.reason for unreadable in reading(multipart(part)).unreadable}


def test_attachments_are_numbered_from_one() -> None:
    attached = b"Content-Disposition: attachment\r\n\r\n"
    got = reading(multipart(b"\r\nHej", attached + b"a", attached + b"1;2\r\n3;4\r\n5;6\r\n"))
    assert [str(fragment.place) for fragment in got.fragments][-2:] == ["attachment:txt 1", "attachment:csv 2"]


def test_three_thousand_nested_parts_are_read_or_reported() -> None:
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(3000)
    )
    got = reading(opened + b"Content-Type: text/plain\r\n\r\n" + DATA)
    assert places(got)
    assert {unreadable.reason for unreadable in got.unreadable} == {Reason.OVER_BUDGET}


def test_five_hundred_messages_in_each_other_end_at_the_depth_limit() -> None:
    content = b"Content-Type: message/rfc822\r\n\r\n" * 500 + b"Subject: x\r\n\r\n" + DATA
    assert {unreadable.reason for unreadable in reading(content).unreadable} == {Reason.OVER_BUDGET}


def test_more_parts_than_the_budget_are_reported() -> None:
    got = reading(multipart(*[b"\r\nHej"] * 60), Budget(parts=50))
    assert Reason.OVER_BUDGET in {unreadable.reason for unreadable in got.unreadable}


def test_no_place_holds_a_name() -> None:
    got = reading(multipart(b"Content-Disposition: attachment; filename=hemmelig.csv\r\n\r\na;b\r\nc;d\r\ne;f"))
    assert not any("hemmelig" in str(fragment.place) for fragment in got.fragments)
    assert "hemmelig" not in repr(got)


MIME = st.sampled_from(
    b"--x|--x--|\r\n|\n|\r|Content-Type: |multipart/mixed; boundary=x|text/html|=?utf-8?b?|base64|quoted-printable|\0|"
    b"<!--|Content-Transfer-Encoding: |message/rfc822|;|=|<|>|filename*0*=|''%|begin 644 x|070761-4285|&#48;|\xff\xfe|"
    b'PK\x03\x04| |"|%PDF-|{\\rtf'.split(b"|")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MIME | st.binary(max_size=8), max_size=60).map(b"".join))
def test_any_message_gives_an_extraction(content: bytes) -> None:
    """Nothing raises, and every text is a text that can be written down."""
    got = reading(content)
    for fragment in got.fragments:
        fragment.text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(multipart() + b"--x\r\n" * 300_000, id="delimiters"),
        pytest.param(
            b"".join(
                b"Content-Type: multipart/mixed; boundary=%d\r\nContent-Type: multipart/related\r\n"
                b"Content-Type: text/plain\r\n\r\n--%d\r\n" % (level, level)
                for level in range(2000)
            ),
            id="three types at every level",
        ),
        pytest.param(HEAD + b"\r\n" + b"begin 644 a\r\n" * 50_000, id="uuencode without an end"),
        pytest.param(HEAD + b"\r\nbegin\r\n" + b"=ybegin line=1 name=a\r\n" * 50_000, id="yEnc without an end"),
        pytest.param(b"Subject: " + b"=?utf-8?q?a " * 50_000 + b"\r\n\r\n", id="encoded words without an end"),
        pytest.param(b"From: " + b"(" * 300_000 + b"\r\n\r\n", id="comments without an end"),
        pytest.param(b"Content-Type: a/b" + b';a*0="\\' * 100_000 + b"\r\n\r\n", id="parameters without an end"),
        pytest.param(HEAD + b"\r\n" + "æ".encode() + b"\xe6\n" * 200_000, id="two charsets in turn"),
    ],
)
def test_hostile_repetition_ends(content: bytes) -> None:
    """A quadratic step would take minutes here; the test only has to end."""
    message = Message(content)
    assert read(message, Budget()) is not None
    assert message.authors is not None
