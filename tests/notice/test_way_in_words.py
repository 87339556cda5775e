"""The lawful way to one recipient in the words of the bounce, as `tjek` says it."""

from __future__ import annotations

import pytest
from stopped import MAILBOX, Centre

from gateway.notice import way_in_words
from gateway.notice.examples import judged
from gateway.policy.verdict import Kind, Route


@pytest.mark.parametrize(
    ("route", "kind", "mailbox", "starts"),
    [
        pytest.param(
            Route.ALMINDELIG, Kind.MYNDIGHED, MAILBOX, "Send en almindelig mail fra borgervænget@kk.dk.", id="kommune"
        ),
        pytest.param(
            Route.ALMINDELIG, Kind.MYNDIGHED, None, "Send en almindelig mail. Den er sikker.", id="no mailbox"
        ),
        pytest.param(
            Route.SEND_SIKKERT, Kind.BORGER, MAILBOX, "Klik på Send sikkert, og skriv modtagerens eget", id="citizen"
        ),
        pytest.param(
            Route.SEND_SIKKERT, Kind.VIRKSOMHED, MAILBOX, "Klik på Send sikkert, skriv virksomhedens", id="company"
        ),
        pytest.param(Route.SEND_SIKKERT, Kind.UKENDT, MAILBOX, "Klik på Send sikkert. Så afhænger det", id="unknown"),
        pytest.param(Route.NONE, Kind.UKENDT, None, "Vi kender ingen sikker mail hos modtageren.", id="no way"),
    ],
)
def test_way_in_words(route: Route, kind: Kind, mailbox: object, starts: str) -> None:
    advice = judged("anna@example.org", route, kind, mailbox=mailbox).advice
    assert advice
    assert way_in_words(advice, Centre()).startswith(starts)


def test_in_english() -> None:
    advice = judged("anna@example.org", Route.ALMINDELIG, Kind.MYNDIGHED).advice
    assert advice
    assert way_in_words(advice, Centre(), language="en") == (
        "Send an ordinary email. It is secure. Do not use Send sikkert.\n"
    )
