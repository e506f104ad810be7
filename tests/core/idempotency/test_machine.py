"""The states of a key: every one with every event, and any order of what requests do."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gatewayd.core.idempotency import TRANSITIONS, Change, Event, Record, State, claim, event_of, pack, settle, unpack

# One line per state, one column per event in the order of Event; "-" changes nothing.
EXPECTED = """
FREE      CLAIMED  -        ANSWERED  UNKEPT  LOST  -     -
CLAIMED   -        CLAIMED  ANSWERED  UNKEPT  LOST  FREE  FREE
LOST      -        -        -         -       -     -     FREE
ANSWERED  -        -        -         -       -     -     FREE
UNKEPT    -        -        -         -       -     -     FREE
"""
TABLE = {line.split()[0]: line.split()[1:] for line in EXPECTED.split("\n") if line}
ONE, OTHER = b"1" * 16, b"2" * 16
SAME, DIFFERENT = b"s" * 32, b"d" * 32
SETTLED = [event for event in Event if event not in (Event.CLAIM, Event.EXPIRE)]


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda member: member.value)
def test_every_state_with_every_event(state: State, event: Event) -> None:
    """Legal or not, it is what was meant."""
    expected = TABLE[state.name][list(Event).index(event)]
    after = TRANSITIONS.get((state, event))
    assert (after.name if after else "-") == expected


def kept(state: State, until: float = 100.0) -> bytes | None:
    """What a store has of a key in some state."""
    return None if state is State.FREE else pack(Record(state, ONE, SAME, until, b"answer"))


@pytest.mark.parametrize(("state", "event"), list(product(State, SETTLED)), ids=lambda member: member.value)
def test_who_settles(state: State, event: Event) -> None:
    """Who has a key decides what becomes of it; who has it not any more changes nothing, unless nobody has it."""
    after = TRANSITIONS.get((state, event))
    done, change = settle(kept(state), event, ONE, SAME, 7.0, b"new", 50.0)
    assert done is (after is not None)
    if after is None:
        assert change is None
    elif after is State.FREE:
        assert change == (None, 0.0)
    else:
        assert change is not None
        assert change[1] == 7.0
        assert unpack(change[0], 50.0) == Record(after, ONE, SAME, 57.0, b"new")
    if state is not State.FREE:
        assert settle(kept(state), event, OTHER, SAME, 7.0, b"new", 50.0) == (False, None)


@pytest.mark.parametrize("state", State)
def test_who_claims(state: State) -> None:
    """A key that is free is taken; what is found at another depends on its state, and on whose it is."""
    found, change = claim(kept(state), OTHER, SAME, 30.0, 60.0)
    expected = {
        State.FREE: ("go", 0.0, b""),
        State.CLAIMED: ("busy", 40.0, b""),
        State.LOST: ("lost", 40.0, b""),
        State.ANSWERED: ("answer", 0.0, b"answer"),
        State.UNKEPT: ("unkept", 0.0, b""),
    }[state]
    assert found == expected
    if state is State.FREE:
        assert change is not None
        assert unpack(change[0], 60.0) == Record(State.CLAIMED, OTHER, SAME, 90.0)
    else:
        assert change is None
        assert claim(kept(state), OTHER, DIFFERENT, 30.0, 60.0)[0].kind == "other"
    assert claim(kept(state), OTHER, DIFFERENT, 30.0, 100.0)[0].kind == "go"
    assert claim(kept(state), OTHER, SAME, 30.0, 99.999)[0] == (
        expected[0],
        pytest.approx(expected[1] and 0.001),
        expected[2],
    )


def test_statuses() -> None:
    """Most are final; some say that nothing was done, or that nobody knows."""
    found = {event: [status for status in range(101, 600) if event_of(status) is event] for event in Event}
    assert found[Event.FORGO] == list(range(101, 200))
    assert found[Event.RELEASE] == [401, 407, 408, 409, 425, 429, 503]
    assert found[Event.LOSE] == [502, 504]
    assert sum(map(len, found.values())) == 499
    assert len(found[Event.ANSWER]) == 391


@pytest.mark.parametrize("value", [b"", b"X" + b"0" * 80, b"C" + b"x" * 80])
def test_garbled(value: bytes) -> None:
    """What no gateway wrote is told apart from what one did."""
    with pytest.raises(ValueError, match=r"not a valid|could not convert"):
        unpack(value, 0.0)


class AnyOrder(RuleBasedStateMachine):
    """Requests with one key, whose gateways are slow, die and come back too late, in any order."""

    LEASE = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.value: bytes | None = None
        self.number = 0
        self.asking: dict[bytes, float] = {}  # requests that the service has, and until when they have the key
        self.late: set[bytes] = set()  # those whose lease has ended
        self.answered: bytes | None = None

    def change(self, change: Change) -> None:
        """Keep what a store would."""
        if change is not None:
            self.value = change[0]

    @rule()
    def claim(self) -> None:
        """One more request comes."""
        self.number += 1
        holder = self.number.to_bytes(16, "big")
        found, change = claim(self.value, holder, SAME, self.LEASE, self.now)
        self.change(change)
        if found.kind == "go":
            assert not self.asking, "two requests are at the service, and neither lease has ended"
            self.asking[holder] = self.now + self.LEASE
        elif found.kind == "answer":
            assert found.data == self.answered
        else:
            assert found.kind in ("busy", "lost", "unkept")

    @rule(event=st.sampled_from(SETTLED), data=st.data())
    def settle(self, event: Event, data: st.DataObject) -> None:
        """One of those that are at the service is still there, or ends."""
        holders = [*self.asking, *sorted(self.late)]
        if not holders:
            return
        holder = data.draw(st.sampled_from(holders))
        done, change = settle(self.value, event, holder, SAME, self.LEASE, holder, self.now)
        self.change(change)
        if holder in self.asking:
            assert done
        if done and event is Event.ANSWER:
            self.answered = holder
        if event is Event.RENEW:
            if done:
                self.asking[holder] = self.now + self.LEASE
            return
        self.asking.pop(holder, None)
        self.late.discard(holder)

    @rule(seconds=st.sampled_from([0.5, 4.0, 9.999, 10.0, 25.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        for holder, until in list(self.asking.items()):
            if until <= self.now:
                del self.asking[holder]
                self.late.add(holder)

    @invariant()
    def one_at_a_time(self) -> None:
        """At most one request is at the service, but for those whose lease has ended."""
        assert len(self.asking) <= 1
        record = unpack(self.value, self.now)
        if self.asking:
            assert record is not None
            assert (record.state, record.holder) == (State.CLAIMED, *self.asking)


AnyOrder.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
TestAnyOrder = AnyOrder.TestCase
