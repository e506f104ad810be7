"""Discovery by DNS: when a name is looked up again, what its answers lead to, and what stays while that fails."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as NoAnswer
from twisted.internet.error import CannotListenError
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.names import dns
from twisted.names.error import (
    DNSFormatError,
    DNSNameError,
    DNSQueryRefusedError,
    DNSQueryTimeoutError,
    DNSServerError,
)

from gatewayd.core.membership import Found

from .discoveries import API, World, a, aaaa, alias


def test_both_families() -> None:
    """A and AAAA are asked for at once, and their answers are one list in a fixed order."""
    world = World().start(a(API, "10.0.0.2"), a(API, "10.0.0.1"), aaaa(API, "fd00::1"))
    assert world.resolver.asked == [(dns.A, API), (dns.AAAA, API)]
    assert world.found == [(Found("10.0.0.1", 80), Found("10.0.0.2", 80), Found("fd00::1", 80))]
    world.resolver.put(a(API, "10.0.0.1"), a(API, "10.0.0.2"), aaaa(API, "fd00::1"))
    world.again()
    assert len(world.found) == 1


def test_start_waits_for_the_first_answer() -> None:
    """Of both families; later answers are none of its business."""
    world = World()
    world.resolver.put(a(API, "10.0.0.1"))
    waiting: Deferred[Any] = Deferred()
    world.resolver.withheld[dns.AAAA, API] = waiting
    started = world.discovery.start()
    assert (started.called, world.found) == (False, [])
    waiting.callback(([], [], []))
    assert started.called
    assert world.urls() == ["http://10.0.0.1:80"]


def test_start_may_be_given_up() -> None:
    """Who waited for the first answer no longer than that does not stop it."""
    world = World()
    waiting: Deferred[Any] = Deferred()
    world.resolver.withheld[dns.A, API] = waiting
    started = world.discovery.start()
    started.addErrback(lambda _: None)
    started.cancel()
    waiting.callback(([a(API, "10.0.0.1")], [], []))
    assert world.urls() == ["http://10.0.0.1:80"]


@pytest.mark.parametrize(
    ("ttls", "random", "seconds"),
    [((30, 20, 60), 0.0, 20.0), ((30, 20, 60), 1.0, 18.0), ((0, 9, 9), 0.0, 1.0), ((900, 900, 900), 0.0, 300.0)],
)
def test_ttls(ttls: tuple[int, int, int], random: float, seconds: float) -> None:
    """The lowest TTL decides when the name is looked up again, within bounds; and not a moment earlier."""
    world = World()
    world.random = random
    first, second, third = ttls
    world.start(a(API, "10.0.0.1", first), a(API, "10.0.0.2", second), aaaa(API, "fd00::1", third))
    assert world.next() == pytest.approx(seconds)
    world.clock.advance(seconds - 1e-6)
    assert len(world.resolver.asked) == 2
    world.clock.advance(2e-6)
    assert len(world.resolver.asked) == 4


def test_aliases_within_an_answer() -> None:
    """The way a resolver follows is followed, in any case of letters, and each of its records has a TTL."""
    world = World()
    chain = [alias(API.upper(), "b.internal", 7), alias("B.internal", "c.internal", 9), a("c.INTERNAL", "10.0.0.1")]
    world.resolver.zone[dns.A, API] = [*chain, a("other.internal", "10.9.9.9", 1)]
    world.start()
    assert world.urls() == ["http://10.0.0.1:80"]
    assert world.next() == 7.0


def test_aliases_beyond_an_answer() -> None:
    """Where an answer ends with an alias, that is asked for."""
    world = World().start(alias(API, "b.internal", 7), a("b.internal", "10.0.0.1"), aaaa("b.internal", "fd00::1"))
    assert world.urls() == ["http://10.0.0.1:80", "http://[fd00::1]:80"]
    assert world.next() == 7.0


def test_aliases_without_end() -> None:
    """A circle is left after a few rounds."""
    world = World().start(alias(API, "b.internal"), alias("b.internal", API))
    assert world.failed == ["it leads through more than 8 aliases"]
    assert len(world.resolver.asked) < 25


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DNSNameError(), "the name does not exist"),
        (DNSServerError(), "the name server failed (SERVFAIL)"),
        (DNSQueryRefusedError(), "the name server refused to answer (REFUSED)"),
        (DNSFormatError(), "the name server answered with an error (DNSFormatError)"),
        (NoAnswer(), "no name server answered in time"),
        (DNSQueryTimeoutError(1), "no name server answered in time"),
        (OSError(), "no name server can be reached"),
        (Refused(), "no name server can be reached"),
        (CannotListenError("", 0, OSError()), "there is no socket to ask with"),
        (ZeroDivisionError(), "the lookup itself failed (ZeroDivisionError)"),
    ],
)
def test_failures(error: Exception, why: str) -> None:
    """The last targets stay, and the cause is told in a phrase."""
    world = World().start(a(API, "10.0.0.1"))
    world.resolver.zone = {(dns.A, API): error, (dns.AAAA, API): error}
    world.again()
    assert (world.failed, world.discovery.failure) == ([why], why)
    assert world.urls() == ["http://10.0.0.1:80"]
    assert world.found == [(Found("10.0.0.1", 80),)]
    world.resolver.zone = {}
    world.resolver.put(a(API, "10.0.0.2"))
    world.again()
    assert world.urls() == ["http://10.0.0.2:80"]
    assert world.discovery.failure == ""


def test_an_empty_answer_is_a_failure() -> None:
    """It takes no targets away."""
    world = World().start(a(API, "10.0.0.1"))
    world.resolver.zone = {}
    world.again()
    assert world.failed == ["it has no address"]
    assert world.urls() == ["http://10.0.0.1:80"]


@pytest.mark.parametrize("error", [DNSNameError(), DNSServerError(), NoAnswer()])
def test_one_family_fails(error: Exception) -> None:
    """The other one is enough."""
    world = World()
    world.resolver.zone[dns.AAAA, API] = error
    world.start(a(API, "10.0.0.1"))
    assert world.urls() == ["http://10.0.0.1:80"]
    assert world.failed == []


@pytest.mark.parametrize(("error", "stays"), [(DNSServerError(), True), (NoAnswer(), True), (DNSNameError(), False)])
def test_one_family_fails_later(error: Exception, stays: bool) -> None:
    """Addresses that only could not be asked for stay; those that are said not to exist go."""
    world = World().start(a(API, "10.0.0.1"), aaaa(API, "fd00::1"))
    world.resolver.zone[dns.A, API] = error
    world.again()
    assert world.urls() == ["http://10.0.0.1:80"] * stays + ["http://[fd00::1]:80"]
    assert world.failed == []


@pytest.mark.parametrize("error", [DNSServerError(), NoAnswer(), DNSNameError()])
def test_the_only_family_fails_later(error: Exception) -> None:
    """That the other one answers, as ever, that there is nothing makes it no success."""
    world = World().start(a(API, "10.0.0.1"))
    world.resolver.zone[dns.A, API] = error
    world.again()
    assert len(world.failed) == 1
    assert world.urls() == ["http://10.0.0.1:80"]


def test_retries() -> None:
    """Each failure doubles the time to the next try, up to a minute; a success starts over."""
    world = World()
    world.random = 0.5
    world.resolver.zone = {(dns.A, API): NoAnswer(), (dns.AAAA, API): NoAnswer()}
    world.start()
    pauses = []
    for _ in range(9):
        pauses.append(world.next())
        world.again()
    assert pauses == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0])
    world.resolver.zone = {}
    world.resolver.put(a(API, "10.0.0.1"))
    world.again()
    world.resolver.zone = {}
    world.again()
    assert world.next() == pytest.approx(1.0)


@pytest.mark.parametrize("early", [True, False])
def test_stopped(early: bool) -> None:
    """Nothing comes after it; whoever waits for the start is let go; an answer under way has no effect."""
    world = World()
    waiting: Deferred[Any] = Deferred()
    world.resolver.withheld[dns.A, API] = waiting
    started = world.discovery.start()
    if early:
        world.discovery.stop()
        assert started.called
        waiting.callback(([a(API, "10.0.0.1")], [], []))
        assert world.found == []
    else:
        waiting.callback(([a(API, "10.0.0.1")], [], []))
        world.discovery.stop()
    assert world.clock.getDelayedCalls() == []
    world.discovery.stop()


def test_stopped_before_a_failure() -> None:
    """It is not told."""
    world = World()
    world.resolver.withheld = {(dns.A, API): Deferred(), (dns.AAAA, API): Deferred()}
    world.discovery.start()
    world.discovery.stop()
    for waiting in world.resolver.withheld.values():
        waiting.errback(NoAnswer())
    assert world.failed == []
    assert world.clock.getDelayedCalls() == []
