"""Targets as balancing sees them, and how those that are new warm up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.balance import (
    Candidate,
    HashRing,
    LeastRequests,
    PeakEwma,
    Policy,
    Random,
    RoundRobin,
    admits,
    share,
)

HIGHEST = 1.0 - 2.0**-53  # the highest number below 1.0


class Target:
    """A candidate for tests."""

    def __init__(self, name: str, weight: int = 1, priority: int = 0, active: int = 0) -> None:
        self.name = name
        self.weight = weight
        self.priority = priority
        self.active = active
        self.latency = 0.0
        self.stamp = 0.0
        self.slow_since = 0.0
        self.slow_until = 0.0

    def __repr__(self) -> str:
        """Its name."""
        return f"<Target {self.name}>"


class Dice:
    """Yields the numbers it was given, over and over."""

    def __init__(self, *numbers: float) -> None:
        self._numbers = numbers
        self._at = -1

    def __call__(self) -> float:
        """The next one."""
        self._at = (self._at + 1) % len(self._numbers)
        return self._numbers[self._at]


def targets(*weights: int) -> list[Target]:
    """A target of each weight, called t0, t1, ..."""
    return [Target(f"t{index}", weight) for index, weight in enumerate(weights)]


def all_policies(dice: Dice) -> list[Policy[Target]]:
    """One of each kind."""
    return [
        RoundRobin(dice),
        Random(dice),
        LeastRequests(dice),
        PeakEwma(dice),
        HashRing(dice),
        HashRing(dice, bounded=1.25),
    ]


weights = st.lists(st.integers(1, 1000), min_size=1, max_size=8)


@given(
    weights,
    st.lists(st.floats(0.0, HIGHEST) | st.just(HIGHEST), min_size=1, max_size=5),
    st.one_of(st.none(), st.binary()),
    st.lists(st.integers(0, 50), min_size=8, max_size=8),
)
def test_every_policy_picks_a_candidate(
    given_weights: list[int], numbers: list[float], key: bytes | None, active: Sequence[int]
) -> None:
    """Whatever the weights, the numbers drawn, the key and the load."""
    candidates = targets(*given_weights)
    for candidate, requests in zip(candidates, active, strict=False):
        candidate.active = requests
    for policy in all_policies(Dice(*numbers)):
        policy.rebuild(candidates)
        for now in (0.0, 1.0, 1e9):
            picked = policy.pick(key, now)
            assert picked in candidates
            policy.done(picked, 0.1, now)


@given(weights, st.floats(0.0, HIGHEST), st.one_of(st.none(), st.binary()), st.data())
def test_another_is_never_one_that_was_tried(
    given_weights: list[int], number: float, key: bytes | None, data: st.DataObject
) -> None:
    """And there is one as long as not all were."""
    candidates = targets(*given_weights)
    tried = [candidate for candidate in candidates if data.draw(st.booleans())]
    for policy in all_policies(Dice(number)):
        policy.rebuild(candidates)
        found = policy.other(tried, key, 0.0)
        assert found is None if len(tried) == len(candidates) else found in candidates and found not in tried


def test_no_candidates() -> None:
    """A policy may be left without any, and get new ones."""
    candidates: list[Target] = targets(1, 2)
    for policy in all_policies(Dice(0.5)):
        for key in (None, b"key"):
            policy.rebuild(candidates)
            policy.rebuild([])
            assert policy.other((), key, 0.0) is None
            policy.rebuild(candidates[:1])
            assert policy.pick(key, 0.0) is candidates[0]


def test_which_policies_learn() -> None:
    """Only one has any use for the time that answers take."""
    assert [type(policy).__name__ for policy in all_policies(Dice(0.5)) if policy.learns] == ["PeakEwma"]


def test_a_target_is_a_candidate() -> None:
    """What the tests use has all that balancing asks for; mypy sees to it."""
    candidate: Candidate = Target("t")
    assert (candidate.latency, candidate.stamp) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (5.0, 0.1),
        (10.0, 0.1),
        (15.0, 0.55),
        (20.0 - 1e-9, 1.0 - 0.09e-9),
        (20.0, 1.0),
        (25.0, 1.0),
    ],
)
def test_the_share_grows_evenly(now: float, expected: float) -> None:
    """From a tenth at the beginning to all of it at the end, and stays there."""
    assert share(10.0, 20.0, now) == pytest.approx(expected, abs=1e-12)


def test_a_warm_target_has_its_full_share() -> None:
    """One that does not warm up, or for no time."""
    assert share(0.0, 0.0, 0.0) == 1.0
    assert share(7.0, 7.0, 7.0) == 1.0


@given(
    st.floats(0, 1e6),
    st.floats(1e-3, 1e4),
    st.lists(st.floats(0, 2e6), min_size=2, max_size=10),
    st.floats(0, 1),
)
def test_the_share_never_falls(since: float, seconds: float, times: list[float], least: float) -> None:
    """And is always from the least to all."""
    shares = [share(since, since + seconds, now, least) for now in sorted(times)]
    assert shares == sorted(shares)
    assert all(least <= one <= 1.0 for one in shares)


def test_admission() -> None:
    """All are admitted to a full share, none to an empty one; between, those that draw less."""
    assert admits(1.0, HIGHEST)
    assert not admits(0.0, 0.0)
    assert admits(0.25, 0.25 - 1e-9)
    assert not admits(0.25, 0.25)
