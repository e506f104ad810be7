"""What the access log says of a request: worked out from the configuration once, made for the requests it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.messages import HeaderSection
from gatewayd.core.reasons import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    CLIENT_CLOSED,
    CLIENT_STALLED,
    HEAD_TIMEOUT,
    IDLE_TIMEOUT,
    REASONS,
    SHUTTING_DOWN,
    TOTAL_TIMEOUT,
    Reason,
)
from gatewayd.core.redaction import MASK, Redactor
from gatewayd.core.sampling import chosen

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange

# Which refusals count as unfinished requests in http_request_aborts_total.
ABORTS: dict[Reason, str] = {
    CLIENT_CLOSED: "client",
    CLIENT_STALLED: "timeout",
    BODY_TIMEOUT: "timeout",
    HEAD_TIMEOUT: "timeout",
    BODY_TOO_LARGE: "oversize",
    SHUTTING_DOWN: "shutdown",
}
_LATE = (IDLE_TIMEOUT, TOTAL_TIMEOUT)
# Refusals that are never left out: what somebody has to be able to look up afterwards.
_ALWAYS = frozenset(
    reason for reason in REASONS if reason in ABORTS or reason.violation or reason.status in (400, 401, 403)
)
_MOST_KNOWN = 1024  # values of header fields whose redacted text is kept
_VERSIONS = ("HTTP/1.0", "HTTP/1.1")

Add = Callable[[dict[str, object]], None]


def unfinished(reason: Reason, status: int) -> str | None:
    """How a request that ended for `reason` counts as unfinished, if it does; `status` is what its client was sent."""
    if reason in _LATE and status != reason.status:  # the answer had begun, and was broken off
        return "timeout"
    return ABORTS.get(reason)


class Sampling:
    """Which requests are recorded: a `share` of them, that of their route (by name), or that of their tenant.

    Errors, aborted requests, refusals for security's sake and what takes `slow` seconds or longer always are.
    """

    __slots__ = ("_always", "_routes", "_share", "_slow", "_tenants")

    def __init__(
        self,
        share: float = 1.0,
        routes: Mapping[str, float] | None = None,
        tenants: Callable[[], Mapping[bytes, float]] = dict,
        slow: float | None = None,
    ) -> None:
        self._share = share
        self._routes = routes or {}
        self._tenants = tenants
        self._slow = float("inf") if slow is None else slow

    def share_of(self, exchange: Exchange, seconds: float) -> float:
        """How many requests, as a share of all like it, are recorded where this one is; 0.0 if it is not."""
        share, route = self._share, exchange.route
        if self._routes and route is not None:
            share = self._routes.get(route.name, share)
        if exchange.tenant and (tenants := self._tenants()):
            share = tenants.get(exchange.tenant, share)
        if share >= 1.0 or exchange.status >= 500 or seconds >= self._slow:
            return 1.0
        reason = exchange.reason
        if reason is not None and reason in _ALWAYS:
            return 1.0
        # Lines of one trace stay together, whichever gateways it passes: by its id where there is one.
        return share if chosen(exchange.request_id, share) else 0.0


class Headers:
    """The header fields `names` (lower case) of a section, redacted. They must be noted when lines are judged."""

    __slots__ = ("_known", "_names", "_redactor")

    def __init__(self, names: Sequence[str], redactor: Redactor) -> None:
        self._names = {name.encode("ascii"): name for name in names}
        self._redactor = redactor
        self._known: dict[bytes, str] = {}

    def __call__(self, section: HeaderSection | None) -> dict[str, str]:
        """Those that are there; several of one name joined by commas."""
        found: dict[str, str] = {}
        if section is None:
            return found
        names = self._names
        for field in section.special:
            name = names.get(field.name)
            if name is not None:
                shown = MASK if name in self._redactor.headers else self._shown(field.value)
                found[name] = f"{found[name]}, {shown}" if name in found else shown
        return found

    def _shown(self, value: bytes) -> str:
        """A value with what looks like a credential masked; most values come again and again."""
        known = self._known.get(value)
        if known is None:
            known = self._redactor.text(value.decode("latin-1"))
            if len(value) <= 256:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[value] = known
        return known


class Recorder:
    """Makes the record of a finished request and hands it to `add`, if the request is recorded.

    `moment` is the time now as text. `request` and `response` are the header fields that are recorded, None for none;
    `query` says whether queries are. `hidden` are the indexes of path segments that are secret, by route name.
    """

    __slots__ = (
        "_add",
        "_hidden",
        "_moment",
        "_query",
        "_redactor",
        "_request",
        "_response",
        "_sampling",
        "_trusted",
    )

    def __init__(
        self,
        add: Add,
        moment: Callable[[], str],
        redactor: Redactor,
        trusted: TrustedPeers,
        *,
        sampling: Sampling | None = None,
        request: Headers | None = None,
        response: Headers | None = None,
        query: bool = False,
        hidden: Mapping[str, frozenset[int]] | None = None,
    ) -> None:
        self._add = add
        self._moment = moment
        self._redactor = redactor
        self._trusted = trusted
        self._sampling = sampling
        self._request = request
        self._response = response
        self._query = query
        self._hidden = hidden or {}

    def __call__(self, exchange: Exchange, seconds: float, received: int, sent: int) -> None:
        """Record a request that took `seconds`; sizes are those of bodies."""
        share = 1.0
        if self._sampling is not None:
            share = self._sampling.share_of(exchange, seconds)
            if not share:
                return
        head, route, reason, target = exchange.head, exchange.route, exchange.reason, exchange.target
        peer, caller, upstream = exchange.channel.peer, exchange.caller, exchange.upstream_time
        client, path = peer.address, None
        if head is not None:
            path = head.path.decode("ascii")
            if self._hidden or "eyJ" in path or "gw_" in path:  # how tokens and API keys begin
                path = self._redacted(exchange, path)
        if peer.trusted and head is not None:
            client = peer.client_of(head, self._trusted)
        record: dict[str, object] = {
            "time": self._moment(),
            "request_id": exchange.request_id.decode("latin-1"),
            "client": client or "unix",
            "method": None if head is None else head.method.decode("ascii"),
            "host": None if head is None else head.host.decode("ascii"),
            "route": "_unmatched" if route is None else route.label,
            "path": path,
            "protocol": None if head is None else _VERSIONS[head.version],
            "status": exchange.status,
            "reason": None if reason is None else reason.slug,
            "tenant": exchange.tenant.decode("ascii") or None,
            "user": None if caller is None else caller.subject,
            "fallback": None if exchange.stood_in_for is None else exchange.stood_in_for.slug,
            "service": exchange.service or None,
            "target": None if target is None else target.url,
            "attempts": exchange.attempts,
            "bytes_in": received,
            "bytes_out": sent,
            "duration": int(seconds * 1e6) / 1e6,  # microseconds, in a quarter of the time of `round`
            "upstream_time": int(upstream * 1e6) / 1e6,
            "overhead": int((seconds - upstream) * 1e6) / 1e6,
        }
        if self._query and head is not None:
            record["query"] = None if head.query is None else self._redactor.query(head.query.decode("latin-1"))
        if self._request is not None:
            record["request_headers"] = self._request(None if head is None else head.section)
        if self._response is not None:
            answer = exchange.answer
            record["response_headers"] = self._response(None if answer is None else answer.section)
        if share < 1.0:
            record["sample"] = share
        self._add(record)

    def _redacted(self, exchange: Exchange, path: str) -> str:
        """The path without what is secret in it."""
        route = exchange.route
        if route is not None and (hidden := self._hidden.get(route.name)):
            path = "/".join(MASK if index - 1 in hidden else part for index, part in enumerate(path.split("/")))
        return self._redactor.text(path)
