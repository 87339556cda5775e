"""What holds for any text: every rendering of a number is found with the same identity, and nothing ever raises."""

import time
from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.detect import Detectors, Rules
from gateway.extract import Budget, plan
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.message import Message
from gateway.mail.place import TEXT

TODAY = date(2026, 11, 24)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

SEPARATORS = st.sampled_from(
    [
        "",
        "-",
        " ",
        ".",
        "/",
        ":",
        ",",
        "_",
        "--",
        " - ",
        "–",
        " – ",
        "—",
        "−",
        "‑",
        "\u00a0",
        "\u2009",
        "-\n",
        "\n",
        "\t",
        " | ",
    ]
)
INSIDE = st.sampled_from(["", " ", ".", "-", "/", ":", "_", " / ", "\u2013", "\u00a0"])
CENTURIES = st.sampled_from(["", "20"])
SCRIPTS = st.sampled_from(["0", "\uff10", "\u0660", "\u06f0", "\u0966", "\U0001d7ce", "\U0001d7ec", "\U0001d7f6"])
DUST = st.sampled_from(["", "\u200b", "\u200d", "\u00ad", "\u2060", "\ufeff", "\u034f"])
CARRIERS = st.sampled_from(
    [
        "cpr {}",
        "Cpr-nr.: {}",
        "Personnummer {} på drengen",
        "Det er {} (cpr)",
        "<{}> er cpr-nummeret",
        "Barnets CPR\t{}",
        "cpr={}&side=2",
        "> cpr {}",
        "xcpr{}x",
        "født {} i København",
    ]
)
BIRTHS = st.dates(date(2016, 1, 2), date(2025, 12, 31))


@given(BIRTHS, st.integers(4000, 9999), SEPARATORS, INSIDE, INSIDE, CENTURIES, SCRIPTS, DUST, CARRIERS)
@RELAXED
def test_any_rendering_has_one_identity(
    detectors: Detectors,
    born: date,
    serial: int,
    separator: str,
    first: str,
    second: str,
    century: str,
    zero: str,
    dust: str,
    carrier: str,
) -> None:
    if born.month == 1 and born.day == 1:
        born = born.replace(day=2)
    digits = f"{born:%d%m%y}{serial}"
    written = f"{digits[:2]}{first}{digits[2:4]}{second}{century}{digits[4:6]}{separator}{digits[6:]}"
    written = "".join(chr(ord(zero) + int(ch)) + dust if ch.isdigit() else ch for ch in written)
    found = detectors.find([Fragment(TEXT, carrier.format(written))], today=TODAY)
    want = {each.identity.reveal() for each in found if each.category == "cpr" and each.confidence >= Confidence.LIKELY}
    assert digits in want


CHARSETS = st.sampled_from(["utf-8", "iso-8859-1", "utf-16"])
TRANSFERS = st.sampled_from(["quoted-printable", "base64"])
BODIES = st.sampled_from(
    [
        ("plain", "Hej. CPR: {}\n"),
        ("html", "<p>CPR: {}</p>"),
        ("html", "<table><tr><td>CPR</td><td>{}</td></tr></table>"),
        ("html", "<p>cpr <b>{}</b></p><!-- {} -->"),
        ("html", '<img alt="cpr {}" src="x">'),
        ("csv", "navn;cpr\nEmma;{}\n"),
    ]
)
SPLITS = st.sampled_from(["{}{}", "{}-{}", "{} {}", "{}.{}"])


@given(BIRTHS, st.integers(4000, 9999), CHARSETS, TRANSFERS, BODIES, SPLITS)
@RELAXED
def test_any_wrapping_in_a_message_has_one_identity(
    detectors: Detectors, born: date, serial: int, charset: str, transfer: str, body: tuple[str, str], split: str
) -> None:
    if born.month == 1 and born.day == 1:
        born = born.replace(day=2)
    subtype, text = body
    mail = EmailMessage()
    mail["Subject"] = "Hej"
    written = split.format(f"{born:%d%m%y}", serial)
    mail.set_content(text.replace("{}", written), subtype=subtype, charset=charset, cte=transfer)
    found = detectors.find(plan(Message(mail.as_bytes()), Budget()).fragments, today=TODAY)
    want = {each.identity.reveal() for each in found if each.category == "cpr" and each.confidence >= Confidence.LIKELY}
    assert f"{born:%d%m%y}{serial}" in want


@given(st.text(max_size=400))
@RELAXED
def test_any_text_gives_findings_never_an_exception(detectors: Detectors, text: str) -> None:
    detectors.find([Fragment(TEXT, text)], today=TODAY)


HEAP = [
    "cpr ",
    "0",
    "1",
    "9",
    "-",
    " ",
    "nul ",
    "fire ",
    "sidste fire ",
    "født ",
    "\n",
    "\t",
    ";",
    "O",
    "Emil ",
    "har ",
]
HEAP += ["autisme", ". ", "jeg ", "Hej ", "mvh\n", "@", "https://", "> ", "010120", "1234", " streg ", "P-nr. "]
HEAP += ["pnr;", "pos. 3-12 ", "150322- |", "6239", "sidste fire? ", "fem seks ", "Ã", "Â ", "=\n", "=2D", ":\n\n"]


@given(st.lists(st.sampled_from(HEAP), max_size=80))
@RELAXED
def test_any_heap_of_the_detectors_own_words_is_survived(detectors: Detectors, pieces: list[str]) -> None:
    detectors.find([Fragment(TEXT, "".join(pieces))], today=TODAY)


KINDS = "".join(chr(code) for code in range(0x250, 0x2500) if chr(code).isprintable())
"""More kinds of characters than are worth one replacement each."""


@pytest.mark.parametrize(
    "piece",
    [
        KINDS,
        "".join(kind + "\u0301" for kind in KINDS),
        "".join(kind + " abc" for kind in KINDS),
        "".join(map(chr, range(0x1F300, 0x1F650))),
        "Bla\u030aba\u0308r ", "a\u0301\u0316\u0323", "\uff11\uff12",
        "de sidste 1 ", "sidste fire cifre ", "sidste fire en ", "150322 og ", "1. maj 22 og ", "slutter med 1 ",
        "1503226239\n\n", ":\n\n1503226239", "Emil har autisme.\n\n", "Er indlagt. ", "sin egen autisme ",
        "1", "01", "0 ", "01-", "010120;1234\n", "010120-1234 ", "cpr ", "cpr 1503226239 ", "autisme ",
        "Emil har autisme. ",
        "nul ", "en to tre nul fire ", "sidste fire ", "O0", "\n> ", ". A", "\nhej ", "\nmvh\n", "\nden x ", "a@b",
        "pos. 3-12 cpr\n", "cpr pos. 1-10\n0901102554\n", "150322- |", "150322\nA: ", "a: 150322\nb: 1234\n",
        "1234\nsidste fire? ", "født 15.03.2022 cpr 6239 ", "cpr xxxxxx-6239 2022-03-15 ",
        "fem seks ", "enogtyve to ", "\u00c3\u00c2\u00a4", "\u00c3", "=\n1", "=2D",
        "Ordre nr.  P-nr.  1503226239\n",
        "ordre 12 abcd ", "Kode: \n\n2211785337\n", "1003072211\n", "den 070725-0108 ",
        "https://a ", "1\u200b", "a\u030a", "\u0301\u0316", "\u4e00", "[", "\t", "Anders Bo ",
    ],
)  # fmt: skip
def test_work_grows_with_length_and_not_faster(detectors: Detectors, piece: str) -> None:
    """Eight times the text takes nowhere near sixty-four times the work, for the text each step likes least."""

    def work(size: int) -> float:
        text = piece * (size // len(piece))
        started = time.process_time()
        detectors.find([Fragment(TEXT, text)], today=TODAY)
        return time.process_time() - started

    small, large = max(work(40_000), 0.003), min(work(320_000) for _ in range(3))
    assert large < small * 30


def test_more_candidates_than_the_budget_is_a_finding_of_its_own(detectors: Detectors) -> None:
    text = "".join(f"{i % 28 + 1:02}{i % 12 + 1:02}{i % 20:02}{i % 10000:04}\n" for i in range(60_000))
    found = detectors.find([Fragment(TEXT, text)], today=TODAY)
    assert [each.category for each in found] == ["unreadable"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"cpr": {"exception_dates": ["1960-13-01"]}}, "no date"),
        ({"cpr": {"allow": ["12345"]}}, "ten digits"),
        ({"cpr": {"weights": {"form.hyfen": 3}}}, "no kind of evidence"),
        ({"cpr": {"weights": {"form.hyphen": "much"}}}, "whole number"),
        ({"cpr": {"thresholds": {"likely": 10}}}, "rise in this order"),
        ({"ord": {"s": {"kind": "scoring", "weights": {"old": 1}}}}, "ord/s.yaml: weights: 'old' is no kind"),
        ({"ord": {"s": {"kind": "scoring", "thresholds": {"likely": 1}}}}, "ord/s.yaml: thresholds: possible"),
        ({"cpr": {"words": []}}, "not known"),
        ({"cpr": {"cues": "cpr"}}, "a list"),
        ({"ord": {"x": {"kind": "wörter"}}}, "kind should be"),
        ({"ord": {"x": {"kind": "terms", "category": "weather"}}}, "not one of"),
        ({"ord": {"x": {"kind": "terms", "category": "health", "strong": ["a*b"]}}}, "inside"),
        ({"ord": {"x": {"kind": "terms", "category": "health", "strong": ["*"]}}}, "holds no letters"),
    ],
)
def test_wrong_rules_are_refused_in_clear_text(data: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Rules.from_mapping(data)


def test_an_admin_can_add_a_word_and_take_a_number_away(rules_data: dict) -> None:
    extra = {"kind": "terms", "category": "health", "strong": ["blåfeber*"]}
    data = {**rules_data, "ord": {**rules_data["ord"], "vores": extra}}
    found = Detectors(Rules.from_mapping(data)).find([Fragment(TEXT, "Emil har fået blåfeberen igen.")], today=TODAY)
    assert [(each.category, each.confidence) for each in found] == [("health", Confidence.LIKELY)]
