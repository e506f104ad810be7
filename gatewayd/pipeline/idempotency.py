"""Requests that are carried out once, however often they are sent: those with the same key get the first one's answer.

After draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from gatewayd.config.models.idempotency import RouteIdempotency
from gatewayd.core.idempotency import BadKey, Event, Found, place, print_of, read_key
from gatewayd.core.limitkeys import client_part
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import (
    BODY_TOO_LARGE,
    IDEMPOTENCY_ANSWER_NOT_KEPT,
    IDEMPOTENCY_IN_PROGRESS,
    IDEMPOTENCY_KEY_INVALID,
    IDEMPOTENCY_KEY_MISSING,
    IDEMPOTENCY_KEY_REUSED,
    IDEMPOTENCY_OUTCOME_UNKNOWN,
    IDEMPOTENCY_UNAVAILABLE,
    Refused,
)
from gatewayd.http.fieldtable import FieldTable
from gatewayd.pipeline.exchange import Abandoned
from gatewayd.pipeline.gathered import gather
from gatewayd.pipeline.outgoing import framing_of, response_head
from gatewayd.pipeline.recording import Recording
from gatewayd.pipeline.remembering import Remembering, restored
from gatewayd.pipeline.unattended import Unattended
from gatewayd.stores.idempotency import Claim, Keys

if TYPE_CHECKING:
    from gatewayd.filters.asking import Asking
    from gatewayd.filters.caller import Caller
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.route import Answer

_REPLAYED = b"Idempotency-Replayed: true\r\n"
_TOLD_APART_BY = frozenset({b"content-type", b"content-encoding"})
_MOST_UNATTENDED = 1000  # requests of a route that go on without their clients, at a time
_SOON = b"Retry-After: 1\r\n"


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the keys of all routes are kept; `fields` judges the field lines of answers."""

    keys: Keys
    fields: FieldTable


class Idempotency:
    """Lets `first` answer a request with a key once, and gives that answer to whoever repeats the request.

    `route` is the route's name, `most` the bytes of a body that a request with a key may have, `largest` those of an
    answer that can be kept. `tenant` is the field in which requests name a tenant, if any; `client` tells an address.
    """

    __slots__ = (
        "_apart",
        "_client",
        "_config",
        "_first",
        "_header",
        "_largest",
        "_memory",
        "_methods",
        "_most",
        "_route",
        "unattended",
    )

    def __init__(
        self,
        first: Answer,
        memory: Memory,
        config: RouteIdempotency,
        *,
        route: str,
        most: int,
        largest: int,
        tenant: bytes | None,
        client: Callable[[Asking], str],
    ) -> None:
        self._first = first
        self._memory = memory
        self._config = config
        self._route = route.encode()
        self._most = most
        self._largest = largest
        self._client = client
        self.unattended = Unattended(_MOST_UNATTENDED)
        self._header = config.header.lower().encode("ascii")
        self._methods = frozenset(method.encode("ascii") for method in config.methods)
        self._apart = _TOLD_APART_BY if tenant is None else _TOLD_APART_BY | {tenant}

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """The answer. Raises `Refused`."""
        head = exchange.head
        assert head is not None
        if head.method not in self._methods:
            return self._first(exchange)
        values = head.get_all(self._header)
        if not values:
            if self._config.required:
                raise Refused(IDEMPOTENCY_KEY_MISSING, f"Send a key of your own choice in {self._config.header}.")
            return self._first(exchange)
        who = self._who(exchange)
        return self._first(exchange) if who is None else self._once(exchange, head, values, who)

    def _who(self, exchange: Exchange) -> bytes | None:
        """Whose key it is; None for callers whose keys are not looked at."""
        caller = exchange.caller
        known = None if caller is None else _name_of(caller)
        if known is None and self._config.anonymous:
            return b"address:" + client_part(self._client(exchange))
        return known

    async def _once(self, exchange: Exchange, head: RequestHead, values: list[bytes], who: bytes) -> None:
        """Answer a request with a key, one way or the other."""
        try:
            key = read_key(values)
        except BadKey as bad:
            raise Refused(IDEMPOTENCY_KEY_INVALID, f"The key in {self._config.header} {bad}.") from None
        body = await self._body(exchange)
        apart = [b"%b:%b" % (field.name, field.value) for field in head.fields if field.name in self._apart]
        claim = Claim(
            place(self._route, exchange.tenant, who, key),
            print_of((head.method, head.host, head.target, body, *apart)),
            self._config.lease,
            self._config.on_store_failure,
        )
        if head.section.upgrade is None:
            exchange.outlives = self.unattended
        try:
            found = self._memory.keys.claim(claim)
            if not isinstance(found, Found):
                found = await found
            if found.kind == "go":
                await self._carry_out(exchange, claim, shared=who.startswith(b"address:"))
            elif exchange.left is not None:
                raise Abandoned(exchange.left)
            elif found.kind == "answer":
                self._replay(exchange, head, found.data)
            elif found.kind == "pass":
                exchange.outlives = None
                await self._first(exchange)
            else:
                raise _refusal(found)
        finally:
            exchange.outlives = None
            if exchange.left is not None:
                self.unattended.leave()

    async def _body(self, exchange: Exchange) -> bytes:
        """The request's body, once it is whole."""
        try:
            return await gather(exchange, self._most)
        except Refused as refused:
            if refused.reason is not BODY_TOO_LARGE:
                raise
            detail = f"With {self._config.header} the route takes at most {self._most} bytes."
            raise Refused(BODY_TOO_LARGE, detail) from None

    async def _carry_out(self, exchange: Exchange, claim: Claim, *, shared: bool) -> None:
        """Be the one request that the service gets, and tell what came of it.

        A client that goes now takes nothing with it: what it asked for is done all the same, or half done.
        """
        config, keys = self._config, self._memory.keys
        if exchange.left is not None:
            keys.settle(claim, Event.RELEASE, 0.0)
            raise Abandoned(exchange.left)
        beside, before = exchange.recording, exchange.attempts
        assert beside is None or isinstance(beside, Recording)
        exchange.recording = remembering = Remembering(self._largest, beside, shared=shared)
        event: Event | None = None
        try:
            await self._first(exchange)
            event = remembering.event or Event.FORGO  # else it was an upgrade
        except Refused:
            if exchange.left is not None:
                raise Abandoned(exchange.left) from None
            raise
        finally:
            exchange.recording = beside
            if event is None:
                event = Event.LOSE if exchange.attempts > before else Event.RELEASE
            left = exchange.left  # who goes from now on has the answer
            kept = event is Event.ANSWER
            seconds = config.ttl if kept or event is Event.FORGO else config.lease
            told = keys.settle(claim, event, seconds, remembering.data if kept else b"")
        if told is not None:
            await told
        if left is not None:
            raise Abandoned(left)

    def _replay(self, exchange: Exchange, head: RequestHead, data: bytes) -> None:
        """Send the answer that was kept."""
        try:
            answer, body = restored(data, self._memory.fields)
        except (Refused, ValueError):  # not written by any gateway
            raise Refused(IDEMPOTENCY_UNAVAILABLE, "", _SOON) from None
        exchange.status = answer.status
        framing = framing_of(head, answer)
        made = response_head(exchange, head, answer, framing, None)
        writer = exchange.channel.writer
        writer.begin(made[:-2] + _REPLAYED + b"\r\n", framing)
        if body:
            writer.write(body)
        writer.end()


def _name_of(caller: Caller) -> bytes | None:
    """What names a caller for as long as it is the same: its subject or, if it has none, its API key."""
    identity = caller.identity
    if caller.subject is not None:
        return f"user:{caller.issuer or identity.method}:{caller.subject}".encode()
    return None if caller.key_id is None else f"key:{identity.method}:{caller.key_id}".encode()


def _refusal(found: Found) -> Refused:
    """Why a request is not carried out."""
    if found.kind == "other":
        return Refused(
            IDEMPOTENCY_KEY_REUSED, "Use a new key for a new request, and the same request with the same key."
        )
    if found.kind == "unkept":
        return Refused(IDEMPOTENCY_ANSWER_NOT_KEPT)
    if found.kind == "busy":
        return Refused(IDEMPOTENCY_IN_PROGRESS, "", _SOON)
    if found.kind == "lost":
        return Refused(IDEMPOTENCY_OUTCOME_UNKNOWN, "", b"Retry-After: %d\r\n" % max(1, ceil(found.left)))
    return Refused(IDEMPOTENCY_UNAVAILABLE, "", _SOON)
