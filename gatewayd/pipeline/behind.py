"""Requests that the gateway makes on its own account, in the name of one that was answered already."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from gatewayd.core.messages import ResponseHead
from gatewayd.core.reasons import Reason, Refused
from gatewayd.http.writer import Framing
from gatewayd.log import Log, events
from gatewayd.pipeline.task import Task

if TYPE_CHECKING:
    from gatewayd.http.connection import UpstreamConnection
    from gatewayd.http.interfaces import Source
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.recording import Recording
    from gatewayd.upstream.target import Target


class _Nowhere:
    """A client's connection without a client: what is written to it is dropped."""

    persistent = False
    source: Source | None = None

    def __init__(self, exchange: Exchange) -> None:
        self.peer = exchange.channel.peer
        self.writer = self
        self.started = False
        self.sent = 0

    def begin(self, head: bytes, framing: Framing) -> None:
        """An answer begins."""
        self.started = True

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def flush(self) -> None:
        """Nothing is kept."""

    def end(self, trailers: bytes = b"") -> None:
        """It ends."""


class Behind(Task):
    """A request like that of `exchange`, without its client: answered by what `run` makes of it.

    It has of an `Exchange` what answers use. What becomes of it concerns nobody but its service's counters and breaker.
    """

    _log = Log(__name__)
    route = None
    status = 0
    reason: Reason | None = None
    stood_in_for: Reason | None = None
    service = ""
    target: Target[UpstreamConnection] | None = None
    attempts = 0
    body = None
    upload = None
    hurried = False
    cookie = b""
    judged = None
    recording: Recording | None = None
    upstream_time = 0.0
    keep_alive = True

    def __init__(self, exchange: Exchange, run: Callable[[Behind], Coroutine[Any, Any, None]]) -> None:
        super().__init__(run(self))
        self.application = exchange.application
        self.channel = _Nowhere(exchange)
        self.head = exchange.head
        self.request_id = exchange.request_id
        self.since = exchange.application.now()
        self.caller = exchange.caller
        self.tenant = exchange.tenant
        self.identity = exchange.identity

    def interim(self, answer: ResponseHead) -> None:
        """Nobody waits for it."""

    def raised(self, error: BaseException) -> None:
        """The service refused, or could not be asked; or there is a bug."""
        if not isinstance(error, Refused):
            self._log.failure(events.BEHIND_FAILED, Failure(error))
