"""Requests that have no route count against the limits of their listener: looking for routes is not for free."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from gatewayd.stores import MemoryStore
from tests.pipeline.test_limits import asked, status
from tests.pipeline.world import SERVICE, World, reason

TEXT = f"""{SERVICE}
listeners: [{{name: test, address: "127.0.0.1:0", rate_limits: [each]}}]
rate_limits: {{each: {{limit: 3/1m}}}}
routes: [{{path: /known, methods: [GET], service: main}}]
"""


@pytest.mark.parametrize("shared", [False, True])
def test_looking_for_routes(tmp_path: Path, *, shared: bool) -> None:
    """What is not found, and what may not be done, counts as what is; another client is none the worse."""
    clock = Clock()
    world = World(tmp_path, TEXT, clock=clock, store=MemoryStore(clock) if shared else None)
    assert [status(asked(world, path=path)) for path in (b"/a", b"/known", b"/b", b"/c", b"/known")] == [
        404, 200, 404, 429, 429,
    ]  # fmt: skip
    assert status(asked(world, path=b"/d", client="192.0.2.2")) == 404
    assert world.metric("rate_limit_exceeded_total", endpoint="_unmatched", tenant_id="_none") == 1
    assert world.metric("rate_limit_exceeded_total", endpoint="/known", tenant_id="_none") == 1
    world.settled()


def test_a_wrong_method(tmp_path: Path) -> None:
    """405 is told until the limit is reached."""
    world = World(tmp_path, TEXT)
    heads = []
    for _ in range(4):
        wire = world.client()
        wire.send(b"DELETE /known HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        heads.append(reason(wire))
    assert heads == ["method-not-allowed"] * 3 + ["rate-limited"]
    world.settled()
