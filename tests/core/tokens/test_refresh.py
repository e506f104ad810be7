"""When keys are fetched: a whole table of states and events, and the numbers behind it."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tokens.keys import Key, KeySet
from gatewayd.core.tokens.refresh import Ask, KeysState, Pace, Phase, max_age_of

OLD = KeySet([Key("old", "RS256", lambda message, signature: False)])
NEW = KeySet([Key("new", "RS256", lambda message, signature: False)])
PACE = Pace(usual_life=1000, least_life=100, most_life=5000, ahead=0.2, cooldown=30, first_retry=1, most_retry=60)


def at(phase: Phase) -> KeysState:
    """A state in this phase, at the time 0."""
    state = KeysState(PACE)
    if phase in (Phase.READY, Phase.RENEWING):
        state.start()
        state.succeed(OLD, None, 0, 0)
    if phase in (Phase.STARTING, Phase.RENEWING):
        state.start()
    assert state.phase is phase
    return state


TABLE = {
    (Phase.COLD, "start"): Phase.STARTING,
    (Phase.COLD, "good"): None,
    (Phase.COLD, "empty"): None,
    (Phase.COLD, "bad"): None,
    (Phase.STARTING, "start"): None,
    (Phase.STARTING, "good"): Phase.READY,
    (Phase.STARTING, "empty"): Phase.COLD,
    (Phase.STARTING, "bad"): Phase.COLD,
    (Phase.READY, "start"): Phase.RENEWING,
    (Phase.READY, "good"): None,
    (Phase.READY, "empty"): None,
    (Phase.READY, "bad"): None,
    (Phase.RENEWING, "start"): None,
    (Phase.RENEWING, "good"): Phase.READY,
    (Phase.RENEWING, "empty"): Phase.READY,
    (Phase.RENEWING, "bad"): Phase.READY,
}


@pytest.mark.parametrize(("phase", "event"), TABLE)
def test_transitions(phase: Phase, event: str) -> None:
    """Every event in every phase; None where it is a mistake of whoever fetches, and changes nothing."""
    state = at(phase)

    def happen() -> None:
        if event == "start":
            state.start()
        elif event == "bad":
            state.fail(10, 0)
        else:
            state.succeed(NEW if event == "good" else KeySet(), None, 10, 0)

    after = TABLE[phase, event]
    if after is None:
        with pytest.raises(RuntimeError):
            happen()
        assert state.phase is phase
    else:
        happen()
        assert state.phase is after
        had = OLD if phase in (Phase.READY, Phase.RENEWING) else None
        assert state.keys is (NEW if event == "good" else had)
        assert state.failures == (event in ("bad", "empty"))


def test_cold() -> None:
    """Without keys a fetch is due at once, for the plan and for whoever asks."""
    state = at(Phase.COLD)
    assert (state.wait(0), state.ask(0), state.stale(0), state.fetched) == (0, Ask.FETCH, False, None)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.RENEWING])
def test_one_fetch_at_a_time(phase: Phase) -> None:
    """While one is under way, everyone waits for that."""
    state = at(phase)
    assert (state.wait(10**6), state.ask(10**6)) == (inf, Ask.JOIN)


@pytest.mark.parametrize(
    ("max_age", "random", "due", "stale"),
    [
        (None, 0, 900, 1000),
        (None, 0.5, 850, 1000),
        (500, 0, 450, 500),
        (0, 0, 90, 100),
        (99, 0, 90, 100),
        (100, 0, 90, 100),
        (5000, 0, 4500, 5000),
        (5001, 0, 4500, 5000),
        (10**9, 0, 4500, 5000),
    ],
)
def test_ahead_of_expiry(max_age: float | None, random: float, due: float, stale: float) -> None:
    """Within bounds the issuer says how long its keys are good; they are fetched before that."""
    state = at(Phase.STARTING)
    state.succeed(OLD, max_age, 0, random)
    assert state.wait(0) == pytest.approx(due)
    assert state.wait(due + 1) == 0
    assert (state.stale(stale - 0.1), state.stale(stale)) == (False, True)
    assert state.fetched == 0


def test_a_flood_of_unknown_names_is_one_fetch() -> None:
    """A thousand tokens with keys nobody has: one starts a fetch, the others wait for it or for the cooldown."""
    state = at(Phase.READY)
    asked = []
    for number in range(1000):
        asked.append(state.ask(100 + number / 1000))
        if asked[-1] is Ask.FETCH:
            state.start()
    assert asked == [Ask.FETCH] + [Ask.JOIN] * 999
    state.succeed(NEW, None, 101, 0)
    assert {state.ask(101 + number / 100) for number in range(2999)} == {Ask.NO}
    assert state.ask(131) is Ask.FETCH


def test_cooldown_after_the_first_keys() -> None:
    """Who asks right after a fetch is told that it was just done."""
    state = at(Phase.READY)
    assert (state.ask(0), state.ask(29.9), state.ask(30)) == (Ask.NO, Ask.NO, Ask.FETCH)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.RENEWING])
def test_an_issuer_that_is_down(phase: Phase) -> None:
    """Is asked less and less often, by plan and because of tokens; the keys from before stay, stale or not."""
    state, now, waits = at(phase), 0.0, []
    keys = state.keys
    for _ in range(9):
        state.fail(now, 0)
        waits.append(state.wait(now))
        assert state.ask(now) is Ask.NO
        now += waits[-1]
        assert state.ask(now) is Ask.FETCH
        state.start()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert state.keys is keys
    state.succeed(NEW, None, now, 0)
    assert (state.failures, state.keys) == (0, NEW)
    state.start()
    state.fail(now, 0)
    assert state.wait(now) == 1


def test_a_long_night() -> None:
    """Thousands of failures are counted and change nothing more."""
    state = at(Phase.READY)
    for number in range(3000):
        state.start()
        state.fail(number, 0.5)
    assert (state.wait(2999), state.keys, state.stale(2999)) == (45, OLD, True)


@given(
    events=st.lists(st.tuples(st.sampled_from(["ask", "plan", "good", "bad"]), st.floats(0, 50), st.floats(0, 0.999))),
)
def test_any_history(events: list[tuple[str, float, float]]) -> None:
    """Fetches never overlap, keys are never lost, and two fetches because of tokens have the cooldown between them."""
    state, now, last = KeysState(PACE), 0.0, -inf
    for event, seconds, random in events:
        now += seconds
        had = state.keys
        if event == "ask":
            answer = state.ask(now)
            assert (answer is Ask.JOIN) is state.fetching
            if answer is Ask.FETCH:
                assert had is None or state.failures or now - last >= PACE.cooldown
                state.start()
        elif event == "plan" and state.wait(now) == 0:
            state.start()
        elif event == "good" and state.fetching:
            state.succeed(NEW, seconds * 100, now, random)
            last = now
        elif event == "bad" and state.fetching:
            state.fail(now, random)
            assert 0 < state.wait(now) <= PACE.most_retry
        assert state.keys is not None or had is None


@pytest.mark.parametrize(
    ("field", "age", "seconds"),
    [
        ("", "", None),
        ("public", "", None),
        ("max-age=60", "", 60),
        ("public, max-age=60, must-revalidate", "", 60),
        ("MAX-AGE=60", "", 60),
        ('max-age="60"', "", 60),
        ("max-age=60 , private", "", 60),
        ("max-age=0", "", 0),
        ("max-age=60, max-age=30", "", 30),
        ("s-maxage=10", "", None),
        ("x-max-age=10", "", None),
        ("max-age", "", None),
        ("max-age=", "", None),
        ("max-age=-1", "", None),
        ("max-age=+1", "", None),
        ("max-age=1.5", "", None),
        ("max-age=6x", "", None),
        ("max-age=\u0661", "", None),
        ("max-age=" + "9" * 10, "", 9999999999),
        ("max-age=" + "9" * 11, "", None),
        ("no-store", "", 0),
        ("no-cache", "", 0),
        ('no-cache="a"', "", 0),
        ("max-age=60, no-store", "", 0),
        ("no-store, max-age=60", "", 0),
        ("max-age=60", "20", 40),
        ("max-age=60", "100", 0),
        ("max-age=60", "-5", 60),
        ("max-age=60", "x", 60),
        ("max-age=60", "9" * 11, 60),
        ("", "20", None),
        ("=,;,", "", None),
    ],
)
def test_max_age(field: str, age: str, seconds: float | None) -> None:
    """What an issuer's answer says about its freshness, or nothing."""
    assert max_age_of(field, age) == seconds
