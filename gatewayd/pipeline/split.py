"""A route's requests divided between services by weight, as for a canary."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Coroutine, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer


class Split:
    """Answers with one of `answers`, each as often as its weight says.

    `key` tells whose request it is: requests with the same key take the same way as long as the weights stay, and a
    growing share keeps those it had. Requests without a key, and all if there is no `key`, are divided at random.
    """

    __slots__ = ("_answers", "_bounds", "_key", "_random", "_total")

    def __init__(
        self,
        answers: Sequence[tuple[Answer, int]],
        key: Callable[[Exchange], bytes | None] | None,
        random: Callable[[], float],
    ) -> None:
        weighted = [(answer, weight) for answer, weight in answers if weight]
        self._answers = tuple(answer for answer, _ in weighted)
        self._bounds = tuple(accumulate(weight for _, weight in weighted))
        self._total = self._bounds[-1]
        self._key = key
        self._random = random

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """The answer whose turn it is."""
        key = None if self._key is None else self._key(exchange)
        if key is None:
            place = self._random()
        else:
            place = int.from_bytes(blake2b(key, digest_size=7).digest(), "big") / (1 << 56)
        return self._answers[bisect_right(self._bounds, place * self._total)](exchange)
