"""What a call came to, as a breaker sees it, and the rules that tell one from another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cache

# What can go wrong on the way to an answer. `connect` is kept apart from the rest: nothing was sent.
ERRORS = frozenset({"connect", "timeout", "reset", "protocol", "tls", "dns"})


class Outcome(Enum):
    """A call succeeded, failed, or failed for want of time (TIMEOUT is a failure, too); or it tells nothing.

    ANSWERED: the service lives, but the answer says nothing about how well (the client was in error). It is not in the
    window, and is as good as a success where a breaker asks whether the service is back. ABANDONED: nothing is known,
    since the client went away or nothing was sent.
    """

    SUCCESS = "success"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    ANSWERED = "answered"
    ABANDONED = "abandoned"


@cache  # services that count the same statuses, which most do, share one table
def _by_status(statuses: frozenset[int]) -> tuple[Outcome, ...]:
    """The outcome of each status of three digits, at its number."""
    return tuple(
        Outcome.FAILURE if status in statuses else Outcome.ANSWERED if status // 100 == 4 else Outcome.SUCCESS
        for status in range(1000)
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """Which `statuses` count as failures, and which of the `ERRORS`."""

    statuses: frozenset[int] = frozenset({500, 502, 503, 504})
    errors: frozenset[str] = frozenset({"connect", "timeout", "reset", "protocol", "tls"})
    _table: tuple[Outcome, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assert self.errors <= ERRORS
        object.__setattr__(self, "_table", _by_status(self.statuses))

    def of_status(self, status: int) -> Outcome:
        """What an answer with `status` (up to 999) is."""
        return self._table[status]

    def of_error(self, kind: str) -> Outcome:
        """What an error of `kind`, one of `ERRORS`, is; where it does not count, nothing is known."""
        if kind not in self.errors:
            return Outcome.ABANDONED
        return Outcome.TIMEOUT if kind == "timeout" else Outcome.FAILURE
