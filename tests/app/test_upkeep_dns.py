"""Targets from name servers: what the configuration says of them arrives there, and a stop leaves nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.names import dns
from twisted.names.error import DNSServerError

from gatewayd.admin import Readiness
from gatewayd.app.upkeep import ServiceUpkeep, Upkeep
from tests.app.world import World
from tests.upstream.discoveries import API, SRV, Resolver, a, srv
from tests.upstream.test_discovery_resolver import name_server


class Kept(World):
    """A service whose targets come from a resolver of the test's."""

    def __init__(self, folder: Path, settings: str, *lines: str) -> None:
        super().__init__(folder, *lines, targets=f"discovery: {{dns: {{{settings}}}}}")
        self.resolver = Resolver()
        self.upkeep = ServiceUpkeep(
            self.service,
            self.settings,
            self.metrics.service("main"),
            self.builder,
            self.reactor,
            lambda: self.resolver,
            self.now,
            lambda: self.random(),
        )

    def start(self, *records: dns.RRHeader) -> list[str]:
        """Begin with these records; the targets that come of it."""
        self.resolver.put(*records)
        assert self.upkeep.start().called
        return self.urls

    def row(self, name: str, **labels: str) -> float | None:
        """A row about look-ups."""
        return self.metrics.registry.get_sample_value(name, {"cache_type": "dns", **labels})

    @property
    def urls(self) -> list[str]:
        """The targets there are."""
        return [target.url for target in self.service.targets]


def test_addresses(tmp_path: Path) -> None:
    """At the configured port; looked up again when the answer runs out."""
    kept = Kept(tmp_path, f"name: {API}, port: 8080, least_ttl: 2s, most_ttl: 20s")
    kept.random = lambda: 0.0
    assert kept.start(a(API, "10.0.0.1", 1)) == ["http://10.0.0.1:8080"]
    (target,) = kept.service.targets
    for passes, ttl, address in ((2.0, 10, "10.0.0.2"), (10.0, 1000, "10.0.0.3"), (20.0, 30, "10.0.0.4")):
        kept.resolver.put(a(API, "10.0.0.1", ttl), a(API, address, ttl))
        before = kept.urls
        kept.pass_time(passes - 0.25)
        assert kept.urls == before
        kept.pass_time(0.25)
        assert kept.urls == ["http://10.0.0.1:8080", f"http://{address}:8080"]
        assert kept.service.targets[0] is target
    kept.upkeep.stop()
    assert not kept.reactor.getDelayedCalls()


def test_services(tmp_path: Path) -> None:
    """SRV records bring ports, groups and weights."""
    kept = Kept(tmp_path, f"name: {SRV}, record: srv", "health: {path: off, interval: 10s}")
    services = srv("one.internal", 81, 20), srv("two.internal", 82, 10, 7)
    kept.start(*services, a("one.internal", "10.0.0.1"), a("two.internal", "10.0.0.2"))
    assert [(target.url, target.weight, target.priority) for target in kept.service.targets] == [
        ("http://10.0.0.2:82", 7, 0),
        ("http://10.0.0.1:81", 1, 1),
    ]
    kept.upkeep.stop()
    assert not kept.reactor.getDelayedCalls()


@pytest.mark.parametrize("known", [False, True])
def test_name_servers_fail(tmp_path: Path, log: list[str], known: bool) -> None:
    """The last targets stay; where there are none, the start goes on without, and tries again."""
    kept = Kept(tmp_path, f"name: {API}, port: 80")
    failing = {(kind, API): DNSServerError() for kind in (dns.A, dns.AAAA)}
    if not known:
        kept.resolver.zone |= failing
    assert kept.start(*([a(API, "10.0.0.1")] if known else [])) == (["http://10.0.0.1:80"] if known else [])
    kept.resolver.zone |= failing
    kept.pass_time(40.0)
    assert len(kept.urls) == known
    assert sum(line.startswith("warn: no targets of the name") for line in log) == 1
    kept.resolver.put(a(API, "10.0.0.2"))
    kept.pass_time(60.0)
    assert kept.urls == ["http://10.0.0.2:80"]
    kept.upkeep.stop()


def test_counted(tmp_path: Path) -> None:
    """An address that is known when it is needed is a hit; name servers that are asked, a miss; and all that fails."""
    kept = Kept(tmp_path, f"name: {API}, port: 80, least_ttl: 2s, most_ttl: 20s")
    kept.start(a(API, "10.0.0.1"))
    dialling = [Deferred.fromCoroutine(kept.service.targets[0].pool.acquire()) for _ in range(3)]
    kept.resolver.zone |= {(kind, API): DNSServerError() for kind in (dns.A, dns.AAAA)}
    kept.pass_time(20.0)
    rows = [
        kept.row("cache_hits_total"),
        kept.row("cache_misses_total"),
        kept.row("cache_errors_total", operation="get"),
    ]
    assert rows == [len(kept.dials), 2, 1]
    assert len(kept.dials) == len(dialling) == 3
    kept.upkeep.stop()
    for waiting in dialling:
        waiting.addErrback(lambda _: None)
        waiting.cancel()


def test_fixed_targets_are_not_counted(tmp_path: Path) -> None:
    """Addresses that are configured were never looked up."""
    made = World(tmp_path)
    waiting = Deferred.fromCoroutine(made.service.targets[0].pool.acquire())
    made.dials[0].accept()
    assert waiting.called
    assert made.metrics.registry.get_sample_value("cache_hits_total", {"cache_type": "dns"}) == 0


@pytest_twisted.ensureDeferred
async def test_one_resolver_for_all(tmp_path: Path) -> None:
    """It asks the configured servers, is made once, and nothing of it is left after a stop."""
    async with name_server() as server:
        server.put(b"api.internal", dns.Record_A("10.0.0.1", 30))
        server.put(b"_http._tcp.internal", dns.Record_SRV(1, 1, 81, b"api.internal", 30))
        made = World(
            tmp_path,
            targets="discovery: {dns: {name: api.internal, port: 80}}",
            more="  other: {discovery: {dns: {name: _http._tcp.internal, record: srv}}}\n"
            f"dns: {{servers: ['127.0.0.1:{server.port}'], timeout: 5s}}\n",
        )
        upkeep = Upkeep(
            made.config, made.services, made.metrics, made.builder, reactor, made.now, lambda: made.random()
        )
        await upkeep.start(Readiness())
        urls = {name: [target.url for target in service.targets] for name, service in made.services.items()}
        assert urls == {"main": ["http://10.0.0.1:80"], "other": ["http://10.0.0.1:81"]}
        assert upkeep._resolve() is upkeep._resolve()
        upkeep.stop()


@pytest_twisted.ensureDeferred
async def test_the_time_a_name_server_has(tmp_path: Path, log: list[str]) -> None:
    """One that does not answer has the configured time, each time it is asked; then the start goes on without."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        made = World(
            tmp_path,
            targets="discovery: {dns: {name: api.internal, port: 80}}",
            more=f"dns: {{servers: ['127.0.0.1:{silent.getsockname()[1]}'], timeout: 20ms}}\n",
        )
        upkeep = Upkeep(
            made.config, made.services, made.metrics, made.builder, reactor, made.now, lambda: made.random()
        )
        await upkeep.start(Readiness())
        assert made.service.targets == ()
        assert "no name server answered in time" in log[-1]
        upkeep.stop()
