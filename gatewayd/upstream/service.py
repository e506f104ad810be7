"""A service as requests meet it: its targets, each with its pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from gatewayd.upstream.pool import C, Pool


class Target(Generic[C]):
    """One place where a service answers. `authority` is the Host it is called by if the service wants its own."""

    __slots__ = ("authority", "pool", "url")

    def __init__(self, url: str, authority: bytes, pool: Pool[C]) -> None:
        self.url = url
        self.authority = authority
        self.pool = pool


class Service(Generic[C]):
    """Targets that answer alike, taken in turn."""

    __slots__ = ("_next", "name", "targets")

    def __init__(self, name: str, targets: Sequence[Target[C]]) -> None:
        self.name = name
        self.targets = tuple(targets)
        self._next = 0

    def pick(self) -> Target[C]:
        """The target whose turn it is."""
        targets = self.targets
        if len(targets) == 1:
            return targets[0]
        self._next = index = (self._next + 1) % len(targets)
        return targets[index]

    def counts(self) -> tuple[int, int, int]:
        """Connections in use and idle, and requests waiting, over all targets."""
        active = idle = waiting = 0
        for target in self.targets:
            counts = target.pool.counts()
            active += counts[0]
            idle += counts[1]
            waiting += counts[2]
        return active, idle, waiting

    def close(self) -> None:
        """Close every pool."""
        for target in self.targets:
            target.pool.close()
