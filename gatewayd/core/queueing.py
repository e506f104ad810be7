"""Who waits, who is next, and who is turned away.

First come, first served is fair while everybody will be served. Under pressure it serves nobody well: each request has
waited so long when its turn comes that its client is about to give up, or has. Then the newest is served first, and
the oldest, whom nothing helps any more, makes room for it (Ben Maurer, "Fail at Scale", ACM Queue 13:8, 2015, "adaptive
LIFO").
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Order(StrEnum):
    """In which order those who wait are served, as it is written in the configuration."""

    FIFO = "fifo"
    LIFO_UNDER_PRESSURE = "lifo_under_pressure"


class Queue(Generic[T]):
    """At most `most` of them, each once; `order` is an `Order` or its text.

    Those who wait are told apart by their hash, which for most objects is identity.
    """

    __slots__ = ("_adapts", "_most", "_waiting")

    def __init__(self, most: int, order: str = Order.FIFO) -> None:
        self._most = most
        self._adapts = order == Order.LIFO_UNDER_PRESSURE
        # A deque would do, were it not for those who give up: a thousand clients may go away in one moment.
        self._waiting: OrderedDict[T, None] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def join(self, waiter: T) -> T | None:
        """Wait in the queue; returns who is turned away for it, which in a full queue may be `waiter` itself."""
        waiting = self._waiting
        turned_away: T | None = None
        if len(waiting) >= self._most:
            if not self._adapts or not waiting:
                return waiter
            turned_away, _ = waiting.popitem(last=False)
        waiting[waiter] = None
        return turned_away

    def next(self) -> T | None:
        """Take out whose turn it is; None if nobody waits.

        That is the one who came first, or, under pressure, the one who came last while more than half of the places
        are taken.
        """
        waiting = self._waiting
        if not waiting:
            return None
        waiter, _ = waiting.popitem(last=self._adapts and len(waiting) * 2 > self._most)
        return waiter

    def leave(self, waiter: T) -> None:
        """Wait no longer; does nothing for one who does not wait."""
        self._waiting.pop(waiter, None)
