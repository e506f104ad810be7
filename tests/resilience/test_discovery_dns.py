"""Targets from DNS: they change under load and no request fails; while DNS is dead, the last ones stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.wire.world import get

from .nameserver import NameServer
from .scripts import held
from .world import ask, ask_until, load, service, targets, verdict, world

FIRST, SECOND = "127.0.0.1", "127.0.0.2"


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    """The name server that the gateway asks."""
    with NameServer() as server:
        yield server


@pytest.fixture(scope="module")
def second(upstream: RecordingUpstream) -> Iterator[RecordingUpstream]:
    """A service on the same port of another address."""
    with RecordingUpstream(host=SECOND, port=upstream.port) as server:
        yield server
        assert server.garbled == []


@pytest.fixture(scope="module")
def gateway(names: NameServer, upstream: RecordingUpstream, second: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that asks DNS ten times a second."""
    often = {"least_ttl": "100ms", "most_ttl": "1s"}
    services = {
        "web": service(discovery={"dns": {"name": "web.internal", "port": upstream.port, **often}}),
        "srv": service(discovery={"dns": {"name": "_http._tcp.srv.internal", "record": "srv", **often}}),
        "missing": service(discovery={"dns": {"name": "missing.internal", "port": 80, **often}}),
    }
    names.addresses(b"web.internal", FIRST)
    names.addresses(b"first.internal", FIRST)
    names.addresses(b"second.internal", SECOND)
    names.services(b"_http._tcp.srv.internal", (10, 1, upstream.port, b"first.internal"))
    with GatewayProcess(world(services, dns={"servers": [names.address], "timeout": "200ms"})) as process:
        yield process


def test_known_at_the_start(gateway: GatewayProcess) -> None:
    """The gateway says that it is ready once it has asked, and the first request is served."""
    assert verdict(ask(gateway, b"/web/x")) == (200, None)
    assert verdict(ask(gateway, b"/srv/x")) == (200, None)
    assert targets(gateway, "web") == (1, 0, 0)


def test_name_that_does_not_exist(gateway: GatewayProcess) -> None:
    """A service without any target is refused, and the log tells why."""
    assert verdict(ask(gateway, b"/missing/x")) == (503, b"no-target")
    gateway.wait_log("no targets of the name missing.internal: the name does not exist; there is none to go on with")
    assert targets(gateway, "missing") == (0, 0, 0)


def test_change_under_load(
    names: NameServer, gateway: GatewayProcess, upstream: RecordingUpstream, second: RecordingUpstream
) -> None:
    """The name moves to another address and back: no request fails, what is in flight ends where it began."""
    release = upstream.event()
    upstream.on(b"/web/held", held(release))
    port = upstream.port
    with load(gateway, b"/web/load") as statuses, Client(gateway.address) as client:
        client.send(get(b"/web/held"))
        upstream.wait_for(lambda: len(upstream.requests(b"/web/held")) == 1)
        names.addresses(b"web.internal", SECOND)
        gateway.wait_log(
            f"targets of the name web.internal: added http://{SECOND}:{port}; removed http://{FIRST}:{port}"
        )
        second.wait_request(b"/web/load", 50)
        assert targets(gateway, "web") == (1, 0, 1)
        seen = len(upstream.requests(b"/web/load"))
        second.wait_request(b"/web/load", 100)
        assert len(upstream.requests(b"/web/load")) == seen
        release.set()
        assert client.response().body == b"held"
        gateway.wait_metric("downstream_targets", 0, service="web", state="draining")
        busy = [connection for connection in upstream.connections if b"/web/" in connection.received]
        for connection in busy:
            upstream.wait_for(lambda c=connection: c.ended in ("eof", "reset"))  # type: ignore[misc]

        names.addresses(b"web.internal", SECOND, FIRST)
        gateway.wait_log(f"targets of the name web.internal: added http://{FIRST}:{port}$")
        upstream.wait_for(lambda: len(upstream.requests(b"/web/load")) > seen)
        assert targets(gateway, "web") == (2, 0, 0)
    assert set(statuses) == {200}
    assert all(connection.ended is None for connection in second.connections)  # those that stay keep their connections
    assert gateway.metric("downstream_errors_total", service="web") == 0


def test_dead_dns(names: NameServer, gateway: GatewayProcess) -> None:
    """While no name server answers, requests go on to the last targets; the log says so once, and when it is over."""
    before = targets(gateway, "srv")
    names.silent = True
    with load(gateway, b"/srv/x") as statuses:
        gateway.wait_log(r"no targets of the name _http._tcp.srv.internal: no name server answered in time; its last")
        answered = len(statuses)
        assert verdict(ask(gateway, b"/srv/x")) == (200, None)
        ask_until(gateway, b"/srv/x", lambda: len(statuses) > answered + 20)
        names.silent = False
        gateway.wait_log("the name _http._tcp.srv.internal tells its targets again")
    assert set(statuses) == {200}
    assert targets(gateway, "srv") == before


def test_service_records(
    names: NameServer, gateway: GatewayProcess, upstream: RecordingUpstream, second: RecordingUpstream
) -> None:
    """Hosts, ports and weights come from SRV records; the one that goes first by priority is asked alone."""
    port = upstream.port
    names.services(b"_http._tcp.srv.internal", (10, 1, port, b"first.internal"), (10, 3, port, b"second.internal"))
    gateway.wait_log(f"targets of the name _http._tcp.srv.internal: added http://{SECOND}:{port}$")
    for _ in range(40):
        assert ask(gateway, b"/srv/weighed").status == 200
    assert len(upstream.requests(b"/srv/weighed")) == 10
    assert len(second.requests(b"/srv/weighed")) == 30
    names.services(b"_http._tcp.srv.internal", (20, 1, port, b"first.internal"), (10, 3, port, b"second.internal"))
    gateway.wait_log(f"targets of the name _http._tcp.srv.internal: weighed or ranked anew http://{FIRST}:{port}$")
    for _ in range(20):
        assert ask(gateway, b"/srv/ranked").status == 200
    assert upstream.requests(b"/srv/ranked") == []
    assert len(second.requests(b"/srv/ranked")) == 20
