"""A service with many targets that are all in trouble: the more there are, the less may be spent on each."""

from __future__ import annotations

from collections.abc import Container

import pytest

from gatewayd.core.balance import RoundRobin
from gatewayd.core.streak import Health
from gatewayd.upstream.target import Target
from tests.upstream.fakes import Connection
from tests.upstream.services import Failing, Place

MANY = 200


class Counting(RoundRobin[Target[Connection]]):
    """Counts how often it is asked for another target, which takes as long as there are many."""

    asked = 0

    def other(self, tried: Container[Target[Connection]], key: bytes | None, now: float) -> Target[Connection] | None:
        """As the parent does."""
        self.asked += 1
        return super().other(tried, key, now)


def crowd() -> tuple[Place, Counting]:
    """Many targets, of which all but the last are ejected, and that one fails its checks."""
    policy = Counting(lambda: 0.0)
    targets = [Failing(str(at)) for at in range(MANY)]
    place = Place(*targets, policy=policy)
    for target in targets[:-1]:
        target.fails(place.now)
    targets[-1].health = Health.UNHEALTHY
    place.service.refresh(place.now)
    return place, policy


def test_the_only_one_that_is_left() -> None:
    """The one that takes requests is found, and the policy is not asked for each of the others in turn."""
    place, policy = crowd()
    assert len(place.service.candidates) == MANY
    last = place.service.targets[-1]
    for _ in range(5):
        policy.asked = 0
        assert place.pick() is last
        assert policy.asked < 10


def test_none_is_left() -> None:
    """Where nobody takes a request, somebody has to, at as little cost."""
    place, policy = crowd()
    last = place.service.targets[-1]
    assert isinstance(last, Failing)
    policy.asked = 0
    assert place.pick(last) in place.service.candidates
    assert policy.asked < 10


@pytest.mark.parametrize("number", [0.0, 0.5, 0.99])
def test_all_are_new(number: float) -> None:
    """Targets that all warm up share the requests, however few each of them takes."""
    policy = Counting(lambda: number)
    targets = [Failing(str(at), slow_since=100.0, slow_until=200.0) for at in range(MANY)]
    place = Place(*targets, policy=policy)
    place.chance.number = number
    assert place.pick() in targets
    assert policy.asked < 10
