"""What balancing knows of a target, and what a policy is."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol, TypeVar


class Candidate(Protocol):
    """A target that may be picked. Candidates are told apart by identity, and from run to run by `name`.

    `active` counts the requests it is answering, kept by whoever asks it. `latency` (seconds) and `stamp` (when it was
    measured last) are the policy's, and 0.0 to begin with. A target that is new warms up from `slow_since` to
    `slow_until`: see `gatewayd.core.balance.warmup`.
    """

    name: str
    weight: int
    priority: int
    active: int
    latency: float
    stamp: float
    slow_since: float
    slow_until: float


C = TypeVar("C", bound=Candidate)


class Policy(Protocol[C]):
    """Picks the candidate that answers a request.

    `key` tells whose request it is, for policies that keep requests with one key together; `now` is in seconds.
    """

    @property
    def learns(self) -> bool:
        """Whether `done` is of any use; who asks it once may spare itself the calls."""

    def rebuild(self, candidates: Sequence[C]) -> None:
        """Pick from these from now on. To be called only when they, or their weights, change."""

    def pick(self, key: bytes | None, now: float) -> C:
        """The candidate whose turn it is. Not to be called while there are none."""

    def other(self, tried: Container[C], key: bytes | None, now: float) -> C | None:
        """A candidate that is not among `tried`; None if all are. Slower than `pick`: for a second attempt."""

    def done(self, candidate: C, seconds: float, now: float) -> None:
        """`candidate` took `seconds` to answer."""
