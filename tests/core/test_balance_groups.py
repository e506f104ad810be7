"""Which priority group is picked from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.balance import Group, Standing, candidates
from tests.core.test_balance import Target

_STANDINGS = {"+": Standing.USABLE, "-": Standing.UNHEALTHY, "x": Standing.EJECTED, "d": Standing.DRAINING}


def choose(groups: str, failover_below: float = 0.0) -> Group[Target] | None:
    """The choice among groups such as "+- ++": priority 0 with one target of two usable, priority 1 with both."""
    standings: dict[Target, Standing] = {}
    for priority, group in enumerate(groups.split(" ")):
        for at, letter in enumerate(group):
            standings[Target(f"{priority}{at}{letter}", priority=priority)] = _STANDINGS[letter]
    return candidates(list(standings), standings.__getitem__, failover_below)


@pytest.mark.parametrize(
    ("groups", "failover_below", "expected"),
    [
        ("+++ ++", 0.0, "00+ 01+ 02+"),
        ("+-x ++", 0.0, "00+"),  # one is enough
        ("--x ++", 0.0, "10+ 11+"),
        ("-- x +", 0.0, "20+"),
        ("+- ++", 0.5, "00+"),  # just enough
        ("+-- ++", 0.5, "10+ 11+"),
        ("+-- ++", 1 / 3, "00+"),
        ("+- ++", 1.0, "10+ 11+"),
        ("+-- +- +---", 0.7, "10+"),  # none has enough: the greatest share
        ("+- +-", 0.7, "00+"),  # the first of several
        ("-- +---", 0.7, "10+"),
        ("+dd ++", 0.9, "00+"),  # draining ones do not count
        ("dd +-", 0.9, "10+"),
        (" +", 0.0, "10+"),  # nobody has priority 0
    ],
)
def test_the_group(groups: str, failover_below: float, expected: str) -> None:
    """The first one that is well enough, without those that are not usable."""
    chosen = choose(groups, failover_below)
    assert chosen is not None
    assert " ".join(target.name for target in chosen.candidates) == expected
    assert not chosen.panic
    assert chosen.priority == int(expected[0])


@pytest.mark.parametrize(
    ("groups", "expected"),
    [("-x --", "00- 01x"), ("-d x", "00-"), ("dd x- -", "10x 11-")],
)
def test_panic(groups: str, expected: str) -> None:
    """Without any usable target: all of the first group but the draining ones."""
    chosen = choose(groups, 0.5)
    assert chosen is not None
    assert " ".join(target.name for target in chosen.candidates) == expected
    assert chosen.panic
    assert chosen.priority == int(expected[0])


@pytest.mark.parametrize("groups", ["", "d", "d dd"])
def test_nobody(groups: str) -> None:
    """Without targets that stay there is nothing to try."""
    assert choose(groups) is None


@given(st.lists(st.text("+-xd", min_size=1, max_size=4), min_size=1, max_size=4).map(" ".join), st.floats(0, 1))
def test_properties(groups: str, failover_below: float) -> None:
    """Only usable targets of one group are picked from while there is one anywhere, all of that group."""
    chosen = choose(groups, failover_below)
    assert (chosen is None) == (set(groups) <= {"d", " "})
    if chosen is not None:
        assert chosen.panic == ("+" not in groups)
        group = groups.split(" ")[chosen.priority]
        assert len(chosen.candidates) == sum(letter in ("-x" if chosen.panic else "+") for letter in group)
        assert {target.priority for target in chosen.candidates} == {chosen.priority}


def test_order_does_not_matter() -> None:
    """The lowest priority is first, not the first in the list."""
    backup, main = Target("backup", priority=5), Target("main", priority=2)
    chosen = candidates([backup, main], lambda _: Standing.USABLE)
    assert chosen == Group((main,), 2, panic=False)
