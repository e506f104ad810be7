"""Preflights count by the client's address, as the listener's limits have it, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from gatewayd.stores import MemoryStore
from tests.pipeline.test_limits import a_peer, asked, field, status
from tests.pipeline.world import SERVICE, World, get

TEXT = f"""{SERVICE}
listeners: [{{name: test, address: "127.0.0.1:0", rate_limits: [each, seat, whole]}}]
rate_limits:
  each: {{limit: 4/1m}}
  seat: {{limit: 1/1m, key: [client, "header:X-Seat"]}}
  whole: {{limit: 1/1m, key: [route]}}
  own: {{limit: 1/1m}}
routes: [{{path: /a, service: main, rate_limits: [own], cors: {{origins: ['https://app.test']}}}}]
"""


def preflight(world: World, client: str = "192.0.2.1") -> bytes:
    """The head of the answer to a preflight."""
    wire = world.client(a_peer(client), a_peer("127.0.0.1"))
    lines = b"Origin: https://app.test\r\n", b"Access-Control-Request-Method: GET\r\n", b"Connection: close\r\n"
    wire.send(get(b"/a", *lines, method=b"OPTIONS"))
    return wire.take().partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("shared", [False, True])
def test_preflights(tmp_path: Path, shared: bool) -> None:
    """They take from the address what any request takes, and nothing from the route and the service behind it."""
    clock = Clock()
    world = World(tmp_path, TEXT, clock=clock, store=MemoryStore(clock) if shared else None)
    told = [preflight(world) for _ in range(3)]
    assert [status(head) for head in told] == [204] * 3
    assert field(told[0], b"RateLimit") == b'"each";r=3;t=15'
    assert field(told[0], b"Access-Control-Allow-Origin") == b"https://app.test"
    assert status(asked(world, path=b"/a")) == 200
    refused = preflight(world)
    assert (status(refused), field(refused, b"Retry-After")) == (429, b"15")
    assert status(preflight(world, "192.0.2.2")) == 204
    assert world.metric("rate_limit_exceeded_total", endpoint="/a", tenant_id="_none") == 1
    assert world.metric("http_requests_total", method="OPTIONS", route="/a", status_code="429") == 1
    assert len(world.dials) == 1
    world.settled()


def test_a_preflight_at_a_time(tmp_path: Path) -> None:
    """One that was answered takes no place of those that are being answered."""
    text = TEXT.replace("{limit: 4/1m}", "{concurrent: 1}")
    world = World(tmp_path, text)
    assert [status(preflight(world)) for _ in range(3)] == [204] * 3
    world.client(a_peer("192.0.2.1"), a_peer("127.0.0.1")).send(get(b"/a"))
    assert status(preflight(world)) == 429
