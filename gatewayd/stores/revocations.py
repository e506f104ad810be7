"""A revocation list that several gateways share: written through, and read every few seconds.

Tokens and subjects are ordered by the time until which they are remembered, so that what is over is never read again.
A gateway learns of another's revocations `every` seconds later at most, and keeps what it knows while the store is
away.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from gatewayd.core.tokens.revocation import Revocations, Snapshot
from gatewayd.log import Log, events
from gatewayd.stores.interface import Store, Unavailable

TOKENS = b"revoked:tokens"
SUBJECTS = b"revoked:subjects"
_LONGEST = 400 * 86400.0  # seconds that an entry stays at most: no token is good for longer than a year
_AT_ONCE = 5000  # entries read in one call

_log = Log("gatewayd.revocations")


class SharedRevocations:
    """Keeps `revocations` in step with `store`, from `start` to `stop`; `most` entries are read of each kind."""

    def __init__(
        self,
        store: Store,
        revocations: Revocations,
        every: float,
        most: int,
        clock: IReactorTime,
        wall_clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._revocations = revocations
        self._every = every
        self._most = most
        self._wall_clock = wall_clock
        self._reading = LoopingCall.withCount(self._read)
        self._reading.clock = clock
        self._away = False

    def start(self) -> None:
        """Begin to read."""
        self._reading.start(self._every)

    def stop(self) -> None:
        """Read no more."""
        if self._reading.running:
            self._reading.stop()

    async def revoke_token(self, issuer: str | None, token_id: str, until: float) -> bool:
        """Believe a token no more, here at once and elsewhere soon; False if there is no room.

        Raises `Unavailable` where the others could not be told; here it is revoked all the same.
        """
        done = self._revocations.revoke_token(issuer, token_id, until, self._wall_clock())
        await self._store.add(TOKENS, _member(issuer, token_id), until, _LONGEST)
        return done

    async def revoke_subject(self, issuer: str | None, subject: str, issued: float, until: float) -> bool:
        """Believe no token of a subject that was issued up to `issued`; as `revoke_token` otherwise."""
        done = self._revocations.revoke_subject(issuer, subject, issued, until, self._wall_clock())
        await self._store.add(SUBJECTS, _member(issuer, subject, issued), until, _LONGEST)
        return done

    def _read(self, _: int) -> Deferred[None]:
        """Take over what others have revoked."""
        return Deferred.fromCoroutine(self._take_over())

    async def _take_over(self) -> None:
        now = self._wall_clock()
        try:
            tokens: dict[tuple[str | None, str], float] = {
                (issuer, token_id): until for (issuer, token_id), until in await self._entries(TOKENS, now, 2)
            }
            subjects: dict[tuple[str | None, str], tuple[float, float]] = {}
            for (issuer, subject, issued), until in await self._entries(SUBJECTS, now, 3):
                before = subjects.get((issuer, subject), (issued, until))
                subjects[issuer, subject] = max(issued, before[0]), max(until, before[1])
        except Unavailable as error:
            if not self._away:
                self._away = True
                _log(events.REVOCATIONS_FAILED, why=str(error))
            return
        if self._away:
            self._away = False
            _log(events.REVOCATIONS_RECOVERED)
        left_out = self._revocations.merge(Snapshot(tokens, subjects), now)
        if left_out:
            _log(events.REVOCATIONS_FULL, count=left_out)

    async def _entries(self, key: bytes, now: float, length: int) -> list[tuple[list[Any], float]]:
        """What is still remembered under `key`; what is no entry of ours is passed over."""
        found: list[tuple[list[Any], float]] = []
        skip = 0
        while skip < self._most:
            some = await self._store.above(key, now, min(_AT_ONCE, self._most - skip), skip)
            for member, until in some:
                entry = _entry(member)
                if entry is not None and len(entry) == length:
                    found.append((entry, until))
            if len(some) < _AT_ONCE:
                break
            skip += len(some)
        return found


def _member(*parts: object) -> bytes:
    """An entry as it is stored."""
    return json.dumps(parts, separators=(",", ":")).encode()


def _entry(member: bytes) -> list[Any] | None:
    """The parts of an entry: an issuer or None, a name, and for a subject a time; None for what is something else."""
    try:
        parts = json.loads(member)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or not 2 <= len(parts) <= 3:
        return None
    issuer, name, *issued = parts
    if not (issuer is None or isinstance(issuer, str)) or not isinstance(name, str):
        return None
    return parts if all(type(time) in (int, float) for time in issued) else None
