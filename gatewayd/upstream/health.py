"""Active checks: whether a target is well, asked at intervals beside the requests it gets."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Set
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.log import Log, events

_log = Log(__name__)

Probe: TypeAlias = Callable[[], Coroutine[Any, Any, str]]
"""Asks a target once: answers the empty text where all is well, else in one phrase what is not."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service's targets are checked; times in seconds.

    `path` is asked for by `method`; without one, a connection that can be opened is enough. The answer must have one of
    `statuses`, and `body` somewhere in its first 64 KiB. `timeout` covers connection, head and body. `jitter` is how
    far an interval may stray, as a share of it. `port` and `host` stand in for those of the target.
    """

    path: str | None = None
    method: str = "GET"
    interval: float = 10.0
    jitter: float = 0.1
    timeout: float = 2.0
    statuses: Set[int] = frozenset(range(200, 300))
    body: bytes = b""
    port: int | None = None
    host: str = ""


class Where(Protocol):
    """An address: `kind` is "tcp" with `host` and `port`, or "unix" with `path`."""

    @property
    def kind(self) -> str:
        """Either `tcp` or `unix`."""

    @property
    def host(self) -> str:
        """A name or address, of TCP."""

    @property
    def port(self) -> int:
        """The port, of TCP."""

    @property
    def path(self) -> str:
        """The socket's path, of unix."""


class HealthCheck:
    """Asks one target by `probe`, again and again from `start` to `stop`, and never twice at once.

    `on_result` gets whether it is well, how long the answer took in seconds, and what is wrong in one phrase.
    """

    __slots__ = ("_asking", "_call", "_clock", "_on_result", "_probe", "_random", "_settings")

    def __init__(
        self,
        probe: Probe,
        settings: Settings,
        clock: IReactorTime,
        on_result: Callable[[bool, float, str], None],
        random: Callable[[], float],
    ) -> None:
        self._probe = probe
        self._settings = settings
        self._clock = clock
        self._on_result = on_result
        self._random = random
        self._call: IDelayedCall | None = None
        self._asking: Deferred[str] | None = None

    def start(self) -> None:
        """Begin, at a random moment of the first interval: the checks of many targets spread."""
        self._call = self._clock.callLater(self._settings.interval * self._random(), self._ask)

    def stop(self) -> None:
        """Ask no more. A check in flight is cancelled, and what came of it is not told."""
        call, asking = self._call, self._asking
        self._call = self._asking = None
        if call is not None:
            call.cancel()
        if asking is not None:
            asking.cancel()

    def _ask(self) -> None:
        self._call = None
        began = self._clock.seconds()
        self._asking = asking = Deferred.fromCoroutine(self._probe())
        asking.addTimeout(self._settings.timeout, self._clock, onTimeoutCancel=_too_late)
        asking.addErrback(self._broken, asking)
        asking.addCallback(self._answered, asking, began)
        asking.addErrback(lambda failure: _log.failure(events.INTERNAL_ERROR, failure, what="a check"))

    def _broken(self, failure: Failure, asking: Deferred[str]) -> str:
        """A probe that raised: cancelled by `stop`, or a bug."""
        if self._asking is asking:
            _log.failure(events.CHECK_FAILED, failure)
        return "the check itself failed"

    def _answered(self, fault: str, asking: Deferred[str], began: float) -> None:
        if self._asking is not asking:
            return
        self._asking = None
        now, settings = self._clock.seconds(), self._settings
        due = began + settings.interval * (1.0 + settings.jitter * (2.0 * self._random() - 1.0))
        self._call = self._clock.callLater(max(0.0, due - now), self._ask)
        self._on_result(not fault, now - began, fault)


def _too_late(result: object, timeout: float) -> str:
    """What is wrong with a target whose check had to be cancelled."""
    return f"no answer in {timeout:g} s"
