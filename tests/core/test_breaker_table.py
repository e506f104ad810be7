"""The table of transitions: every state with every event, and the page that shows it."""

from __future__ import annotations

from itertools import product

import pytest

from gatewayd.core.breaker import PAIRS, TRANSITIONS, Event, State
from gatewayd.core.breaker.__main__ import PAGE
from gatewayd.core.breaker.diagram import BEGIN, END, EVENTS, STATES, rewritten

# One line per state, one column per event in the order of Event; "-" changes nothing.
EXPECTED = """
closed         open  -          -        -     -       forced_open  forced_closed  metrics_only  -
ramping        open  -          -        -     closed  forced_open  forced_closed  metrics_only  closed
open           -     half_open  -        -     -       forced_open  forced_closed  metrics_only  closed
half_open      -     -          ramping  open  closed  forced_open  forced_closed  metrics_only  closed
forced_open    -     -          -        -     -       -            forced_closed  metrics_only  closed
forced_closed  -     -          -        -     -       forced_open  -              metrics_only  closed
metrics_only   -     -          -        -     -       forced_open  forced_closed  -             closed
"""
TABLE = {line.split()[0]: line.split()[1:] for line in EXPECTED.split("\n") if line}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda member: member.value)
def test_every_state_with_every_event(state: State, event: Event) -> None:
    """Legal or not, it is what was meant."""
    expected = TABLE[state][list(Event).index(event)]
    assert TRANSITIONS.get((state, event), "-") == expected


def test_no_state_is_a_trap() -> None:
    """From each, each other one can be reached."""
    for start in State:
        reached, fresh = {start}, {start}
        while fresh:
            fresh = {after for (before, _), after in TRANSITIONS.items() if before in fresh} - reached
            reached |= fresh
        assert reached == set(State)


def test_gauges() -> None:
    """As circuit_breaker_state has them."""
    assert {state.value: state.gauge for state in State} == {
        "closed": 0,
        "ramping": 0,
        "open": 1,
        "half_open": 2,
        "forced_open": 1,
        "forced_closed": 0,
        "metrics_only": 0,
    }


def test_states_are_their_texts() -> None:
    """A label may be looked up by either."""
    by_text: dict[tuple[str, str], int] = {(State.CLOSED, State.OPEN): 1}
    assert by_text["closed", "open"] == 1
    assert f"{State.HALF_OPEN}" == "half_open"


def test_pairs() -> None:
    """Every change that comes by itself, once; none that leads into or out of a forced state."""
    assert sorted(PAIRS) == [
        ("closed", "open"),
        ("half_open", "closed"),
        ("half_open", "open"),
        ("half_open", "ramping"),
        ("open", "half_open"),
        ("ramping", "closed"),
        ("ramping", "open"),
    ]


def test_the_page_is_current() -> None:
    """docs/resilience.md is what `python -m gatewayd.core.breaker` writes."""
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page) == page


def test_the_page_is_complete() -> None:
    """The diagram has a line for each transition, or one from the frame; nothing goes without a meaning."""
    page = PAGE.read_text(encoding="utf-8")
    for (before, event), after in TRANSITIONS.items():
        inside = f" {before} --> {after}: {event}\n"
        framed = f" automatic --> {after}: {event}\n", f" {before} --> automatic: {event}\n"
        assert any(line in page for line in (inside, *framed)), (before, event)
    assert list(STATES) == list(State)
    assert list(EVENTS) == list(Event)


def test_only_the_part_between_the_marks_is_written() -> None:
    """What stands around it stays, and a page without marks is no such page."""
    page = rewritten(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert page.startswith(f"before\n{BEGIN}\n\n```mermaid\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    with pytest.raises(ValueError, match="has no part between"):
        rewritten(f"{BEGIN}\n")
