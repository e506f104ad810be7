"""Targets from DNS: looked up again as the answers grow old, kept while DNS fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.backoff import Backoff
from gatewayd.core.membership import Found, next_lookup
from gatewayd.log import Log, events
from gatewayd.upstream.discovery.findings import Findings, OnFailure, OnFound
from gatewayd.upstream.discovery.lookup import Asking, Lookup, Targets, phrase

LONGEST_RETRY = 60.0  # seconds from one failed lookup to the next, unless a TTL may not be that long

_log = Log(__name__)


class DnsDiscovery:
    """The targets that `name` leads to, from `start` to `stop`: its addresses at `port`, or what its SRV records say.

    Every name is looked up again after the lowest TTL of its answer, but from `least_ttl` to `most_ttl` seconds. An
    answer without targets counts as a failure: the last targets stay, and the next lookup comes the later the more
    failed. See `Findings` for `on_found` and `on_failure`; `on_lookup` is told of every lookup whether it found any.
    """

    __slots__ = ("_backoff", "_call", "_clock", "_failures", "_first", "_least", "_lookup", "_most", "_on_lookup",
                 "_port", "_random", "_running", "_srv", "findings")  # fmt: skip

    def __init__(
        self,
        name: str,
        port: int,
        record: Literal["a", "srv"],
        resolver: Asking,
        clock: IReactorTime,
        random: Callable[[], float],
        least_ttl: float,
        most_ttl: float,
        on_found: OnFound,
        on_failure: OnFailure,
        on_lookup: Callable[[bool], object] = lambda found: None,
    ) -> None:
        self._lookup = Lookup(name, resolver)
        self._on_lookup = on_lookup
        self._srv = record == "srv"
        self._port = port
        self._clock = clock
        self._random = random
        self._least = least_ttl
        self._most = most_ttl
        self._backoff = Backoff(least_ttl, 2.0, max(least_ttl, min(most_ttl, LONGEST_RETRY)), 0.1)
        self._failures = 0  # lookups in a row that failed
        self._running = False
        self._call: IDelayedCall | None = None
        self._first: Deferred[None] | None = None
        self.findings = Findings(f"the name {name}", on_found, on_failure)

    @property
    def targets(self) -> tuple[Found, ...]:
        """What was found last."""
        return self.findings.targets

    @property
    def failure(self) -> str:
        """What is wrong with the last lookup; empty if nothing is."""
        return self.findings.failure

    def start(self) -> Deferred[None]:
        """Look up at once. The Deferred fires with the first answer, or failure; it does not fail."""
        self._running = True
        first: Deferred[None] = Deferred()
        self._first = first
        self._look()
        return first

    def stop(self) -> None:
        """Look up no more; what is being looked up has no effect.

        It is not cancelled: twisted.names shares a question among all who ask it, and would fail the others as well.
        """
        self._running = False
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._settle()

    def _look(self) -> None:
        self._call = None
        lookup = self._lookup.by_service() if self._srv else self._lookup.by_address(self._port)
        asking = Deferred.fromCoroutine(lookup)
        asking.addCallbacks(self._found, self._failed)
        asking.addErrback(lambda failure: _log.failure(events.INTERNAL_ERROR, failure, what="a lookup"))
        asking.addCallback(lambda _: self._settle())

    def _found(self, targets: Targets) -> None:
        if self._running:
            self._failures = 0
            self._on_lookup(True)
            self._again(next_lookup(targets.ttls, self._least, self._most, self._random()))
            self.findings.found(targets.found)

    def _failed(self, failure: Failure) -> None:
        if self._running:
            assert isinstance(failure.value, Exception)
            self._on_lookup(False)
            self._again(self._backoff.delay(self._failures, self._random()))
            self._failures += 1
            self.findings.failed(phrase(failure.value))

    def _again(self, delay: float) -> None:
        """Look up in `delay` seconds."""
        self._call = self._clock.callLater(delay, self._look)

    def _settle(self) -> None:
        """Who waits for the first lookup need wait no longer."""
        if self._first is not None:
            first, self._first = self._first, None
            first.callback(None)
