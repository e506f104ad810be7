"""The table of transitions as a page shows it: a diagram and a table, both in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatewayd.core.breaker.states import AUTOMATIC, FORCED, TRANSITIONS, WISHES, Event, State

BEGIN, END = "<!-- breaker: generated -->", "<!-- /breaker -->"

STATES = {
    State.CLOSED: "calls pass, and are judged by the window",
    State.RAMPING: "a growing share of the calls passes, and is judged by a fresh window",
    State.OPEN: "calls are refused",
    State.HALF_OPEN: "so many calls as `probes` says are let through, the others refused",
    State.FORCED_OPEN: "calls are refused until somebody says otherwise",
    State.FORCED_CLOSED: "calls pass, however they end",
    State.METRICS_ONLY: "calls pass; the window is kept, and opens nothing",
}
EVENTS = {
    Event.TRIP: "the window, or failures in a row, reached a limit",
    Event.COOLED: "the open time is over, and somebody calls",
    Event.PROVEN: "all probes passed",
    Event.FAILED: "a probe failed, timed out or, where there is a slow rule, was slow",
    Event.RAMPED: "the ramp is over, and somebody calls; without a ramp: all probes passed",
    Event.FORCE_OPEN: "somebody wants calls refused",
    Event.FORCE_CLOSE: "somebody wants calls to pass",
    Event.OBSERVE: "somebody wants the breaker to watch only",
    Event.RESET: "somebody wants it to start anew",
}


def generated() -> str:
    """Everything that stands between the two marks, in Markdown."""
    return "\n".join(("", "```mermaid", *_diagram(), "```", "", *_table(), "", *_legend(), ""))


def rewritten(page: str) -> str:
    """`page` with the part between the marks replaced; raises `ValueError` if it does not have both."""
    parts = re.fullmatch(f"(.*{BEGIN}\n).*?({END}.*)", page, re.DOTALL)
    if parts is None:
        raise ValueError(f"the page has no part between {BEGIN} and {END}")
    return parts[1] + generated() + parts[2]


def _diagram() -> Iterator[str]:
    """A Mermaid state diagram; what leads to the same state from everywhere inside is drawn from the frame."""
    framed = {
        wish: after
        for wish, after in WISHES.items()
        if all(TRANSITIONS.get((state, wish)) is after for state in AUTOMATIC)
    }
    yield "stateDiagram-v2"
    yield "    [*] --> automatic"
    yield "    state automatic {"
    yield f"        [*] --> {State.CLOSED}"
    for (before, event), after in TRANSITIONS.items():
        if before in AUTOMATIC and event not in framed:
            yield f"        {before} --> {after}: {event}"
    yield "    }"
    for event, after in framed.items():
        yield f"    automatic --> {after}: {event}"
    for (before, event), after in TRANSITIONS.items():
        if before in FORCED:
            # To where the frame begins: Mermaid draws no line from outside into it.
            yield f"    {before} --> {'automatic' if after is State.CLOSED else after}: {event}"


def _table() -> Iterator[str]:
    """Where each event leads from each state; a dash where it changes nothing."""
    yield "| | " + " | ".join(f"`{event}`" for event in Event) + " |"
    yield "|---" * (len(Event) + 1) + "|"
    for state in State:
        ends = (TRANSITIONS.get((state, event)) for event in Event)
        yield f"| `{state}` | " + " | ".join("-" if end is None else f"`{end}`" for end in ends) + " |"


def _legend() -> Iterator[str]:
    """What states and events mean."""
    yield "| state | `circuit_breaker_state` | meaning |"
    yield "|---|--:|---|"
    for state, meaning in STATES.items():
        yield f"| `{state}` | {state.gauge} | {meaning} |"
    yield ""
    yield "| event | meaning |"
    yield "|---|---|"
    for event, meaning in EVENTS.items():
        yield f"| `{event}` | {meaning} |"
