"""A gateway in its own process with a next hop that the test dictates, one for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    hop = ScriptedHop()
    gateway = RunningGateway(
        tmp_path_factory.mktemp("gateway"), hop.port, limits={"total_seconds": 12, "scan_seconds": 3}
    )
    gateway.start()
    yield SimpleNamespace(hop=hop, gateway=gateway)
    assert gateway.stop() == 0
    hop.close()


@pytest.fixture
def hop(pair: SimpleNamespace) -> ScriptedHop:
    pair.hop.forget()
    return pair.hop


@pytest.fixture
def gateway(pair: SimpleNamespace) -> RunningGateway:
    return pair.gateway


@pytest.fixture
def client(gateway: RunningGateway, hop: ScriptedHop) -> Iterator[RawClient]:
    with RawClient(gateway.port) as connected:
        connected.hello()
        yield connected
