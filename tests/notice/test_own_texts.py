"""An organisation's own texts: they replace a block, and what is wrong with them is told with file and line."""

from __future__ import annotations

import pytest
from stopped import CASES, Centre

from gateway.notice import Wording, build_bounce
from gateway.notice.bounce import bounce_letter
from gateway.notice.check import faults
from gateway.notice.letter import as_text
from gateway.notice.texts import LANGUAGES, standard_blocks

MAILBOX = "### Åbn fællesmailen\n\n1. Klik på {{ mailbox or own_mailbox }}.\n"


def test_an_own_block_replaces_the_block_of_its_name() -> None:
    _, letter = bounce_letter(CASES["kommune"], Wording({"da/mailbox.txt": MAILBOX}))
    text = as_text(letter)
    assert "Klik på borgervænget@kk.dk." in text
    assert "Åbn en anden postkasse" not in text


def test_an_own_block_leaves_the_other_language_alone() -> None:
    own = Wording({"en/mailbox.txt": MAILBOX})
    assert build_bounce(CASES["kommune"], own).content == build_bounce(CASES["kommune"]).content


def test_the_standard_texts_have_no_fault() -> None:
    """Given as own texts, each of them passes the check it is there for."""
    own = {f"{language}/{name}.txt": text for language in LANGUAGES for name, text in standard_blocks(language).items()}
    assert faults(own, Centre()) == ()


def test_both_languages_have_the_same_blocks() -> None:
    assert standard_blocks("da").keys() == standard_blocks("en").keys()


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        pytest.param("da/mailbox.txt", MAILBOX, "", id="a good one"),
        pytest.param("README.md", "{{", "", id="not a text, never read"),
        pytest.param(
            "da/mailboks.txt",
            MAILBOX,
            "da/mailboks.txt:1: no block of the notices has this name, did you mean `da/mailbox.txt`?",
            id="a name that no notice reads",
        ),
        pytest.param(
            "dk/mailbox.txt", MAILBOX, "dk/mailbox.txt:1: no block of the notices has this name", id="language"
        ),
        pytest.param("da/mailbox.txt", "a\n{% if %}\n", "da/mailbox.txt:2: Expected an expression", id="syntax"),
        pytest.param("da/mailbox.txt", "a\n\n{{ mailboks }}", "da/mailbox.txt:3: 'mailboks' is undefined", id="value"),
        pytest.param(
            "da/way.txt", "{{ mailbox }}\n{% include 'x' %}", "da/way.txt:2: there is no block called", id="block"
        ),
        pytest.param("da/way.txt", "{{ mailbox }}{{ 1 / 0 }}", "da/way.txt:1: ZeroDivisionError", id="it crashes"),
        pytest.param(
            "da/way.txt", "{{ mailbox.__class__.__mro__ }}", "da/way.txt:1: SecurityError", id="reaches behind"
        ),
        pytest.param("da/way.txt", "Skriv igen.\n", "da/way.txt:1: `", id="the mailbox is lost"),
        pytest.param(
            "da/reply-bounced.txt", "Stoppet", "da/reply-bounced.txt:1: `K7M2-QX9P` is lost", id="the case id is lost"
        ),
        pytest.param("da/reply-inbound.txt", "x" * 500, "the line is longer than 400", id="too long for a reply"),
    ],
)
def test_faults(name: str, text: str, fault: str) -> None:
    got = faults({name: text}, Centre())
    assert bool(got) == bool(fault)
    assert fault in (got[0] if got else "")
