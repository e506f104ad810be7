"""Who may carry out a request, and what comes of it: decided here, or in a store that gateways share."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from typing import Literal, TypeAlias

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.idempotency import Event, Found
from gatewayd.stores.idempotency.local import MOST_CLAIMS, LocalKeys
from gatewayd.stores.idempotency.scripts import CLAIM, SETTLE, claiming, found_of, settling
from gatewayd.stores.interface import Store, Unavailable

OnFailure: TypeAlias = Literal["local", "allow", "deny"]

PREFIX = b"idempotency:"
_RENEWALS = 3  # in the time of a lease: two may get lost
_PASS, _UNAVAILABLE = Found("pass"), Found("unavailable")
_KEPT = (Event.ANSWER, Event.FORGO)


class Claim:
    """What a request with a key asks for: `key` is its place, `print` its fingerprint.

    It has the key until it is settled or, should it never be, for `lease` seconds. `on_failure` says what becomes of it
    while the store is away.
    """

    __slots__ = ("_renewing", "here", "holder", "key", "lease", "on_failure", "print")

    _renewing: IDelayedCall | None

    def __init__(self, key: bytes, fingerprint: bytes, lease: float, on_failure: OnFailure) -> None:
        self.key = key
        self.print = fingerprint
        self.lease = lease
        self.on_failure = on_failure
        self.holder = _PROCESS + next(_numbers).to_bytes(8, "big")
        self.here = False  # whether this process knows of it, and not the store
        self._renewing = None

    def __repr__(self) -> str:
        """Nothing of the request."""
        return f"<Claim {self.holder.hex()}>"

    def renew_at(self, clock: IReactorTime, renew: Callable[[Claim], None]) -> None:
        """Have `renew` called when a part of the lease is over."""
        self._renewing = clock.callLater(self.lease / _RENEWALS, renew, self)

    def forget(self) -> None:
        """There is nothing to be renewed any more."""
        renewing, self._renewing = self._renewing, None
        if renewing is not None and renewing.active():
            renewing.cancel()


_PROCESS = os.urandom(8)
_numbers = count()


class Keys:
    """Keeps keys in `store` or, without one and while it is away, in this process: up to `most_bytes` of answers.

    What this process took upon itself while the store was away it goes on answering for, until it expires.
    """

    def __init__(
        self,
        store: Store | None,
        clock: IReactorTime,
        now: Callable[[], float],
        most_bytes: int,
        most: int = MOST_CLAIMS,
    ) -> None:
        self._store = store
        self._clock = clock
        self.local = LocalKeys(clock, now, most_bytes, most)

    def start(self) -> None:
        """Begin to free the room of what has expired."""
        self.local.start()

    def stop(self) -> None:
        """Leave everything as it is."""
        self.local.stop()

    def claim(self, claim: Claim) -> Found | Deferred[Found]:
        """What a request finds; a Deferred, which never fails, where the store is asked.

        Who is to go tells what came of it with `settle`, whatever happens. Until then the claim is renewed.
        """
        store = self._store
        if store is None or self.local.knows(claim.key):
            return self._here(claim)
        if not store.up:
            return self._without(claim)
        asked = store.run(CLAIM, PREFIX + claim.key, *claiming(claim.holder, claim.print, claim.lease))
        return asked.addCallback(self._answered, claim).addErrback(self._unanswered, claim)

    def settle(self, claim: Claim, event: Event, seconds: float, data: bytes = b"") -> Deferred[None] | None:
        """Tell what came of a request that was to go; it holds for `seconds`.

        A Deferred, which never fails, where the store is told: who waits for it knows that others can see it.
        """
        claim.forget()
        return self._tell(claim, event, seconds, data)

    def _tell(self, claim: Claim, event: Event, seconds: float, data: bytes) -> Deferred[None] | None:
        store = self._store
        if store is None or claim.here:
            self.local.settle(claim.key, event, claim.holder, claim.print, seconds, data)
            if store is None:
                return None
        if not store.up:
            self._keep(claim, event, seconds, data)
            return None
        args = settling(event, claim.holder, claim.print, seconds, data)
        told = store.run(SETTLE, PREFIX + claim.key, *args)
        return told.addCallbacks(_nothing, self._untold, errbackArgs=(claim, event, seconds, data))

    def _here(self, claim: Claim) -> Found:
        """Decide it in this process."""
        found = self.local.claim(claim.key, claim.holder, claim.print, claim.lease)
        claim.here = True
        return self._begun(claim, found)

    def _begun(self, claim: Claim, found: Found) -> Found:
        """Renew the claim from now on, if the request is to go."""
        if found.kind == "go":
            claim.renew_at(self._clock, self._renew)
        return found

    def _without(self, claim: Claim) -> Found:
        """Decide it while the store is away."""
        if claim.on_failure == "local":
            return self._here(claim)
        return _PASS if claim.on_failure == "allow" else _UNAVAILABLE

    def _answered(self, reply: object, claim: Claim) -> Found:
        """The store has decided."""
        return self._begun(claim, found_of(reply))  # type: ignore[arg-type]

    def _unanswered(self, failure: Failure, claim: Claim) -> Found:
        """The store has not, or has and could not say so; or nobody waits any more."""
        if failure.check(CancelledError) is not None:
            return _UNAVAILABLE
        failure.trap(Unavailable, TypeError, ValueError)
        return self._without(claim)

    def _renew(self, claim: Claim) -> None:
        """The request is still being answered."""
        claim.renew_at(self._clock, self._renew)
        self._tell(claim, Event.RENEW, claim.lease, b"")

    def _untold(self, failure: Failure, claim: Claim, event: Event, seconds: float, data: bytes) -> None:
        """The store was not told."""
        failure.trap(Unavailable, CancelledError)
        self._keep(claim, event, seconds, data)

    def _keep(self, claim: Claim, event: Event, seconds: float, data: bytes) -> None:
        """Remember here at least what the store could not be told; what is only claimed ends there by itself."""
        if event in _KEPT and not claim.here:
            self.local.settle(claim.key, event, claim.holder, claim.print, seconds, data)


def _nothing(_: object) -> None:
    """It was told."""
