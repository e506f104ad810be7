"""Which target of a service is asked: groups, failover, and clients that stay."""

from __future__ import annotations

import sys

import pytest

from gatewayd.core.balance import Cookie, HashRing, PeakEwma, StickyTargets
from gatewayd.core.outcomes import Outcome
from gatewayd.core.reasons import NO_TARGET, Refused
from gatewayd.core.streak import Health
from tests.upstream.services import OUT, Failing, Place, three


def refused(place: Place) -> bool:
    """Whether a request is refused, and for the right reason."""
    with pytest.raises(Refused) as caught:
        place.pick()
    return caught.value.reason is NO_TARGET


# Who is asked.


def test_no_target() -> None:
    """None was found yet."""
    assert refused(Place())


def test_one_target_is_always_the_one() -> None:
    """There is no turn to take, and no other one to try."""
    only = Failing("a")
    place = Place(only)
    assert place.asked() == place.asked(3, only) == {only}


def test_targets_are_taken_in_turn() -> None:
    """Each gets its share, whichever comes first."""
    targets = three()
    place = Place(*targets)
    first = [place.pick() for _ in range(3)]
    assert set(first) == set(targets)
    assert [place.pick() for _ in range(6)] == first * 2


def test_another_target_first() -> None:
    """A second attempt goes to one that was not tried; where all were, to any of them."""
    a, b, c = three()
    place = Place(a, b, c)
    assert place.asked(12, a) <= {b, c}
    assert place.asked(12, a, c) == {b}
    assert place.asked(12, a, b, c) == {a, b, c}


def test_a_key_decides() -> None:
    """With a policy that keeps requests with the same one together, also at the second attempt."""
    a, b, c = three()
    place = Place(a, b, c, policy=HashRing(lambda: 0.5))
    first = {key: place.pick(key=key) for key in (b"%d" % number for number in range(30))}
    assert set(first.values()) == {a, b, c}
    for key, target in first.items():
        assert isinstance(target, Failing)
        assert place.pick(key=key) is target
        assert place.pick(target, key=key) is place.pick(target, key=key) is not target


def test_learning() -> None:
    """Policies that go by latency are told of it; others are spared the call."""
    a, b = Failing("a"), Failing("b")
    assert Place(a, b).service.learn is None
    service = Place(a, b, policy=PeakEwma(lambda: 0.0)).service
    assert service.learn is not None
    service.learn(a, 0.5, 100.0)
    assert (a.latency, a.stamp) == (0.5, 100.0)


# Health, groups and failover.


def test_an_unhealthy_target_is_passed_over() -> None:
    """Until it is healthy again; the one of which nothing is known is as good as a healthy one."""
    a, b, c = three()
    place = Place(a, b, c)
    assert not place.service.known_healthy
    a.health = Health.HEALTHY
    b.health = Health.UNHEALTHY
    place.service.refresh(place.now)
    assert place.service.known_healthy
    assert place.asked() == {a, c}
    assert place.service.standings(place.now) == (2, 1, 0)
    place.ill()
    assert place.asked() == {a, b, c}


def test_the_lowest_group_is_asked() -> None:
    """The next one gets nothing while one of the first can answer."""
    a, b, spare = Failing("a"), Failing("b"), Failing("c", priority=1)
    place = Place(spare, a, b)
    assert place.asked() == {a, b}
    place.ill(a)
    assert place.asked() == {b}
    place.ill(a, b)
    assert place.asked() == {spare}
    place.ill()
    assert place.asked() == {a, b}


def test_a_group_that_is_too_small() -> None:
    """Failover comes before the last one of a group has to take everything."""
    a, b, c = three()
    spare = Failing("d", priority=1)
    place = Place(a, b, c, spare, failover_below=0.5)
    place.ill(a)
    assert place.asked() == {b, c}
    place.ill(a, b)
    assert place.asked() == {spare}
    place.ill(a, b, spare)
    assert place.asked() == {c}


def test_panic() -> None:
    """Where no target can answer, all of the first group are tried all the same."""
    a, b, spare = Failing("a"), Failing("b"), Failing("c", priority=1)
    place = Place(a, b, spare)
    place.ill(a, b, spare)
    assert place.asked() == {a, b}
    assert place.service.standings(place.now) == (0, 3, 0)


def test_no_panic() -> None:
    """`refuses`: they are not tried, until one of them is well."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b, refuses=True)
    place.ill(a, b)
    assert refused(place)
    place.ill(b)
    assert place.asked() == {a}


def test_panic_prefers_whom_nobody_ejected() -> None:
    """Of two that cannot answer, the one where requests failed is left alone."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    a.fails(place.now)
    place.ill(b)
    assert place.service.candidates == (a, b)
    assert place.asked() == {b}


# Clients that stay.


def sticky() -> tuple[Place, Failing, Failing, bytes]:
    """A service with two targets, and the cookie of the first."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b, sticky=StickyTargets(Cookie("seat", 3600.0), b"salt"))
    assert place.service.sticky is not None
    line = place.service.sticky.line(a)
    return place, a, b, line.partition(b"=")[2].partition(b";")[0]


def test_a_client_stays() -> None:
    """Its cookie names the target; one that names nothing is as good as none."""
    place, a, _, ident = sticky()
    assert place.service.stays_with(ident, place.now) is a
    assert place.service.stays_with(b"AAAAAAAAAAAA", place.now) is None
    assert Place(a).service.stays_with(ident, place.now) is None


def test_a_client_does_not_stay_with_the_sick() -> None:
    """Not while its target is ejected, nor while another request finds out whether it is back."""
    place, a, _, ident = sticky()
    a.fails(place.now)
    assert place.service.stays_with(ident, place.now) is None
    place.now += OUT
    assert place.service.stays_with(ident, place.now) is a
    permit = a.permit(place.now)
    assert permit is not None
    assert place.service.stays_with(ident, place.now) is None
    permit.report(Outcome.SUCCESS, place.now)
    assert place.service.stays_with(ident, place.now) is a


def test_a_client_does_not_stay_with_the_gone() -> None:
    """Nor with a target that was removed; one that joined is known at once."""
    place, a, b, ident = sticky()
    place.service.replace([b], place.now)
    assert place.service.stays_with(ident, place.now) is None
    place.service.replace([a, b], place.now)
    assert place.service.stays_with(ident, place.now) is a


# What it costs.


def calls_of_a_pick(targets: int) -> int:
    """How many function calls it takes to pick one of so many."""
    place = Place(*(Failing(str(number)) for number in range(targets)))
    place.pick()
    seen: list[str] = []
    sys.setprofile(lambda frame, event, argument: seen.append(event))
    try:
        place.pick()
    finally:
        sys.setprofile(None)
    return len(seen)


def test_a_pick_costs_the_same_however_many_there_are() -> None:
    """What depends on all targets is worked out when they change."""
    assert calls_of_a_pick(2) == calls_of_a_pick(200)


# How many others there are, for those who would ask two at once.


def test_others() -> None:
    """Of those that may be picked."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    assert place.service.has_other(a)
    a.fails(place.now)
    assert place.service.has_other(a)
    assert not place.service.has_other(b)
    assert not Place().service.has_other(a)
