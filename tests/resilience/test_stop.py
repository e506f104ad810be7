"""A stop in the middle of everything: whoever waits for something is let go, and nothing is left to complain of."""

from __future__ import annotations

from contextlib import ExitStack

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.wire.world import get, route

from .nameserver import NameServer
from .scripts import BUSY, begins, held, silence
from .world import service, world


def test_everything_is_under_way(upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Waits for an answer, a place, a retry, the faster of two, a copy, a check and a name: all end with the drain."""
    for path in (b"/main/held", b"/narrow/held", b"/hedged/held"):
        upstream.on(path, begins)
    other.on(b"/hedged/held", silence)
    upstream.on(b"/again/busy", BUSY)
    copied = other.event()
    other.on(b"/mirrored/x", held(copied))
    other.on(b"/health", silence)
    hedge = {"percentile": 95, "least": "1ms", "most": "1ms"}
    again = {"attempts": 5, "on": [503], "backoff": "1h", "backoff_most": "1h"}
    with NameServer() as names:
        names.addresses(b"named.internal", "127.0.0.1")
        services = {
            "main": service(upstream),
            "narrow": service(upstream, concurrency={"most": 1, "queue": 5, "wait": "60s"}),
            "again": service(upstream, retries=again),
            "hedged": service(upstream, other, retries={"attempts": 1, "hedge": hedge}),
            "mirrored": service(upstream),
            "copied": service(other, health={"interval": "200ms", "timeout": "200ms"}),
            "named": service(discovery={"dns": {"name": "named.internal", "port": 80, "least_ttl": "100ms"}}),
        }
        routes = [route("mirrored", "/mirrored/**", "mirrored", mirror={"service": "copied", "share": "100%"})]
        config = world(
            services,
            routes,
            gateway={"drain_timeout": "300ms"},
            dns={"servers": [names.address], "timeout": "30s"},
        )
        with GatewayProcess(config) as gateway, ExitStack() as stack:

            def asking(path: bytes) -> Client:
                client = stack.enter_context(Client(gateway.address))
                client.send(get(path))
                return client

            names.silent = True
            waiting = [asking(b"/main/held"), asking(b"/narrow/held"), asking(b"/hedged/held")]
            assert [client.interim().status for client in waiting] == [103, 103, 103]
            waiting += [asking(b"/narrow/queued"), asking(b"/again/busy")]
            for server in (upstream, other):
                server.wait_for(lambda server=server: bool(server.requests(b"/hedged/held")))  # type: ignore[misc]
            gateway.wait_metric("downstream_retries_total", 1, service="again")
            gateway.wait_metric("http_requests_in_progress", 2, route="/narrow/**")
            assert asking(b"/mirrored/x").response().status == 200
            other.wait_request(b"/mirrored/x")
            other.wait_for(lambda: bool(other.requests(b"/health")))
            assert gateway.terminate() == 0
            endings = [client.ending() for client in waiting]
            copied.set()
        assert set(endings) <= {"closed", "reset"}
        assert upstream.requests(b"/narrow/queued") == []
