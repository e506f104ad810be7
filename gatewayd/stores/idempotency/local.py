"""The keys of one process: what is under way, and what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

from twisted.internet.interfaces import IReactorTime

from gatewayd.core.idempotency import Event, Found, claim, settle
from gatewayd.stores.entries import Entries, TooLarge
from gatewayd.stores.sweep import BEAT, Sweep

MOST_CLAIMS = 100_000
MOST_ANSWERS = 250_000
ROUND = 60.0  # seconds in which everything is looked at once for having expired
_UNAVAILABLE = Found("unavailable")


class LocalKeys:
    """Answers take up to `most_bytes`: those kept longest ago make room.

    What is under way makes room for nobody: beyond `most` claims no further one is made. From `start` to `stop` the
    room of what has expired becomes free.
    """

    def __init__(self, clock: IReactorTime, now: Callable[[], float], most_bytes: int, most: int = MOST_CLAIMS) -> None:
        self._now = now
        self._most = most
        self._sweep = Sweep(clock, now, self._some)
        self.claims = Entries(2 * most, 1 << 40)
        self.answers = Entries(MOST_ANSWERS, most_bytes)

    def start(self) -> None:
        """Begin to sweep."""
        self._sweep.start()

    def stop(self) -> None:
        """Sweep no more."""
        self._sweep.stop()

    def knows(self, key: bytes) -> bool:
        """Whether anything is known of `key`."""
        if not self.claims and not self.answers:
            return False
        now = self._now()
        return self.claims.get(key, now) is not None or self.answers.get(key, now) is not None

    def claim(self, key: bytes, holder: bytes, fingerprint: bytes, lease: float) -> Found:
        """What a request finds at `key`; see `gatewayd.core.idempotency.claim`."""
        now = self._now()
        found, change = claim(self._value(key, now), holder, fingerprint, lease, now)
        if change is not None:
            value, seconds = change
            if len(self.claims) >= self._most:
                return _UNAVAILABLE
            assert value is not None
            self.claims.put(key, value, now + seconds)
        return found

    def settle(self, key: bytes, event: Event, holder: bytes, fingerprint: bytes, seconds: float, data: bytes) -> bool:
        """What becomes of `key`; see `gatewayd.core.idempotency.settle`."""
        now = self._now()
        done, change = settle(self._value(key, now), event, holder, fingerprint, seconds, data, now)
        if change is None:
            return done
        value, life = change
        kept = self.answers if event is Event.ANSWER or event is Event.FORGO else self.claims
        if kept is self.answers or value is None:
            self.claims.take(key, now)
        if value is not None:
            try:
                kept.put(key, value, now + life)
            except TooLarge:
                return self.settle(key, Event.FORGO, holder, fingerprint, seconds, b"")
        return done

    def _value(self, key: bytes, now: float) -> bytes | None:
        value = self.claims.get(key, now) or self.answers.get(key, now)
        assert value is None or isinstance(value, bytes)
        return value

    def _some(self) -> Iterator[None]:
        now = self._now()
        for entries in (self.claims, self.answers):
            for _ in range(ceil(entries.shards * BEAT / ROUND)):
                yield from entries.sweep(now)
