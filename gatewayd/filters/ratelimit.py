"""Limits of a request: by address before anybody is asked who is calling, by tenant, user and key afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from gatewayd.core.limitheaders import retry_after
from gatewayd.core.reasons import RATE_LIMIT_UNAVAILABLE, RATE_LIMITED, Refused
from gatewayd.filters.asking import Asking, Channel, Events
from gatewayd.filters.limits import Ask, Flights, Judgement, Ledger, Limiter
from gatewayd.log import audit

if TYPE_CHECKING:
    from gatewayd.core.tenants import Tenant
    from gatewayd.filters.limit import Limit

_SLACK = 1e-5  # seconds: what is lost where times are told in microseconds
_TOO_MANY_AT_ONCE = "Too many requests are being answered already."


class Named(Protocol):
    """A listener."""

    name: str


class Received(Channel, Protocol):
    """The client's connection, and where it came in."""

    @property
    def listener(self) -> Named:
        """The listening socket."""


class Limited(Asking, Protocol):
    """A request.

    Filters set `judged`, what answers tell the client of its limits, and add to `held` what is to be left once the
    request has been answered.
    """

    judged: Judgement | None
    held: list[tuple[Flights, bytes]] | None

    @property
    def channel(self) -> Received:
        """The client's connection."""


class RateLimit:
    """Takes permits for the requests of one route: from `limits`, and from those of the listener they came in by.

    `tenant` finds a request's tenant and `further` what that and the credential bring with them; None where no limit
    depends on callers.
    """

    __slots__ = ("_by_listener", "_events", "_further", "_ledger", "_limiter", "_limits", "_tenant")

    def __init__(
        self,
        limits: Sequence[Limit],
        limiter: Limiter,
        ledger: Ledger,
        events: Events,
        *,
        by_listener: Mapping[str, Sequence[Limit]] | None = None,
        tenant: Callable[[Limited], Tenant | None] | None = None,
        further: Callable[[Limited, Tenant | None], Sequence[Limit]] | None = None,
    ) -> None:
        self._limits = tuple(limits)
        self._limiter = limiter
        self._ledger = ledger
        self._events = events
        self._by_listener = by_listener
        self._tenant = tenant
        self._further = further

    def __call__(self, exchange: Limited) -> Awaitable[None] | None:
        """Raises `Refused`."""
        limits: Sequence[Limit] = self._limits
        if self._by_listener is not None:
            limits = (*self._by_listener.get(exchange.channel.listener.name, ()), *limits)
        tenant = None if self._tenant is None else self._tenant(exchange)
        if self._further is not None:
            limits = (*limits, *self._further(exchange, tenant))
        asks: list[Ask] = []
        for limit in limits:
            key = limit.key(exchange)
            if limit.concurrent is not None:
                self._enter(exchange, limit, limit.concurrent, key)
            book = limit.book if limit.fixed else limit.book_for(exchange, tenant)
            if book is not None:
                asks.append((book, key, limit.cost if limit.cost == 1 else min(limit.cost, book.rule.most)))
        if asks:
            judgement = self._limiter.check(asks)
            if not isinstance(judgement, Judgement):
                return self._wait(exchange, judgement)
            self._conclude(exchange, judgement)
        return None

    async def _wait(self, exchange: Limited, judgement: Awaitable[Judgement]) -> None:
        """Others are asked."""
        self._conclude(exchange, await judgement)

    def _conclude(self, exchange: Limited, judgement: Judgement) -> None:
        """Tell the client, and refuse."""
        refused, book, verdict = judgement
        if book is None or verdict is None:
            if refused:
                raise Refused(RATE_LIMIT_UNAVAILABLE, "", b"Retry-After: 1\r\n")
            return
        if book.rule.policy.headers != "none":
            before = exchange.judged
            if refused or before is None or before.verdict is None or verdict.remaining < before.verdict.remaining:
                exchange.judged = judgement
        if refused:
            self._exceeded(exchange)
            block = book.rule.block
            if block and verdict.retry_after > block - _SLACK:  # it has just begun: while it lasts less is left of it
                self._events(audit.LIMIT_BLOCK, exchange, limit=book.rule.policy.name, seconds=block)
            raise Refused(RATE_LIMITED, f'The limit "{book.rule.policy.name}" is reached.', retry_after(verdict))

    def _enter(self, exchange: Limited, limit: Limit, most: int, key: bytes) -> None:
        """One more request is being answered."""
        if limit.flights.enter(key, most):
            self._ledger.allowed += 1
            if exchange.held is None:
                exchange.held = []
            exchange.held.append((limit.flights, key))
        elif limit.policy.enforce:
            self._ledger.denied += 1
            self._exceeded(exchange)
            raise Refused(RATE_LIMITED, _TOO_MANY_AT_ONCE, b"Retry-After: 1\r\n")
        else:
            self._ledger.shadow += 1

    def _exceeded(self, exchange: Limited) -> None:
        """Count a refusal."""
        route = exchange.route
        self._ledger.exceeded("_unmatched" if route is None else route.label, exchange.tenant.decode("ascii"))
