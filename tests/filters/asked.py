"""Requests as filters see them, and what the filters say about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gatewayd.core.forwarded import Peer
from gatewayd.core.guarded import GuardedNames
from gatewayd.core.messages import RequestHead
from gatewayd.core.proof import IdentityNames
from gatewayd.core.reasons import Refused
from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.asking import Asking
from gatewayd.filters.caller import Caller, Callers
from gatewayd.http.fieldtable import REQUEST_ROLES, FieldTable
from gatewayd.http.heads import take_request_head
from gatewayd.log import Event
from tests.http.script import Bounds

GUARDED = GuardedNames()
NOTED = frozenset({b"authorization", b"cookie", b"origin", b"referer", b"sec-fetch-site", b"x-api-key"})
FIELDS = FieldTable(REQUEST_ROLES, NOTED, GUARDED.match)


@dataclass
class Route:
    """A route."""

    name: str = "orders"
    label: str = "/orders/{id}"


@dataclass
class Channel:
    """A client's connection."""

    peer: Peer


class Asked:
    """A request of a client at 192.0.2.7, of a believed proxy there if `trusted`."""

    def __init__(
        self,
        *lines: bytes,
        method: bytes = b"GET",
        target: bytes = b"/",
        host: bytes = b"a.test",
        trusted: bool = False,
        scheme: str = "http",
    ) -> None:
        written = b"%b %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (method, target, host, b"".join(lines))
        self.head: RequestHead | None = take_request_head(written, 0, Bounds(), None, FIELDS)
        self.channel = Channel(Peer("192.0.2.7", 80, scheme, trusted))
        self.route: Route | None = Route()
        self.caller: Caller | None = None
        self.tenant = b""
        self.identity = b""
        self.by_cookie = False
        self.request_id = b"r1"


@dataclass
class Told:
    """The security log of a test."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, event: Event, exchange: Asking, /, **facts: object) -> None:
        """Keep it."""
        self.events.append((event.name, facts))


def outcome(check: Callable[[Any], Awaitable[None] | None], asked: Asked) -> str:
    """What `check` makes of a request: "" for letting it pass, the reason, or "waits"."""
    try:
        waiting = check(asked)
    except Refused as refused:
        return refused.reason.slug
    return "" if waiting is None else ended(started(waiting))


def started(waiting: Awaitable[None]) -> Deferred[None]:
    """What waits, begun."""

    async def wait() -> None:
        await waiting

    return Deferred.fromCoroutine(wait())


def ended(waiting: Deferred[None]) -> str:
    """What became of it, as `outcome` has it."""
    if not waiting.called:
        return "waits"
    said: list[str] = []

    def failed(failure: Failure) -> None:
        assert isinstance(failure.value, Refused), failure
        said.append(failure.value.reason.slug)

    waiting.addErrback(failed)
    return said[0] if said else ""


def caller(
    tenant: str | None = "acme",
    subject: str | None = "ada",
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    claims: Mapping[str, object] | None = None,
) -> Caller:
    """Somebody who was found to be this."""
    identity = Identity(subject, tenant, frozenset(roles), frozenset(scopes), "main", claims=claims or {})
    return Callers(IdentityNames())(identity)
