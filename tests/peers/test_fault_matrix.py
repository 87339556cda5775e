"""The next hop failing in every way at every command: what the client hears, and what lies at the next hop.

The failing next hop is Postfix's smtp-sink, one for each cell; one gateway has a listener for each of them, so that
the cells wait beside each other. In each cell two clients send: a harmless message, and one whose verdict is `block`,
so that its bounce meets the same fault. smtp-sink writes a message to its file before it answers the final dot, and
whatever it then answers; so a cell's count says whether all of a message left us. What was blocked is never there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from support.numbers import shows_number
from support.ports import free_port
from support.postfix import Sink
from support.raw_client import RawClient
from support.running import RunningGateway

pytestmark = pytest.mark.peer("smtp-sink")

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
WITH_CPR = b"From: dagklub@lavuk.dk\r\nSubject: Sag\r\n\r\nBarnets cpr er 070761-4285.\r\n"
LARGE = HARMLESS + b"0123456789abcdef\r\n" * 700_000
"""More than the sockets between us and a sink that does not read can hold."""

SOFT, HARD = "450 4.3.0", "500 5.3.0"
OK, STOPPED, NO_HOP, GONE, AMBIGUOUS = "250 2.0.0", "250 2.0.0 Message stopped", "421 4.4.1", "451 4.4.1", "451 4.4.2"
REFUSED = "550 5.7.1"
CLOSING = "451 4.0.0"
"""What becomes of the sink's `421 4.0.0`: our own line does not close."""


class Cell(NamedTuple):
    """What the harmless message and the blocked one hear last, and at which command; what lies at the sink then.

    sink: its options. handed: how often it got the harmless message and the bounce of the other one.
    """

    sink: str
    at: str
    harmless: str
    blocked: str
    handed: tuple[int, int]
    reason: str
    content: bytes = HARMLESS


YES, NO = (1, 1), (0, 0)
CELLS = (
    # Everything is well, or as good as
    Cell("", ".", OK, STOPPED, YES, "nothing is wrong"),
    Cell("-8 -e -N", ".", OK, STOPPED, YES, "a next hop without any extension, HELO only"),
    Cell("-f EHLO", ".", OK, STOPPED, YES, "EHLO refused: HELO is tried (rfc5321#3.2)"),
    Cell("-f RSET", ".", OK, GONE, (1, 0), "RSET refused: without it no bounce can be sent on this session"),
    Cell("-q QUIT", ".", OK, STOPPED, YES, "gone at QUIT: nobody waits for the answer"),
    Cell("-f QUIT", ".", OK, STOPPED, YES, "QUIT refused"),
    Cell("-W MAIL:1", ".", OK, STOPPED, YES, "slow, within what is allowed"),
    Cell("-W .:1", ".", OK, STOPPED, YES, "slow at the dot, within what is allowed"),
    Cell("-H 1", ".", OK, STOPPED, YES, "slow to read, within what is allowed", LARGE),
    # -q: gone without a word
    Cell("-q CONNECT", "EHLO", NO_HOP, NO_HOP, NO, "gone at once"),
    Cell("-q EHLO,HELO", "EHLO", NO_HOP, NO_HOP, NO, "gone at EHLO"),
    Cell("-q MAIL", "MAIL", GONE, GONE, NO, "gone at MAIL"),
    Cell("-q RCPT", "RCPT", GONE, GONE, NO, "gone at RCPT"),
    Cell("-q DATA", ".", GONE, GONE, NO, "gone at DATA: nothing of the message had left us"),
    Cell("-q .", ".", AMBIGUOUS, AMBIGUOUS, YES, "gone after our dot: it may have the message (rfc1047)"),
    Cell("-q RSET", ".", OK, GONE, (1, 0), "gone at RSET, before the bounce"),
    # -Q: 421 and gone
    Cell("-Q CONNECT", "EHLO", NO_HOP, NO_HOP, NO, "421 as greeting"),
    Cell("-Q EHLO,HELO", "EHLO", NO_HOP, NO_HOP, NO, "421 to EHLO"),
    Cell("-Q MAIL", "MAIL", CLOSING, CLOSING, NO, "421 to MAIL closes the next hop's line, not ours (rfc5321#3.8)"),
    Cell("-Q RCPT", "RCPT", CLOSING, CLOSING, NO, "421 to RCPT"),
    Cell("-Q DATA", ".", CLOSING, CLOSING, NO, "421 to DATA"),
    Cell("-Q .", ".", CLOSING, CLOSING, YES, "421 to the dot: it says that it did not take the message"),
    Cell("-Q RSET", ".", OK, GONE, (1, 0), "421 to RSET, before the bounce"),
    # -W: slower than anybody can wait
    Cell("-W CONNECT:30", "EHLO", NO_HOP, NO_HOP, NO, "no greeting"),
    Cell("-W EHLO:30", "EHLO", NO_HOP, NO_HOP, NO, "no answer to EHLO"),
    Cell("-W MAIL:30", "MAIL", GONE, GONE, NO, "no answer to MAIL"),
    Cell("-W RCPT:30", "RCPT", GONE, GONE, NO, "no answer to RCPT"),
    Cell("-W DATA:30", ".", GONE, GONE, NO, "no answer to DATA"),
    Cell("-W .:30", ".", AMBIGUOUS, AMBIGUOUS, YES, "no answer to the dot"),
    # -A and -H: it answers before it has read, or does not read
    Cell("-A 0", ".", "550", REFUSED, NO, "550 before the message was read"),
    Cell("-H 30", ".", AMBIGUOUS, AMBIGUOUS, NO, "it does not read: what lies between us may still arrive"),
    Cell("-H 30", ".", GONE, AMBIGUOUS, NO, "it does not read, and our dot could not leave", LARGE),
    # -r: 4xx
    Cell("-r CONNECT", "EHLO", NO_HOP, NO_HOP, NO, "4xx as greeting"),
    Cell("-r EHLO,HELO", "EHLO", NO_HOP, NO_HOP, NO, "4xx to EHLO and HELO"),
    Cell("-r MAIL", "MAIL", SOFT, SOFT, NO, "4xx to MAIL passes as it is"),
    Cell("-r RCPT", "RCPT", SOFT, SOFT, NO, "4xx to RCPT passes as it is"),
    Cell("-r DATA", ".", SOFT, SOFT, NO, "4xx to DATA passes as it is"),
    Cell("-r .", ".", SOFT, SOFT, YES, "4xx to the dot passes as it is"),
    # -f: 5xx
    Cell("-f CONNECT", "EHLO", NO_HOP, NO_HOP, NO, "5xx as greeting is a fault of the set-up, not of the mail"),
    Cell("-f EHLO,HELO", "EHLO", NO_HOP, NO_HOP, NO, "5xx to EHLO and HELO too"),
    Cell("-f MAIL", "MAIL", HARD, HARD, NO, "5xx to MAIL passes as it is"),
    Cell("-f RCPT", "RCPT", HARD, HARD, NO, "5xx to RCPT passes as it is"),
    Cell("-f DATA", ".", HARD, REFUSED, NO, "5xx to DATA passes; where no bounce can go the client hears why itself"),
    Cell("-f .", ".", HARD, REFUSED, YES, "5xx to the dot passes; the bounce was not taken"),
)


class Outcome(NamedTuple):
    """What became of one cell: the command and the last reply of both dialogues, and what was counted at the sink."""

    harmless: tuple[str, str]
    blocked: tuple[str, str]
    handed: tuple[int, int]
    leaked: int


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, open_folder: Path) -> dict[Cell, Outcome]:
    """All cells, beside each other, through one gateway. Patience at the next hop: 5 s a command, 10 s the dot."""
    sinks = [Sink(*cell.sink.split(), dump=open_folder / str(number)) for number, cell in enumerate(CELLS)]
    ports = [free_port() for _ in CELLS[1:]]
    gateway = RunningGateway(
        tmp_path_factory.mktemp("matrix"),
        sinks[0].port,
        more_listeners=[
            {"role": "outbound", "listen": f"127.0.0.1:{port}", "next_hop": {"host": "127.0.0.1", "port": sink.port}}
            for port, sink in zip(ports, sinks[1:], strict=True)
        ],
        limits={"scan_seconds": 5, "total_seconds": 20},
    ).start()
    ports.insert(0, gateway.port)
    try:
        with ThreadPoolExecutor(2 * len(CELLS)) as clients:
            harmless = [clients.submit(dialogue, port, cell.content) for port, cell in zip(ports, CELLS, strict=True)]
            blocked = [clients.submit(dialogue, port, WITH_CPR) for port in ports]
        log = gateway.log.read_text()
    finally:
        gateway.stop()
        for sink in sinks:
            sink.stop()
    assert "Traceback" not in log
    assert "error of ours" not in log
    return {
        cell: Outcome(one.result(), two.result(), *counted(sink))
        for cell, one, two, sink in zip(CELLS, harmless, blocked, sinks, strict=True)
    }


def dialogue(port: int, content: bytes) -> tuple[str, str]:
    """A whole transaction up to the first refusal: the command, and the reply to it."""
    with RawClient(port, timeout=60) as client:
        for line in ("EHLO client.example", "MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>"):
            reply = client.say(line)
            if reply[0] != "2":
                return line[:4], reply
        assert client.say("DATA")[:3] == "354"
        return ".", client.message(content)


def counted(sink: Sink) -> tuple[tuple[int, int], int]:
    """Whole harmless messages and bounces in the sink's files, and how often a found number is in any of them."""
    files = sink.messages
    harmless = sum(b"Husk regntoj." in file for file in files)
    bounces = sum(b"multipart/report" in file and file.rstrip().endswith(b"--") for file in files)
    return (harmless, bounces), sum(map(shows_number, files))


@pytest.mark.parametrize("cell", CELLS, ids=[f"{cell.sink or 'well'} ({cell.reason})" for cell in CELLS])
def test_the_client_hears_the_truth(outcomes: dict[Cell, Outcome], cell: Cell) -> None:
    outcome = outcomes[cell]
    assert outcome.harmless[0] == cell.at, outcome.harmless
    assert outcome.harmless[1].startswith(cell.harmless)
    assert outcome.blocked[0] == cell.at, outcome.blocked
    assert outcome.blocked[1].startswith(cell.blocked)
    assert outcome.handed == cell.handed
    assert outcome.leaked == 0
