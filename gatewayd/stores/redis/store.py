"""The store in Redis: what it can be asked, as commands."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from twisted.internet.defer import Deferred

from gatewayd.stores.interface import Argument, Reply, Script
from gatewayd.stores.redis.desk import Desk, Observer
from gatewayd.stores.redis.scripts import ADD, COUNT, digest
from gatewayd.stores.redis.settings import Settings
from gatewayd.stores.redis.wire import encode, encode_more

__all__ = ["Observer", "RedisStore"]

_LONGEST_TTL = 1 << 50  # milliseconds; Redis adds them to the time, in 64 bits


def _no_twin(value: bytes | None, args: tuple[bytes, ...], now: float) -> Any:
    """A script that only runs in Redis."""
    raise RuntimeError("this script runs in Redis only")


class RedisStore(Desk):
    """A store that every gateway shares which is given the same Redis, database and prefix. See `Store`.

    A call fails with `Unavailable` after `settings.timeout` at the latest, and at once where there is no connection,
    while the breaker is open, or when too many calls wait already. It may have been done all the same: whoever counts
    in Redis counts some twice then.
    """

    def __init__(
        self,
        settings: Settings,
        reactor: Any,
        random: Callable[[], float],
        observer: Observer,
        on_change: Callable[[bool, str], object],
    ) -> None:
        super().__init__(settings, reactor, random, observer, on_change)
        self._prefix = settings.prefix + b"{"
        self._getting = observer.command("get")
        self._setting = observer.command("set")
        self._deleting = observer.command("delete")
        self._counting = observer.command("count")
        self._ordering = observer.command("ordered")
        self._scripting = observer.command("script")
        self._digests: dict[Script, bytes] = {}
        self._count = Script("count", COUNT, _no_twin)
        self._add = Script("add", ADD, _no_twin)

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """See `Store`."""
        return self._take(self._getting, encode(b"GET", self._key(key)))

    def set(self, key: bytes, value: bytes, ttl: float | None = None, *, only_new: bool = False) -> Deferred[bool]:
        """See `Store`."""
        words: list[Argument] = [b"SET", self._key(key), value]
        if ttl is not None:
            words += (b"PX", _milliseconds(ttl))
        if only_new:
            words.append(b"NX")
        return self._take(self._setting, encode(*words), _is_ok)

    def delete(self, key: bytes) -> Deferred[bool]:
        """See `Store`."""
        return self._take(self._deleting, encode(b"DEL", self._key(key)), bool)

    def count(self, key: bytes, by: int, ttl: float) -> Deferred[int]:
        """See `Store`."""
        return self._evaluate(self._counting, self._count, key, (by, _milliseconds(ttl)), int)

    def add(self, key: bytes, member: bytes, score: float, ttl: float) -> Deferred[None]:
        """See `Store`."""
        return self._evaluate(self._ordering, self._add, key, (member, _number(score), _milliseconds(ttl)), _nothing)

    def above(self, key: bytes, score: float, most: int, skip: int = 0) -> Deferred[list[tuple[bytes, float]]]:
        """See `Store`."""
        begin, command = b"(" + _number(score), b"ZRANGEBYSCORE"
        words = (command, self._key(key), begin, b"+inf", b"WITHSCORES", b"LIMIT", skip, most)
        return self._take(self._ordering, encode(*words), _scored)

    def drop(self, key: bytes, score: float) -> Deferred[int]:
        """See `Store`."""
        return self._take(self._ordering, encode(b"ZREMRANGEBYSCORE", self._key(key), b"-inf", _number(score)), int)

    def run(self, script: Script, key: bytes, *args: Argument) -> Deferred[Reply]:
        """See `Store`. What Redis does not know of a script it is told then."""
        return self._evaluate(self._scripting, script, key, args, None, scripted=True)

    def _evaluate(
        self,
        observe: Callable[[float], object],
        script: Script,
        key: bytes,
        args: tuple[Argument, ...],
        convert: Callable[[Any], Any] | None,
        scripted: bool = False,
    ) -> Deferred[Any]:
        known = self._digests.get(script)
        if known is None:
            known = self._digests[script] = digest(script.lua)
        key = self._key(key)
        begun = b"*%d\r\n$7\r\nEVALSHA\r\n$40\r\n%b\r\n$1\r\n1\r\n" % (len(args) + 4, known)
        return self._take(observe, encode_more(begun, (key, *args)), convert, (script, key, args), scripted)

    def _key(self, key: bytes) -> bytes:
        """The key in Redis. The braces make a cluster place it by the key alone, whatever the prefix is."""
        return self._prefix + key + b"}"


def _milliseconds(ttl: float) -> int:
    return min(max(1, ceil(ttl * 1000.0)), _LONGEST_TTL)


def _number(score: float) -> bytes:
    """As Redis reads it, and without loss."""
    return repr(score).encode()


def _is_ok(answer: Any) -> bool:
    return answer is not None


def _nothing(answer: Any) -> None:
    return None


def _scored(answer: Any) -> list[tuple[bytes, float]]:
    return [(answer[i], float(answer[i + 1])) for i in range(0, len(answer), 2)]
