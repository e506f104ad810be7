"""Rates, quotas and blocks together."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.gcra import Rate, Verdict
from gatewayd.core.quota import Quota, window_at
from gatewayd.core.ratelimits import NOTHING, Debt, Policy, Rule, State, advance, settle, verdict_of

WALL = 1.79e9
RULES = st.builds(
    Rule,
    st.just(Policy("p")),
    st.one_of(st.none(), st.builds(Rate, st.integers(1, 20), st.sampled_from([1.0, 60.0]), st.integers(1, 10))),
    st.one_of(st.none(), st.builds(Quota, st.integers(1, 15), st.sampled_from(["day", "month"]))),
    st.sampled_from([0.0, 5.0]),
).filter(lambda rule: (rule.rate or rule.quota) is not None and not (rule.block and rule.rate is None))
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.01, 1.0, 7.0, 90000.0]), st.integers(1, 3)), min_size=1, max_size=40
)


def said(verdict: Verdict) -> tuple[bool, int, float, float, bool]:
    """What a verdict says."""
    times = round(verdict.retry_after, 4), round(verdict.reset_after, 4)
    return verdict.allowed, verdict.remaining, *times, verdict.by_quota


@settings(deadline=None, max_examples=300)
@given(rule=RULES, steps=STEPS)
def test_both_ways_are_one(rule: Rule, steps: list[tuple[float, int]]) -> None:
    """What is decided at hand and what a store decides is the same."""
    here = there = NOTHING
    now, span = 1000.0, rule.quota.span if rule.quota else "day"
    for gap, cost in steps:
        now += gap
        wall = WALL + now
        window = window_at(span, wall)
        verdict, here = settle(rule, here, now, window, wall, cost)
        outcome, there = advance(rule, there, now, window.number, cost, cost)
        assert said(verdict) == said(verdict_of(rule, outcome, cost, window, wall))


@settings(deadline=None, max_examples=200)
@given(rule=RULES, steps=STEPS)
def test_what_is_given_back_was_never_taken(rule: Rule, steps: list[tuple[float, int]]) -> None:
    """A request that is let through and then given back changes nothing for those behind it."""
    kept = other = NOTHING
    now, number = 1000.0, 20261125
    for gap, cost in steps:
        now += gap
        outcome, after = advance(rule, other, now, number, cost, cost)
        if outcome.granted:
            other = advance(rule, after, now, number, -cost, -cost)[1]
        elif outcome.blocked:
            return  # a violation is one whatever comes of it
        first, kept_after = advance(rule, kept, now, number, 1, 1)
        second, other = advance(rule, other, now, number, 1, 1)
        kept = kept_after
        assert (first.granted, round(first.ahead, 4), first.used) == (
            second.granted,
            round(second.ahead, 4),
            second.used,
        )


@settings(deadline=None, max_examples=200)
@given(rule=RULES, steps=STEPS, least=st.integers(1, 3), more=st.integers(0, 5))
def test_blocks_of_permits(rule: Rule, steps: list[tuple[float, int]], least: int, more: int) -> None:
    """As many as there are, none if these are too few, and never more than the rate and the quota have."""
    state: State = NOTHING
    now, given_now, given_in_all = 1000.0, 0, 0
    for gap, _ in steps:
        now += gap
        outcome, state = advance(rule, state, now, 1, least, least + more)
        assert outcome.granted == 0 or least <= outcome.granted <= least + more
        given_in_all += outcome.granted
        given_now = outcome.granted if gap else given_now + outcome.granted
        assert rule.rate is None or given_now <= rule.rate.burst
        assert rule.quota is None or given_in_all <= rule.quota.limit


def test_a_look_changes_nothing() -> None:
    """Nothing is taken, and no block begins."""
    rule = Rule(Policy("p"), Rate(1, 60.0, 1), Quota(5, "day"), 300.0)
    state = advance(rule, NOTHING, 10.0, 1, 1, 1)[1]
    outcome, after = advance(rule, state, 10.0, 1, 0, 0)
    assert (tuple(outcome), after) == ((0, 1.0, 0.0, 1), state)


def test_what_was_taken_elsewhere_counts() -> None:
    """As much as a burst, at most: nobody is locked out for longer than that takes."""
    rule = Rule(Policy("p"), Rate(1, 1.0, 5), Quota(5, "day"))
    outcome, _ = advance(rule, NOTHING, 10.0, 1, 1, 1, Debt(3.0, 3))
    assert tuple(outcome) == (1, 4.0, 0.0, 4)
    assert tuple(advance(rule, NOTHING, 10.0, 1, 1, 1, Debt(99.0, 99))[0]) == (0, 5.0, 0.0, 99)


def test_names_of_rules() -> None:
    """States that mean something else are kept under another name."""
    policy = Policy("p")
    rules = [Rule(policy, Rate(5, 60.0, 9)), Rule(policy, Rate(5, 60.0, 5), block=3.0), Rule(policy, Rate(6, 60.0, 6))]
    rules += [Rule(policy, None, Quota(5, "day")), Rule(policy, Rate(5, 60.0, 5), Quota(5, "month"))]
    assert [rule.id for rule in rules] == ["p:5/60", "p:5/60", "p:6/60", "p:day", "p:5/60:month"]
    assert [rule.plain for rule in rules] == [True, False, True, False, False]
    assert [rule.most for rule in rules] == [9, 5, 6, 5, 5]
