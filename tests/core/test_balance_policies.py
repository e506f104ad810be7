"""Policies that look at the targets only: in turn, by chance, by load, by latency."""

from __future__ import annotations

from collections import Counter
from math import exp
from random import Random as Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.balance import LeastRequests, PeakEwma, Policy, Random, RoundRobin
from tests.core.test_balance import HIGHEST, Dice, Target, targets


def shares(policy: Policy[Target], candidates: list[Target], picks: int) -> list[float]:
    """What part of `picks` each candidate gets while nothing is going on."""
    policy.rebuild(candidates)
    got = Counter(policy.pick(None, 0.0) for _ in range(picks))
    return [got[candidate] / picks for candidate in candidates]


def picked(policy: Policy[Target], candidates: list[Target], now: float = 0.0) -> Target:
    """What the policy picks of these."""
    policy.rebuild(candidates)
    return policy.pick(None, now)


# In turn.


@pytest.mark.parametrize("start", [0.0, 0.4, HIGHEST])
def test_in_turn(start: float) -> None:
    """Every candidate once in a round, in order, wherever it begins."""
    candidates = targets(1, 1, 1)
    policy = RoundRobin[Target](Dice(start))
    policy.rebuild(candidates)
    names = "".join(policy.pick(None, 0.0).name[1] for _ in range(6))
    assert names in "012" * 3


def test_in_turn_by_weight() -> None:
    """Exactly the weights' shares in every round, and spread."""
    policy = RoundRobin[Target](Dice(0.0))
    policy.rebuild(targets(4, 2, 2))
    assert "".join(policy.pick(None, 0.0).name[1] for _ in range(8)) == "01020102"


def test_a_change_does_not_favour_the_first() -> None:
    """Where it goes on after a change is a matter of chance."""
    candidates = targets(1, 1)
    policy = RoundRobin[Target](Dice(0.0, 0.5))
    assert [picked(policy, candidates).name for _ in range(4)] == ["t0", "t1", "t0", "t1"]


# By chance.


@pytest.mark.parametrize(
    ("number", "name"), [(0.0, "t0"), (0.25 - 1e-9, "t0"), (0.25, "t1"), (0.75, "t2"), (HIGHEST, "t2")]
)
def test_by_chance_and_weight(number: float, name: str) -> None:
    """Each candidate's part of the numbers is as large as its weight says."""
    assert picked(Random(Dice(number)), targets(1, 2, 1)).name == name


@pytest.mark.parametrize(("number", "name"), [(0.0, "t0"), (0.5 - 1e-9, "t0"), (0.5, "t1"), (HIGHEST, "t1")])
def test_by_chance(number: float, name: str) -> None:
    """Equal weights have equal parts."""
    assert picked(Random(Dice(number)), targets(3, 3)).name == name


@settings(max_examples=20)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=5), st.integers(0, 1000))
def test_shares_while_idle(weights: list[int], seed: int) -> None:
    """While nothing is going on, every policy that does not measure divides requests by weight."""
    for policy in (RoundRobin, Random, LeastRequests):
        found = shares(policy(Generator(seed).random), targets(*weights), 4000)
        assert found == pytest.approx([weight / sum(weights) for weight in weights], abs=0.05)


# By load.


def test_two_choices_are_distinct() -> None:
    """With equal weights, every pair comes up alike, and never one candidate twice."""
    candidates = targets(1, 1, 1)
    pairs = Counter[tuple[str, str]]()
    for first in (0.0, 0.4, 0.9):
        for second in (0.0, 0.9):
            for candidate in candidates:
                candidate.active = 0
            one = picked(LeastRequests(Dice(first, second)), candidates)
            one.active = 1
            pairs[one.name, picked(LeastRequests(Dice(first, second)), candidates).name] += 1
    assert len(pairs) == 6
    assert all(one != other for one, other in pairs)


@pytest.mark.parametrize(
    ("weights", "active", "name"),
    [
        ((1, 1), (1, 0), "t1"),
        ((1, 1), (0, 1), "t0"),
        ((1, 1), (1, 1), "t0"),  # as drawn
        ((3, 1), (2, 1), "t0"),
        ((3, 1), (4, 1), "t1"),
        ((3, 1), (3, 1), "t0"),
    ],
)
def test_the_less_busy_of_two(weights: tuple[int, int], active: tuple[int, int], name: str) -> None:
    """Fewer requests for the weight win, the first drawn if they are even."""
    candidates = targets(*weights)
    for candidate, requests in zip(candidates, active, strict=True):
        candidate.active = requests
    assert picked(LeastRequests(Dice(0.0, 0.9)), candidates).name == name


@settings(max_examples=20)
@given(st.lists(st.integers(1, 10), min_size=2, max_size=6), st.integers(0, 1000))
def test_load_is_kept_in_proportion(weights: list[int], seed: int) -> None:
    """When many requests are held, each has about its share of them."""
    candidates = targets(*weights)
    policy = LeastRequests[Target](Generator(seed).random)
    policy.rebuild(candidates)
    held = 500
    for _ in range(held):
        policy.pick(None, 0.0).active += 1
    for candidate in candidates:
        fair = held * candidate.weight / sum(weights)
        assert candidate.active == pytest.approx(fair, rel=0.2, abs=6)


def test_a_stuck_target_is_avoided() -> None:
    """One that answers nothing gets no more once it has more than any other."""
    candidates = targets(1, 1, 1, 1)
    policy = LeastRequests[Target](Generator(1).random)
    policy.rebuild(candidates)
    for _ in range(1000):
        one = policy.pick(None, 0.0)
        if one is candidates[0]:
            one.active += 1
    assert candidates[0].active == 1


def test_the_other_is_the_better_of_two() -> None:
    """Where a second attempt goes is decided by the same rule."""
    idle, busy, tried = Target("idle"), Target("busy", active=3), Target("tried")
    for policy in (LeastRequests[Target](Dice(0.0, 0.9)), PeakEwma[Target](Dice(0.0, 0.9))):
        policy.rebuild([busy, tried, idle])
        assert policy.other((tried,), None, 0.0) is idle
    by_chance = Random[Target](Dice(0.0, 0.9))
    by_chance.rebuild([busy, tried, idle])
    assert by_chance.other((tried,), None, 0.0) is busy


# By latency.


def measured(name: str, latency: float, active: int = 0, weight: int = 1) -> Target:
    """A target whose latency was measured at 0.0."""
    target = Target(name, weight, active=active)
    target.latency = latency
    return target


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (measured("a", 0.1), measured("b", 0.2), "a"),
        (measured("a", 0.2), measured("b", 0.1), "b"),
        (measured("a", 0.1, active=1), measured("b", 0.15), "b"),
        (measured("a", 0.1, active=1), measured("b", 0.3), "a"),
        (measured("a", 0.1, active=3), measured("b", 0.1, active=3), "a"),
        (measured("a", 0.1), Target("b"), "b"),  # never asked
        (measured("a", 9.0, active=9), Target("b", active=1), "a"),  # asked, no answer yet
        (Target("a", active=2), Target("b", active=1), "b"),
        (measured("a", 0.1, active=4, weight=1), measured("b", 0.1, active=4, weight=3), "b"),
        (measured("a", 0.1, active=9, weight=3), measured("b", 0.1, active=4, weight=1), "a"),
    ],
)
def test_the_one_that_is_through_sooner(first: Target, second: Target, name: str) -> None:
    """Latency times the requests that are there and one more; the unmeasured once, but not twice."""
    assert picked(PeakEwma(Dice(0.0, 0.9)), [first, second]).name == name


def test_a_slow_answer_counts_at_once() -> None:
    """And fast ones bit by bit: after the decay time, e^-1 of the difference is left."""
    target = Target("t")
    policy = PeakEwma[Target](Dice(0.0), decay=10.0)
    policy.done(target, 0.1, 1.0)
    assert (target.latency, target.stamp) == (0.1, 1.0)
    policy.done(target, 2.1, 2.0)
    assert (target.latency, target.stamp) == (2.1, 2.0)
    policy.done(target, 0.1, 12.0)
    assert target.latency == pytest.approx(0.1 + 2.0 * exp(-1))
    policy.done(target, 0.1, 12.0)
    assert target.latency == pytest.approx(0.1 + 2.0 * exp(-1))


def test_an_answer_in_no_time_is_an_answer() -> None:
    """On a coarse clock, a fast target still counts as measured."""
    target = Target("t")
    PeakEwma[Target](Dice(0.0)).done(target, 0.0, 1.0)
    assert 0.0 < target.latency < 1e-5


def test_a_slow_target_is_tried_again() -> None:
    """While it is idle, what is remembered of it fades."""
    slow, fast = measured("slow", 1.0), measured("fast", 0.1)
    policy = PeakEwma[Target](Dice(0.0, 0.9), decay=10.0)
    policy.rebuild([slow, fast])
    for second in range(24):
        policy.done(fast, 0.1, float(second))
        # ln(10) times the decay time later, it has come down to the other one.
        assert policy.pick(None, float(second)) is (fast if second <= 23 else slow)
    policy.done(fast, 0.1, 24.0)
    assert policy.pick(None, 24.0) is slow


def test_what_was_learned_stays() -> None:
    """A change of the candidates does not make anybody a stranger."""
    slow, fast, new = measured("slow", 1.0), measured("fast", 0.1), Target("new")
    policy = PeakEwma[Target](Dice(0.0, 0.9))
    assert picked(policy, [slow, fast]) is fast
    assert picked(policy, [slow, new]) is new
    assert picked(policy, [slow, fast]) is fast


@given(st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 1e3)), min_size=1, max_size=20))
def test_the_average_is_within_what_was_measured(answers: list[tuple[float, float]]) -> None:
    """It never leaves the range of the answers, and is never below the last one."""
    target, now = Target("t"), 0.0
    policy = PeakEwma[Target](Dice(0.0))
    for seconds, passed in answers:
        now += passed
        policy.done(target, seconds, now)
        assert seconds <= target.latency <= max(1e-6, max(taken for taken, _ in answers)) * (1 + 1e-12)
