"""Deadlines whose order is the same from run to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.task import Clock

from gatewayd.http.deadlines import Deadlines, Expiring


class _InOrder(set[Expiring]):
    """A set that is gone through in the order in which its members came, from run to run the same."""

    def __init__(self) -> None:
        super().__init__()
        self._order: dict[Expiring, None] = {}

    def add(self, item: Expiring) -> None:
        """Take in."""
        super().add(item)
        self._order[item] = None

    def discard(self, item: object) -> None:
        """Leave out."""
        super().discard(item)
        self._order.pop(item, None)  # type: ignore[call-overload]

    def __iter__(self) -> Iterator[Expiring]:
        """Go through them."""
        return iter(self._order)


class OrderlyDeadlines(Deadlines):
    """Acts on deadlines that pass in the same moment in the order in which they came to be watched."""

    def __init__(self, clock: Clock, now: Callable[[], float]) -> None:
        super().__init__(clock, now)
        self._watched: set[Expiring] = _InOrder()
        self.watch = self._watched.add
        self.forget = self._watched.discard
