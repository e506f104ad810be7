"""How much of a process handshakes may take: a handshake costs as much CPU as ten to twenty requests.

Whoever has shaken hands must not wait for those who only pretend to. So there are so many at once, and in one turn of
the loop they get so much time; what is left over waits for the next turn, behind the requests of this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from gatewayd.log import Log, events

_TURN = 0.002  # seconds of one turn: four handshakes by RSA, or seven by ECDSA


class Shaking(Protocol):
    """A connection whose handshake can go on."""

    def go_on(self) -> None:
        """Take the next step."""


class Handshakes:
    """Lets at most `most` handshakes be under way, and gives them turns.

    `soon` calls a function in the next turn of the loop; `now` measures seconds.
    """

    __slots__ = ("_now", "_scheduled", "_soon", "_waiting", "most", "under_way")

    _log = Log("gatewayd.tls")

    def __init__(self, most: int, soon: Callable[[Callable[[], None]], object], now: Callable[[], float]) -> None:
        self.most = most
        self.under_way = 0
        self._soon = soon
        self._now = now
        self._waiting: deque[Shaking] = deque()
        self._scheduled = False

    def enter(self) -> bool:
        """Begin one, unless there are too many; who begins one `leave`s once it is over."""
        if self.under_way >= self.most:
            return False
        self.under_way += 1
        return True

    def leave(self) -> None:
        """One is over, whatever came of it."""
        self.under_way -= 1

    def ask(self, shaking: Shaking) -> None:
        """Have `shaking` go on, in the order of asking."""
        self._waiting.append(shaking)
        if not self._scheduled:
            self._scheduled = True
            self._soon(self._turn)

    def _turn(self) -> None:
        """Take steps for as long as a turn has."""
        waiting, end = self._waiting, self._now() + _TURN
        while waiting:
            shaking = waiting.popleft()
            try:
                shaking.go_on()
            except Exception:  # others wait behind it
                self._log.failure(events.INTERNAL_ERROR, what="a handshake")
            if waiting and self._now() >= end:
                self._soon(self._turn)
                return
        self._scheduled = False
