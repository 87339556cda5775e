"""The record cannot be written for a long time: clients keep their messages, and the next hop does not get them again
and again."""

from __future__ import annotations

from pathlib import Path

from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

BROKEN = """
from gateway.audit import AuditError, Store
async def broken(self, event): raise AuditError('disk full')
Store.append = broken
from gateway.cli import main
main(prog_name='postvagt')
"""


def test_while_the_record_is_down_messages_stay_with_their_clients(tmp_path: Path) -> None:
    """The first one may have gone on before we knew; the others hear 451 before the next hop has them."""
    (tmp_path / "broken.py").write_text(BROKEN)
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path, hop.port)
    gateway.command = [str(tmp_path / "broken.py")]
    gateway.start()
    try:
        with RawClient(gateway.port) as client:
            client.hello()
            replies = [client.transaction(b"Subject: Tur\r\n\r\nnummer %d\r\n" % number) for number in range(5)]
        assert {reply[:3] for reply in replies} == {"451"}
        assert len(hop.taken) <= 1
    finally:
        gateway.stop()
        hop.close()
