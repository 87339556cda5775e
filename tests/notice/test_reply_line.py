"""The one line a server says instead of a notice."""

from __future__ import annotations

import pytest
from stopped import BOUNCES, INBOUND, facts, finding

from gateway.notice import Facts, reply_line, short_reply_line
from gateway.notice.examples import LOCKED
from gateway.notice.reply_line import ascii_text


@pytest.mark.parametrize("case", [*BOUNCES.values(), INBOUND])
def test_one_short_line_of_ascii(case: Facts) -> None:
    for line in (reply_line(case), short_reply_line(case)):
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 400
        assert case.case_id in line


@pytest.mark.parametrize(
    ("case", "line"),
    [
        pytest.param(
            INBOUND,
            "Ikke modtaget: mailen ser ud til at indeholde et CPR-nummer. "
            "Skriv sikkert med MitID via borger.dk eller virk.dk. "
            "Se https://www.lavuk.dk/ Spoergsmaal: stjernen@kk.dk. "
            "(Not accepted: possible personal data.) Sag K7M2-QX9P",
            id="an outside sender",
        ),
        pytest.param(
            facts(),
            "Ikke sendt: mailen ser ud til at indeholde et CPR-nummer. Skriv fra borgervaenget@kk.dk. "
            "Spoergsmaal: stjernen@kk.dk. Sag K7M2-QX9P",
            id="our own sender, `on_block: reject`",
        ),
        pytest.param(
            facts(findings=(finding(category="health", value="diabetes"),), faellesmail=None),
            "Ikke sendt: mailen ser ud til at indeholde personfoelsomme oplysninger. Skriv fra KK-mail. "
            "Spoergsmaal: stjernen@kk.dk. Sag K7M2-QX9P",
            id="other data, no faellesmail known: never which kind, strangers read replies",
        ),
        pytest.param(
            facts(findings=(), unreadable=(LOCKED,)),
            "Ikke sendt: vi kan ikke laese hele mailen. Skriv fra borgervaenget@kk.dk. "
            "Spoergsmaal: stjernen@kk.dk. Sag K7M2-QX9P",
            id="unreadable",
        ),
    ],
)
def test_reply_line(case: Facts, line: str) -> None:
    assert reply_line(case) == line


def test_after_a_bounce() -> None:
    assert short_reply_line(facts()) == "Stoppet, afsenderen har faaet besked. Sag K7M2-QX9P"


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        pytest.param("Åse Ærø på øen", "Aase Aeroe paa oeen", id="the three letters"),
        pytest.param("a\u030a", "aa", id="å in two code points"),
        pytest.param("René", "Rene", id="another accent"),
        pytest.param("a\r\nb\tc\x00", "a??b?c?", id="nothing that ends a line"),
    ],
)
def test_ascii_text(text: str, ascii: str) -> None:
    assert ascii_text(text) == ascii
