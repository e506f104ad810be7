"""A kept connection that the service closes just as it is used: asked again where that does no harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewayd.core.reasons import CONNECT_FAILED
from tests.pipeline.wire import Wire
from tests.pipeline.world import World, get, ok

NARROW = """
services:
  main:
    targets: ["http://127.0.0.1:9005"]
    breaker: {mode: off}
    retries: {attempts: 0}
    timeouts: {total: 3s, response: off}
    pool: {connections: 1, wait: 2s}
routes:
  - {name: all, path: "/**", service: main}
"""


def kept(world: World) -> tuple[Wire, Wire]:
    """A client and the service's connection after a first exchange."""
    client, service = world.ask(get(b"/first"))
    service.send(ok())
    client.take()
    service.take()
    world.records.clear()
    return client, service


def reason(client: Wire) -> object:
    """Why the gateway refused."""
    return json.loads(client.take().partition(b"\r\n\r\n")[2])["reason"]


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"TRACE"])
@pytest.mark.parametrize("ending", ["hang_up", "reset"])
def test_safe_methods_are_asked_again(world: World, method: bytes, ending: str) -> None:
    """On a connection of their own; the client notices nothing, the log says that there were two attempts."""
    client, service = kept(world)
    client.send(get(b"/second", method=method))
    first = service.take()
    getattr(service, ending)()
    assert world.service is not service
    assert world.service.take() == first
    world.service.send(ok(b"" if method == b"HEAD" else b"again"))
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert (world.record["status"], world.record["attempts"]) == (200, 2)
    assert world.total("downstream_errors_total") == 0
    assert client.ending == ""
    world.settled()


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"BREW"])
def test_other_methods_are_not(world: World, method: bytes) -> None:
    """They may have been carried out: the client has to know."""
    client, service = kept(world)
    client.send(get(b"/second", method=method))
    service.hang_up()
    assert reason(client) == "upstream-reset"
    assert len(world.dials) == 1
    assert (world.record["status"], world.record["attempts"]) == (502, 1)
    assert world.metric("downstream_errors_total", service="main", error_type="reset") == 1
    world.settled()


def test_a_body_is_not_sent_twice(world: World) -> None:
    """Not even a safe method's: it is gone."""
    client, service = kept(world)
    client.send(get(b"/second", b"Content-Length: 5\r\n") + b"12345")
    service.hang_up()
    assert reason(client) == "upstream-reset"
    assert len(world.dials) == 1


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"])
def test_an_answer_that_began_is_not_asked_for_again(world: World, begun: bytes) -> None:
    """The service took the request: what happened is no race."""
    client, service = kept(world)
    client.send(get(b"/second"))
    service.send(begun)
    service.hang_up()
    assert len(world.dials) == 1
    assert world.record["status"] == (502 if len(begun) == 1 else 200)
    assert world.record["reason"] == ("upstream-reset" if len(begun) == 1 else "upstream-truncated")


def test_a_new_connection_is_not_stale(world: World) -> None:
    """A service that closes it without an answer does so on purpose."""
    client, service = world.ask(get())
    service.hang_up()
    assert reason(client) == "upstream-reset"
    assert len(world.dials) == 1


def test_asking_again_may_fail_too(world: World) -> None:
    """Then that is what the client is told."""
    client, service = kept(world)
    world.accepting = False
    client.send(get(b"/second"))
    service.hang_up()
    world.dials[-1].refuse(CONNECT_FAILED)
    assert reason(client) == "connect-failed"
    assert world.metric("downstream_errors_total", service="main", error_type="connect") == 1
    world.settled()


def test_a_client_may_leave_meanwhile(world: World) -> None:
    """The connection that was opened for it is kept for others."""
    client, service = kept(world)
    world.accepting = False
    client.send(get(b"/second"))
    service.hang_up()
    client.hang_up()
    assert world.record["reason"] == "client-closed"
    world.dials[-1].accept()
    world.settled()
    assert world.metric("downstream_connections", service="main", state="idle") == 1


def test_asking_again_keeps_to_the_bound(tmp_path: Path) -> None:
    """Where others wait, the place of the connection that was lost is theirs, and the retry waits in turn."""
    world = World(tmp_path, NARROW)
    client, service = kept(world)
    other = world.client()
    client.send(get(b"/second"))
    other.send(get(b"/other"))
    world.accepting = False
    service.hang_up()
    assert len(world.dials) == 2
    service = world.dials[-1].accept()
    other.turn()
    assert service.take().startswith(b"GET /other ")
    service.send(ok(b"other"))
    assert service.take().startswith(b"GET /second ")
    service.send(ok(b"second"))
    assert client.take().endswith(b"second")
    assert other.take().endswith(b"other")
    world.settled()


def test_asking_again_has_an_end(tmp_path: Path) -> None:
    """A service that never answers on a kept connection is not asked for ever."""
    world = World(tmp_path, NARROW)
    client, _ = kept(world)
    client.send(get(b"/again"))
    for _ in range(3):
        world.client().send(get(b"/other"))
        assert client.take() == b""
        world.service.hang_up()  # the new connection is for the other one, and then for the retry
        world.service.send(ok(b"other"))
    assert reason(client) == "upstream-reset"
    retried = [record for record in world.records if record["path"] == "/again"]
    assert [record["attempts"] for record in retried] == [3]


def test_the_whole_time_goes_on(tmp_path: Path) -> None:
    """A second attempt does not begin the request's time anew."""
    world = World(tmp_path, NARROW)
    client, service = kept(world)
    client.send(get(b"/second"))
    world.pass_time(2)
    service.hang_up()
    world.pass_time(1.25)
    assert reason(client) == "total-timeout"
    world.settled()
