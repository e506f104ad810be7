"""Targets that come and go: what stays of those that stay, and how the others finish."""

from __future__ import annotations

from collections import Counter

from gatewayd.core.streak import Health
from tests.upstream.services import Failing, Place, three


def test_counts_are_those_of_all_targets() -> None:
    """In use, idle and waiting are added up, and those on their way out count as well."""
    a, b, c = three()
    place = Place(a, b, c)
    a.world.connected()
    a.world.request()
    _, connection = b.world.connected()
    b.world.pool.release(connection)
    c.world.connected()
    assert place.service.counts() == (2, 1, 1)
    place.service.replace([b], place.now)
    assert place.service.counts() == (2, 1, 1)


def test_those_that_stay_keep_what_they_have() -> None:
    """Their connections, and what is known of them."""
    a, b = Failing("a"), Failing("b")
    place = Place(a)
    a.health = Health.HEALTHY
    _, connection = a.world.connected()
    a.world.pool.release(connection)
    place.service.replace([b, a], place.now)
    assert place.service.targets == (b, a)
    assert a.world.pool.take() is connection
    assert place.service.known_healthy
    assert place.asked() == {a, b}


def test_those_that_go_finish_what_they_have_begun() -> None:
    """They get nothing new, lose what is idle at once, and are gone with their last request."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    request, connection = a.world.connected()
    a.active = 1
    place.service.replace([b], place.now)
    assert place.asked() == {b}
    assert place.service.standings(place.now) == (1, 0, 1)
    assert not connection.closed
    a.world.pool.release(connection)
    assert connection.closed
    assert request.error is None
    assert place.service.standings(place.now) == (1, 0, 1)
    a.active = 0
    assert place.service.standings(place.now) == (1, 0, 0)


def test_all_go() -> None:
    """And others come in their place, in the same moment."""
    a, b, c = three()
    place = Place(a, b)
    a.active = 1
    place.service.replace([c], place.now)
    assert place.asked() == {c}
    assert place.service.standings(place.now) == (1, 0, 1)


def test_one_comes_back_while_it_goes() -> None:
    """It is another one by then, and both are counted for what they are."""
    old, again = Failing("a"), Failing("a")
    place = Place(old)
    old.active = 1
    place.service.replace([], place.now)
    place.service.replace([again], place.now)
    assert place.asked() == {again}
    assert place.service.standings(place.now) == (1, 0, 1)


def test_those_that_went_are_forgotten() -> None:
    """Also where nobody ever asks for counts: discovery may go on for years."""
    place = Place(Failing("0"))
    for number in range(1, 50):
        place.service.replace([Failing(str(number))], place.now)
    assert len(place.service._leaving) <= 1


def test_weights_take_effect() -> None:
    """The targets are the same, and their shares are not."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    a.weight = 3
    place.service.replace([a, b], place.now)
    assert Counter(place.pick() for _ in range(40)) == {a: 30, b: 10}


def test_a_target_that_left_is_no_other() -> None:
    """Its failures eject nobody, nor does it stand in for one that stays."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    place.service.replace([b], place.now)
    b.fails(place.now)
    assert place.asked() == {b}


def test_closing_closes_every_pool() -> None:
    """None lends any more, of those on their way out neither."""
    a, b = Failing("a"), Failing("b")
    place = Place(a, b)
    waiting = b.world.request()
    place.service.replace([a], place.now)
    place.service.close()
    assert a.world.pool.closed
    assert b.world.pool.closed
    assert not waiting.pending
    b.world.dials[0].over = True
