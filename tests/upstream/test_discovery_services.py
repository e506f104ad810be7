"""Discovery by SRV records: groups, weights and hosts, and what stays while some of them cannot be asked for."""

from __future__ import annotations

import pytest
from twisted.internet.defer import TimeoutError as NoAnswer
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSServerError

from gatewayd.core.membership import Found

from .discoveries import SRV, World, a, aaaa, alias, record, srv


def test_services() -> None:
    """Priorities are groups, weights are weights, and hosts are looked up where their addresses did not come along."""
    world = World("srv")
    world.resolver.additional = [a("one.internal", "10.0.0.1", 5), aaaa("one.internal", "fd00::1")]
    world.start(
        srv("One.internal", 8001, priority=20, weight=0),
        srv("two.internal", 8002, priority=7, weight=60),
        a("two.internal", "10.0.0.2"),
    )
    assert world.found == [
        (
            Found("10.0.0.2", 8002, weight=60, priority=0),
            Found("10.0.0.1", 8001, weight=1, priority=1),
            Found("fd00::1", 8001, weight=1, priority=1),
        )
    ]
    assert world.resolver.asked == [(dns.SRV, SRV), (dns.A, "two.internal"), (dns.AAAA, "two.internal")]
    assert world.next() == 5.0


def test_services_of_one_host() -> None:
    """It is looked up once."""
    world = World("srv").start(srv("one.internal", 8001), srv("one.internal", 8002), a("one.internal", "10.0.0.1", 4))
    assert world.urls() == ["http://10.0.0.1:8001", "http://10.0.0.1:8002"]
    assert len(world.resolver.asked) == 3
    assert world.next() == 4.0


def test_services_behind_an_alias() -> None:
    """The SRV name itself may be one."""
    world = World("srv")
    elsewhere = record("x.internal", dns.Record_SRV(1, 1, 81, b"one.internal"), 3)
    world.resolver.zone[dns.SRV, SRV] = [alias(SRV, "x.internal", 2), elsewhere]
    world.start(a("one.internal", "10.0.0.1"))
    assert world.urls() == ["http://10.0.0.1:81"]
    assert world.next() == 2.0


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ((), "it has no SRV record"),
        ((srv(""),), "it has no SRV record"),
        ((srv("one.internal"),), "it has no address"),
    ],
)
def test_no_services(services: tuple[dns.RRHeader, ...], why: str) -> None:
    """No record, one that says "not here" (RFC 2782), or no address of any host."""
    assert World("srv").start(*services).failed == [why]


def test_a_host_fails() -> None:
    """The others are enough; where it was known before, it stays, unless it is said not to exist."""
    services = [srv("one.internal"), srv("two.internal")]
    world = World("srv").start(*services, a("one.internal", "10.0.0.1"))
    assert world.urls() == ["http://10.0.0.1:80"]
    world.resolver.put(a("two.internal", "10.0.0.2"))
    world.again()
    both = ["http://10.0.0.1:80", "http://10.0.0.2:80"]
    assert world.urls() == both
    world.resolver.zone |= {(dns.A, "one.internal"): NoAnswer(), (dns.AAAA, "one.internal"): NoAnswer()}
    world.again()
    assert world.urls() == both
    world.resolver.zone |= {(dns.A, "one.internal"): DNSNameError(), (dns.AAAA, "one.internal"): DNSNameError()}
    world.again()
    assert world.urls() == both[1:]
    assert world.failed == []


def test_every_host_fails() -> None:
    """The cause of the first is told."""
    world = World("srv")
    world.resolver.zone = {(dns.A, "one.internal"): NoAnswer(), (dns.AAAA, "one.internal"): NoAnswer()}
    world.start(srv("one.internal"))
    assert world.failed == ["no name server answered in time"]


def test_the_service_fails() -> None:
    """Its last targets stay."""
    world = World("srv").start(srv("one.internal"), a("one.internal", "10.0.0.1"))
    world.resolver.zone[dns.SRV, SRV] = DNSServerError()
    world.again()
    assert world.failed == ["the name server failed (SERVFAIL)"]
    assert world.urls() == ["http://10.0.0.1:80"]
