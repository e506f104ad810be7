"""The platform on real sockets."""

from __future__ import annotations

import re
import socket

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.error import ConnectionLost, ConnectionRefusedError

from gatewayd.demo import Platform
from gatewayd.demo.catalogue import CATALOGUE
from tests.demo.client import ask, dial


@pytest_twisted.ensureDeferred
async def test_every_service_answers_on_the_port_its_variable_names(platform: Platform) -> None:
    """Each serves its own records on all of its paths."""
    environ = platform.environ()
    assert len(environ) == 19
    for offer in CATALOGUE:
        for path in offer.paths:
            reply = await ask(int(environ[offer.port_variable]), "GET", f"/api/v1/{path}/42")
            assert (reply.status, reply.json) == (200, offer.record(42))


@pytest_twisted.ensureDeferred
async def test_ports_listen_as_soon_as_they_are_bound() -> None:
    """Before the service starts, so that a configuration can name them; binding again changes nothing."""
    platform = Platform(reactor, panel_port=0)  # type: ignore[arg-type]
    platform.bind()
    environ = platform.environ()
    with socket.create_connection(("127.0.0.1", int(environ["GATEWAYD_QUEUE_PORT"]))):
        pass
    platform.bind()
    platform.startService()
    assert platform.environ() == environ
    await platform.stopService()


@pytest_twisted.ensureDeferred
async def test_a_taken_panel_port_is_no_obstacle(platform: Platform) -> None:
    """Another one is used."""
    taken = int(platform.panel.rpartition(":")[2])
    second = Platform(reactor, panel_port=taken)  # type: ignore[arg-type]
    second.bind()
    assert second.panel != platform.panel
    assert (await ask(int(second.panel.rpartition(":")[2]), "GET", "/")).status == 200
    await second.stopService()


@pytest_twisted.ensureDeferred
async def test_stopping_closes_ports_and_connections() -> None:
    """An open stream is reset, and nobody listens any more."""
    platform = Platform(reactor, panel_port=0)  # type: ignore[arg-type]
    platform.bind()
    platform.startService()
    port = int(platform.environ()["GATEWAYD_NOTIFICATION_PORT"])
    line = await dial(port)
    assert line.transport is not None
    line.transport.write(b"GET /api/v1/notifications/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await line.read(12)
    await platform.stopService()
    with pytest.raises(ConnectionLost):
        await line.ended
    with pytest.raises(ConnectionRefusedError):
        await dial(port)


def test_the_banner_shows_where_everything_is(platform: Platform) -> None:
    """Addresses, and three commands that name them."""
    text = platform.banner("127.0.0.1:8080", "http://127.0.0.1:9464/")
    commands = re.findall(r"^ +(curl .*)$", text, re.MULTILINE)
    assert commands == [
        "curl -i http://127.0.0.1:8080/api/v1/tickets/42",
        "curl -N http://127.0.0.1:8080/api/v1/notifications/stream",
        f"curl -X PUT {platform.panel}/payment/failing && curl -i http://127.0.0.1:8080/api/v1/payments/7",
    ]
    assert "http://127.0.0.1:9464/metrics" in text
