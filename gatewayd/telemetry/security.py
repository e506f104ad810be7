"""The security log: what was tried against the gateway, in one vocabulary, and no more of it than can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from twisted.logger import Logger

EVENTS = frozenset(
    {
        "address denied",
        "administrator in another tenant",
        "another tenant named",
        "API key refused",
        "cross-site request",
        "identity headers forged",
        "not permitted",
        "policy refused",
        "revoked token used",
        "tenant suspended",
        "tenant unknown",
        "token forged",
        "webhook refused",
    }
)
_PER_SECOND = 20  # lines of one kind; an attack of thousands of requests must not fill the disk
_SECOND = 1.0

_log = Logger(namespace="gatewayd.security")  # one that is a class's attribute takes the class's name instead


class Attacked(Protocol):
    """What is told of a request."""

    request_id: bytes

    @property
    def channel(self) -> Any:
        """The client's connection."""

    @property
    def head(self) -> Any:
        """Its head."""

    @property
    def route(self) -> Any:
        """The route that was found."""


class SecurityLog:
    """Writes security events; of each kind a few a second, and then how many there were besides.

    No fact is a token, a key or a body: whoever tells an event sees to that. Lists are told as text, with commas.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._second = 0.0
        self._told: Counter[str] = Counter()

    def __call__(self, kind: str, exchange: Attacked, /, **facts: object) -> None:
        """An event of one of `EVENTS`."""
        assert kind in EVENTS, kind
        if self._now() - self._second >= _SECOND:
            self._summarise()
        self._told[kind] += 1
        if self._told[kind] > _PER_SECOND:
            return
        head, route = exchange.head, exchange.route
        _log.warn(
            "{event} ({client}, {method} {path}, route {route})",
            event=kind,
            request_id=exchange.request_id.decode("latin-1"),
            client=exchange.channel.peer.address or "unix",
            method=head.method.decode("ascii"),
            path=head.path.decode("ascii"),
            route=None if route is None else route.label,
            **{name: ", ".join(fact) if isinstance(fact, list) else fact for name, fact in facts.items()},
        )

    def _summarise(self) -> None:
        """A new second begins: say what was left out of the one before."""
        for kind, count in self._told.items():
            if count > _PER_SECOND:
                _log.warn("{event}: {more} more of these", event=kind, more=count - _PER_SECOND)
        self._told.clear()
        self._second = self._now()
