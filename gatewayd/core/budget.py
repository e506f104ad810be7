"""How many retries a service gets at a time, so that a sick one is not asked ever more often."""

from __future__ import annotations


class Budget:
    """At most the share `share` of the requests that are active, and `least` where that is less.

    Whoever took a place gives it back when its request is over. A share bounds what retries add to a service's load
    whatever the number of attempts: with 0.2 it is never asked more than a fifth more than without (Google's "Site
    Reliability Engineering", chapter 21). `least` is what a quiet service may be asked again.
    """

    __slots__ = ("_least", "_share", "taken")

    def __init__(self, share: float = 0.2, least: int = 3) -> None:
        assert share >= 0.0
        assert least >= 0
        self._share = share
        self._least = least
        self.taken = 0

    def take(self, active: int) -> bool:
        """Whether one more retry is allowed while `active` requests are in progress; if so, its place is taken."""
        taken = self.taken
        if taken >= self._least and taken + 1 > self._share * active:
            return False
        self.taken = taken + 1
        return True

    def give_back(self) -> None:
        """The request of a retry is over."""
        assert self.taken > 0
        self.taken -= 1
