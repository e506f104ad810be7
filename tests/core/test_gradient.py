"""The adaptive limit: between its bounds, up while the service is quick, down when it slows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.gradient import Gradient


class World:
    """A service in use up to its limit, and the time. A moment is what the limit is judged by."""

    def __init__(self, least: int = 10, most: int = 1000, tolerance: float = 1.5) -> None:
        self.gradient = Gradient(least, most, tolerance)
        self.now = 1000.0

    def moment(self, latency: float, *, in_flight: int | None = None, dropped: int = 0) -> int:
        """Ten answers that took `latency` seconds each, spread over what counts as a moment; the limit afterwards."""
        busy = self.gradient.limit if in_flight is None else in_flight
        for at in range(10):
            if at:
                self.now += max(0.25, latency) / 8
            self.gradient.observe(latency, busy, at < dropped, self.now)
        self.now += 0.001
        return self.gradient.limit

    def moments(self, number: int, latency: float) -> int:
        """Some of them in a row."""
        for _ in range(number):
            self.moment(latency)
        return self.gradient.limit


def test_it_begins_cautiously_and_doubles() -> None:
    """Nothing is concluded from the first three moments; then the limit doubles while answers are quick."""
    world = World(least=10, most=200)
    assert [world.moment(0.05) for _ in range(9)] == [10, 10, 10, 20, 40, 80, 160, 200, 200]


def test_the_first_slow_moment_ends_the_doubling() -> None:
    """From then on the limit grows by a share of its root."""
    world = World()
    assert world.moments(6, 0.05) == 80
    assert world.moment(0.1) < 80
    before = world.gradient.limit
    after = world.moment(0.05)
    assert before < after <= before + 2


def test_one_moment_does_not_take_everything() -> None:
    """However slow it was, the limit keeps nine tenths."""
    world = World()
    assert world.moments(6, 0.05) == 80
    assert 72 <= world.moment(60.0) < 80


def test_a_dropped_request_ends_the_doubling() -> None:
    """However quick the others are."""
    world = World()
    assert world.moments(6, 0.05) == 80
    world.moment(0.05, dropped=1)
    assert world.moment(0.05) < 90


def test_what_is_not_in_use_is_not_judged() -> None:
    """With less than half of the limit in use it neither grows nor shrinks."""
    world = World()
    assert world.moments(6, 0.05) == 80
    assert world.moment(0.05, in_flight=39) == 80
    assert world.moment(5.0, in_flight=39) == 80
    assert world.moment(5.0, in_flight=40) < 80


def test_answers_of_one_moment_are_taken_together() -> None:
    """One slow answer among many changes nothing."""
    world = World()
    world.moments(20, 0.05)
    limit = world.gradient.limit
    for latency in [0.2, *[0.05] * 9]:
        world.now += 0.03
        world.gradient.observe(latency, limit, False, world.now)
    assert world.gradient.limit >= limit


@pytest.mark.parametrize(("answers", "seconds", "over"), [(9, 1.0, False), (10, 0.249, False), (10, 0.25, True)])
def test_a_moment_has_a_least_length(answers: int, seconds: float, over: bool) -> None:
    """It is over when it has had ten answers and lasted a quarter of a second."""
    gradient = Gradient(100, 1000)
    world = World(least=100)
    world.gradient = gradient
    world.moments(3, 0.05)
    start = world.now
    for at in range(answers):
        gradient.observe(0.05, 100, False, start + seconds * (at == answers - 1))
    assert gradient.limit == (200 if over else 100)


def test_a_moment_lasts_as_long_as_an_answer() -> None:
    """What is answered now was asked before the limit moved: a service that takes seconds is judged after seconds."""
    world = World(least=100)
    world.moments(3, 2.0)
    start = world.now
    for at in range(20):
        world.gradient.observe(2.0, 100, False, start + at * 0.1)
    assert world.gradient.limit == 100
    world.gradient.observe(2.0, 100, False, start + 2.0)
    assert world.gradient.limit == 200


def test_dropped_requests_shrink_the_limit() -> None:
    """By their share, even where the rest is quick; what they took is not counted as latency."""
    world = World()
    world.moments(30, 0.05)
    before = world.gradient.limit
    some = world.moment(0.05, dropped=3)
    assert some < before
    world = World()
    world.moments(30, 0.05)
    assert world.moment(0.05, dropped=6) < some


def test_a_service_that_drops_everything() -> None:
    """Nothing is known of its latency; the limit goes down to the least, and no further."""
    world = World()
    world.moments(6, 0.05)
    for _ in range(100):
        world.moment(0.05, dropped=10)
    assert world.gradient.limit == 10
    assert world.moments(20, 0.05) > 10


def test_answers_in_no_time() -> None:
    """A clock too coarse to see them makes nothing of them."""
    world = World()
    assert world.moments(6, 0.0) == 80
    assert world.moments(3, 0.05) < 80


def test_a_change_that_stays_becomes_usual() -> None:
    """A service that is slower since its last release gets its requests back, after minutes."""
    world = World(least=2)
    world.moments(40, 0.1)
    world.moments(100, 0.3)
    low = world.gradient.limit
    assert low < 10
    world.moments(4000, 0.3)
    assert world.gradient.limit > 100


def test_a_slow_time_that_is_over_is_forgotten() -> None:
    """What had become usual in it does not hide the next one."""
    world = World()
    world.moments(4000, 2.0)
    world.moments(100, 0.1)
    high = world.gradient.limit
    assert world.moments(20, 0.5) < high


@given(
    bounds=st.tuples(st.integers(1, 200), st.integers(0, 2000)).map(lambda pair: (pair[0], sum(pair))),
    tolerance=st.floats(1.0, 3.0),
    answers=st.lists(
        st.tuples(st.floats(0, 60), st.integers(1, 3000), st.booleans(), st.sampled_from([0.0, 0.02, 0.3, 3600.0])),
        max_size=300,
    ),
)
def test_bounds_hold(bounds: tuple[int, int], tolerance: float, answers: list[tuple[float, int, bool, float]]) -> None:
    """Whatever is observed, the limit is a whole number from least to most."""
    least, most = bounds
    gradient = Gradient(least, most, tolerance)
    now = 0.0
    for seconds, in_flight, dropped, passed in answers:
        now += passed
        gradient.observe(seconds, in_flight, dropped, now)
        assert isinstance(gradient.limit, int)
        assert least <= gradient.limit <= most


@given(latency=st.floats(0.001, 1.0), quick=st.integers(5, 60), factor=st.floats(2.0, 50.0))
def test_it_falls_when_latency_doubles_and_recovers(latency: float, quick: int, factor: float) -> None:
    """At whatever speed and limit: down within a moment, and up again when answers are as quick as before.

    (Ten moments of a service that takes ten seconds are minutes, in which that may become usual.)
    """
    world = World(least=20, most=400)
    usual = world.moments(quick, latency)
    first = world.moment(latency * factor)
    assert first < usual
    low = world.moments(10, latency * factor)
    assert low < first
    assert world.moments(200, latency) >= usual
