"""The ways to pick one of several targets that answer alike. `random` always yields numbers from 0.0 to below 1.0."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import accumulate, cycle
from math import exp
from typing import Generic

from gatewayd.core.balance.candidate import C
from gatewayd.core.balance.turns import turns

_DECAY = 10.0  # seconds after which e^-1 of an old latency is left; Finagle's peak EWMA has 10 as well
_UNMEASURED = 1e9  # seconds: what a target costs that was asked, and has not answered for the first time
_SHORTEST = 1e-6  # seconds: an answer that took no time on a coarse clock is still an answer


class Random(Generic[C]):
    """Each candidate with a probability in proportion to its weight."""

    __slots__ = ("_bounds", "_candidates", "_count", "_random", "_total")

    learns = False

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._candidates: tuple[C, ...] = ()
        self._count = 0
        self._bounds: list[int] | None = None  # where the weights added up end; None if all are the same
        self._total = 0

    def rebuild(self, candidates: Sequence[C]) -> None:
        """Pick from these from now on."""
        self._candidates = tuple(candidates)
        self._count = len(candidates)
        weights = [candidate.weight for candidate in candidates]
        self._total = sum(weights)
        self._bounds = list(accumulate(weights)) if len(set(weights)) > 1 else None

    def pick(self, key: bytes | None, now: float) -> C:
        """One of them."""
        if self._bounds is None:
            return self._candidates[int(self._random() * self._count)]
        return self._candidates[bisect_right(self._bounds, self._random() * self._total)]

    def other(self, tried: Container[C], key: bytes | None, now: float) -> C | None:
        """One of those that are not among `tried`, by the same rule."""
        rest = [candidate for candidate in self._candidates if candidate not in tried]
        if not rest:
            return None
        bounds = list(accumulate(candidate.weight for candidate in rest))
        first = rest[bisect_right(bounds, self._random() * bounds[-1])]
        second = rest[bisect_right(bounds, self._random() * bounds[-1])]
        return self._better(first, second, now)

    def _better(self, first: C, second: C, now: float) -> C:
        """Of two that were drawn, the one to take."""
        return first

    def done(self, candidate: C, seconds: float, now: float) -> None:
        """How long answers take does not matter here."""


class RoundRobin(Random[C]):
    """Each candidate in turn, the heavier ones more often, evenly spread."""

    __slots__ = ("_turns",)

    def __init__(self, random: Callable[[], float]) -> None:
        super().__init__(random)
        self._turns: Iterator[C] = iter(())

    def rebuild(self, candidates: Sequence[C]) -> None:
        """Pick from these from now on.

        It does not always begin with the first: after a change, or in many processes at once, that one would be asked
        by everybody.
        """
        super().rebuild(candidates)
        order = self._candidates
        if self._bounds is not None:
            order = tuple(order[index] for index in turns([candidate.weight for candidate in order]))
        start = int(self._random() * len(order))
        self._turns = cycle(order[start:] + order[:start])

    def pick(self, key: bytes | None, now: float) -> C:
        """The next."""
        return next(self._turns)


class LeastRequests(Random[C]):
    """Of two that are drawn at random, the one with fewer requests for its weight.

    Two choices are nearly as good as looking at all, and do not make everybody run to the same one (Mitzenmacher, "The
    power of two choices in randomized load balancing", 2001). Where weights differ, draws are weighted as well, and
    fall on the same one at times. Were they not, a light target would get nothing while all are idle.
    """

    __slots__ = ()

    def pick(self, key: bytes | None, now: float) -> C:
        """The better of two."""
        candidates, bounds = self._candidates, self._bounds
        if bounds is not None:
            first = candidates[bisect_right(bounds, self._random() * self._total)]
            second = candidates[bisect_right(bounds, self._random() * self._total)]
            return self._better(first, second, now)
        count = self._count
        if count == 1:
            return candidates[0]
        at = int(self._random() * count)
        # The second draw is from the others: stepping on by less than all of them never comes back to the first.
        first, second = candidates[at], candidates[at - 1 - int(self._random() * (count - 1))]
        return first if first.active <= second.active else second

    def _better(self, first: C, second: C, now: float) -> C:
        """The one with fewer requests for its weight."""
        return first if first.active * second.weight <= second.active * first.weight else second


class PeakEwma(Random[C]):
    """Of two that are drawn at random, the one that is expected to be through with its requests and one more sooner.

    After Finagle's peak EWMA: what is expected of a target is its average latency, where newer answers weigh more. One
    that is slower than the average counts in full at once, one that is faster bit by bit: a target that gets slow is
    avoided before much is lost, and trusted again over `decay` seconds. While a target is idle, what is remembered of
    it fades, until it is tried again. One that was never asked is tried at once, but not twice before it has answered.

    Draws are weighted as those of `LeastRequests` are. The requests in front of the one to come are counted in
    proportion to the weight, the one to come is not: that one takes as long on a big machine as on a small one.
    """

    __slots__ = ("_decay", "_mean")

    learns = True

    def __init__(self, random: Callable[[], float], decay: float = _DECAY) -> None:
        super().__init__(random)
        self._decay = decay
        self._mean = 1.0  # weight

    def rebuild(self, candidates: Sequence[C]) -> None:
        """Pick from these from now on; what was learned of each stays."""
        super().rebuild(candidates)
        self._mean = self._total / self._count if candidates else 1.0

    def pick(self, key: bytes | None, now: float) -> C:
        """The better of two."""
        candidates, bounds = self._candidates, self._bounds
        if bounds is not None:
            first = candidates[bisect_right(bounds, self._random() * self._total)]
            second = candidates[bisect_right(bounds, self._random() * self._total)]
        else:
            count = self._count
            if count == 1:
                return candidates[0]
            at = int(self._random() * count)
            first, second = candidates[at], candidates[at - 1 - int(self._random() * (count - 1))]
        return self._better(first, second, now)

    def _better(self, first: C, second: C, now: float) -> C:
        """The cheaper one."""
        return first if self._cost(first, now) <= self._cost(second, now) else second

    def _cost(self, candidate: C, now: float) -> float:
        """In how many seconds the target would be through with one more request."""
        latency, active = candidate.latency, candidate.active
        if not active:
            return latency * exp((candidate.stamp - now) / self._decay)
        if not latency:
            return _UNMEASURED * active
        return latency * (active * self._mean / candidate.weight + 1.0)

    def done(self, candidate: C, seconds: float, now: float) -> None:
        """Let the time that an answer took into the average: at once if it is the longest, else by its age."""
        latency = candidate.latency
        if seconds < latency:
            seconds += (latency - seconds) * exp((candidate.stamp - now) / self._decay)
        candidate.latency = seconds if seconds > _SHORTEST else _SHORTEST
        candidate.stamp = now
