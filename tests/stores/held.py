"""A store in memory that fails, waits and loses things as the test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from gatewayd.stores import Argument, MemoryStore, Reply, Script, Unavailable


class HeldStore(MemoryStore):
    """While it is `failing` nothing is done, although it seems to be `up`; while it is `losing` what is done is not
    answered in time. While `holding`, calls are done when they are `release`d. `calls` are the names of all.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.up = True
        self.failing = self.losing = self.holding = False
        self.calls: list[str] = []
        self.held: list[Callable[[], None]] = []

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """See `Store`."""
        return self._do("get", super().get, key)

    def set(self, key: bytes, value: bytes, ttl: float | None = None, *, only_new: bool = False) -> Deferred[bool]:
        """See `Store`."""
        return self._do("set", super().set, key, value, ttl)

    def delete(self, key: bytes) -> Deferred[bool]:
        """See `Store`."""
        return self._do("delete", super().delete, key)

    def run(self, script: Script, key: bytes, *args: Argument) -> Deferred[Reply]:
        """See `Store`."""
        return self._do("run", super().run, script, key, *args)

    def _do(self, name: str, work: Callable[..., Deferred[Any]], *args: Any) -> Deferred[Any]:
        self.calls.append(name)
        if self.failing or not self.up:
            return fail(Unavailable("timeout", "no answer"))
        if self.losing:
            work(*args)
            return fail(Unavailable("timeout", "no answer"))
        if not self.holding:
            return work(*args)
        answer: Deferred[Any] = Deferred()

        def release() -> None:
            if not answer.called:
                work(*args).chainDeferred(answer)

        self.held.append(release)
        return answer

    def release(self) -> None:
        """What waits is done, in order."""
        self.holding = False
        while self.held:
            self.held.pop(0)()
