"""Why a request goes where it goes: the verdict on every route whose host and path match it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic

from gatewayd.core.matching_automaton import C
from gatewayd.core.messages import RequestHead


class Outcome(Enum):
    """What became of a route."""

    TAKEN = "takes the request"
    OUTRANKED = "a more specific route takes the request"
    METHOD = "the method is not one of the route's"
    CONDITION = "a condition on a header or the query does not hold"


@dataclass(frozen=True)
class Verdict(Generic[C]):
    """The outcome for one route on one host pattern (its key, see `gatewayd.core.hostpattern`), details in words."""

    candidate: C
    host: bytes
    outcome: Outcome
    detail: str


@dataclass(frozen=True)
class Explanation(Generic[C]):
    """All verdicts, in the order the routes are tried; `winner` is None where the request is refused."""

    winner: C | None
    verdicts: tuple[Verdict[C], ...]


def explain_candidates(candidates: Sequence[tuple[bytes, C]], head: RequestHead) -> Explanation[C]:
    """Judge candidates, given with the host pattern that brought them, in order."""
    winner: C | None = None
    verdicts = []
    for host, candidate in candidates:
        outcome, detail = _judge(candidate, head)
        if outcome is Outcome.TAKEN:
            if winner is None:
                winner = candidate
            else:
                outcome, detail = Outcome.OUTRANKED, f"{winner.name} comes first"
        verdicts.append(Verdict(candidate, host, outcome, detail))
    return Explanation(winner, tuple(verdicts))


def _judge(candidate: C, head: RequestHead) -> tuple[Outcome, str]:
    """Whether the candidate alone would take the request, and why not."""
    if candidate.methods is not None and head.method not in candidate.methods:
        return Outcome.METHOD, "allowed: " + b", ".join(sorted(candidate.methods)).decode()
    for kind, name, value in candidate.failing(head):
        wanted = "present" if value is None else f'"{value.decode(errors="backslashreplace")}"'
        return Outcome.CONDITION, f"{kind} {name.decode(errors='backslashreplace')} is not {wanted}"
    return Outcome.TAKEN, ""
