"""Rules that operators write in Python, asked within a time limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.messages import Role
from gatewayd.core.reasons import POLICY_FAILED, POLICY_REFUSED, Refused
from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.asking import Asking, Events
from gatewayd.log import Log, audit, events

_log = Log("gatewayd.policies")
_WITHHELD = frozenset({"authorization", "cookie", "proxy-authorization"})
_FORGED = frozenset({Role.GUARDED})
_FORGED_BY_STRANGERS = frozenset({Role.GUARDED, Role.FORWARDING})


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """What a policy sees of a request.

    `identity` is None for an anonymous caller. `headers` has the values of each field by its name in lower case,
    without credentials, and without what the client had no business to send. `route` is the route's name, `parameters`
    are those of its path, `client` is the client's address.
    """

    method: str
    host: str
    path: str
    query: str
    route: str
    client: str
    identity: Identity | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


Verdict = bool | str | None
Policy = Callable[[PolicyRequest], "Verdict | Awaitable[Verdict]"]
"""True or None lets a request pass, False refuses it, and so does a text, which the client is told.

One written with `async def` runs in the event loop and may await Deferreds; any other runs in a thread, where it may
block. Both have the same time.
"""
InThread = Callable[[Callable[[PolicyRequest], Any], PolicyRequest], "Deferred[Any]"]


class AskPolicy:
    """Asks one policy about the requests of a route; `parameters` are the indexes of the path's named segments.

    What takes longer than `limit` seconds or raises refuses the request with 503: nobody said that it may pass, nor
    that it may not.
    """

    __slots__ = ("_client", "_clock", "_events", "_in_loop", "_in_thread", "_limit", "_name", "_parameters", "_policy",
                 "_withheld")  # fmt: skip

    def __init__(
        self,
        name: str,
        policy: Policy,
        *,
        limit: float,
        clock: IReactorTime,
        in_thread: InThread,
        parameters: Mapping[str, int],
        client: Callable[[Asking], str],
        key_header: bytes | None,
        events: Events,
    ) -> None:
        self._name = name
        self._policy = policy
        self._in_loop = iscoroutinefunction(policy)
        self._limit = limit
        self._clock = clock
        self._in_thread = in_thread
        self._parameters = tuple(parameters.items())
        self._client = client
        self._withheld = _WITHHELD if key_header is None else _WITHHELD | {key_header.decode("ascii")}
        self._events = events

    async def __call__(self, exchange: Asking) -> None:
        """Raises `Refused`."""
        request = self._seen(exchange)
        answered = await self._asked(request)
        if answered is None:
            _log(events.POLICY_TIMEOUT, about=exchange, policy=self._name, limit=self._limit)
            raise Refused(POLICY_FAILED)
        (answer,) = answered
        if isinstance(answer, Failure):
            _log.failure(events.POLICY_FAILED, answer, about=exchange, policy=self._name)
            raise Refused(POLICY_FAILED)
        if answer is False or isinstance(answer, str):
            tenant = None if request.identity is None else request.identity.tenant
            self._events(audit.POLICY_REFUSED, exchange, policy=self._name, tenant=tenant)
            raise Refused(POLICY_REFUSED, answer if isinstance(answer, str) else "")
        if answer is not True and answer is not None:
            _log(events.POLICY_UNCLEAR, about=exchange, policy=self._name)
            raise Refused(POLICY_FAILED)

    def _asked(self, request: PolicyRequest) -> Deferred[tuple[Any] | None]:
        """The policy's answer or its failure, in a tuple; None where it took too long. It fails only if cancelled.

        So what ends the wait from outside, a client that has gone, is not taken for a failure of the policy. One that
        will not be cancelled is waited for no longer.
        """
        policy: Callable[[PolicyRequest], Any] = self._policy
        asking: Deferred[Any]
        asking = Deferred.fromCoroutine(policy(request)) if self._in_loop else self._in_thread(policy, request)

        def leave(answer: Deferred[tuple[Any] | None]) -> None:
            answer.errback(CancelledError())
            asking.cancel()

        answer: Deferred[tuple[Any] | None] = Deferred(leave)

        def tell(result: object) -> None:
            if not answer.called:
                answer.callback((result,))

        def give_up() -> None:
            answer.callback(None)
            asking.cancel()

        def stop(result: tuple[Any] | None) -> tuple[Any] | None:
            if timer.active():
                timer.cancel()
            return result

        asking.addBoth(tell)
        if not answer.called:
            timer = self._clock.callLater(self._limit, give_up)
            answer.addBoth(stop)
        return answer

    def _seen(self, exchange: Asking) -> PolicyRequest:
        """What the policy sees."""
        head, route, caller = exchange.head, exchange.route, exchange.caller
        assert head is not None
        assert route is not None
        headers: dict[str, tuple[str, ...]] = {}
        forged = _FORGED if exchange.channel.peer.trusted else _FORGED_BY_STRANGERS
        for one in head.fields:
            name = one.name.decode("ascii")
            if name not in self._withheld and one.role not in forged:
                headers[name] = (*headers.get(name, ()), one.value.decode("latin-1"))
        return PolicyRequest(
            method=head.method.decode("ascii"),
            host=head.host.decode("ascii"),
            path=head.path.decode("ascii"),
            query=(head.query or b"").decode("ascii"),
            route=route.name,
            client=self._client(exchange),
            identity=None if caller is None else caller.identity,
            parameters={name: head.segments[index].decode("ascii") for name, index in self._parameters},
            headers=headers,
        )
