"""Requests that go on when their clients are gone."""

from __future__ import annotations


class Unattended:
    """Counts them: a client that comes and goes as fast as it can must not have any number of them going on."""

    __slots__ = ("_most", "count")

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0

    def enter(self) -> bool:
        """One more goes on, unless there are too many already; each True needs one `leave`."""
        if self.count >= self._most:
            return False
        self.count += 1
        return True

    def leave(self) -> None:
        """One has come to its end."""
        self.count -= 1
