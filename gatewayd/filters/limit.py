"""One configured limit as a route's requests meet it: which key they have, and which numbers are theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.ratelimits import Limit as Numbers
from gatewayd.config.models.ratelimits import RateLimit as Config
from gatewayd.config.models.ratelimits import parse_limit
from gatewayd.core.limitkeys import SEPARATOR, Part, Source, client_part, short
from gatewayd.core.ratelimits import Rule
from gatewayd.core.tokens.claimpath import ABSENT, ClaimPath, look_up
from gatewayd.filters.asking import Asking
from gatewayd.filters.limits import Book, Limiter

if TYPE_CHECKING:
    from gatewayd.core.tenants import Tenant

KeyOf = Callable[[Asking], bytes]
ClientOf = Callable[[Asking], str]

STAND_IN = b"\1"  # before a client's address that stands in for a part that a request does not have


class Limit:
    """The limit `name`, of which each request takes `cost`; at most `concurrent` with one key are answered at a time.

    It is `fixed` if every request has the same numbers: those of `book`, None if only the number of requests at a time
    is limited. `route` is the route's name, `client` tells a request's address.
    """

    __slots__ = ("_claim", "_config", "_limiter", "book", "concurrent", "cost", "fixed", "flights", "key", "policy")

    def __init__(
        self, name: str, config: Config, limiter: Limiter, client: ClientOf, route: str, cost: int = 1, *, fixed: bool
    ) -> None:
        self._config = config
        self._limiter = limiter
        self._claim = config.claim
        self.policy = config.policy(name)
        self.cost = cost
        self.fixed = fixed
        self.concurrent = config.concurrent
        self.flights = limiter.flights(name)
        self.key = key_of(config.parts, client, route)
        self.book = self._book(config.limit)

    def book_for(self, exchange: Asking, tenant: Tenant | None) -> Book | None:
        """The book of the numbers that a request's caller has."""
        numbers = self._numbers(exchange, tenant)
        if numbers is None or numbers == self._config.limit:
            return self.book
        return self._book(numbers) or self.book

    def _book(self, numbers: Numbers | None) -> Book | None:
        """The book of some numbers; bursts are larger in proportion where more may come at all."""
        config = self._config
        rate = None
        if numbers is not None:
            burst = config.burst
            if burst is not None and config.limit is not None and numbers != config.limit:
                burst = max(1, round(burst * numbers.count / config.limit.count))
            rate = numbers.rate(burst)
        quota = None if config.quota is None else config.quota.quota
        if rate is None and quota is None:
            return None
        rule = Rule(self.policy, rate, quota, 0.0 if config.block is None or rate is None else config.block)
        return self._limiter.book(rule, ample=numbers == config.limit or numbers in config.plans.values())

    def _numbers(self, exchange: Asking, tenant: Tenant | None) -> Numbers | None:
        """The key's own, the tenant's own, those of its plan or of a claim; None for those that everybody has."""
        name, caller, config = self.policy.name, exchange.caller, self._config
        if config.limit is None:
            return None
        if caller is not None and name in caller.limits:
            return _read(caller.limits[name])
        if tenant is not None and name in tenant.limits:
            return _read(tenant.limits[name])
        if self._claim is not None and caller is not None:
            return self._claimed(look_up(caller.identity.claims, self._claim), config.limit)
        if config.limit_from == "plan" and tenant is not None:
            return config.plans.get(tenant.plan)
        return None

    def _claimed(self, value: object, usual: Numbers) -> Numbers | None:
        """The numbers that a claim stands for."""
        if isinstance(value, str) and value in self._config.plans:
            return self._config.plans[value]
        if isinstance(value, int) and not isinstance(value, bool):
            value = f"{value}/{str(usual).partition('/')[2]}"
        return _read(value)


def _read(value: Any) -> Numbers | None:
    """The numbers that somebody wrote elsewhere than into the configuration; None for what are none."""
    if isinstance(value, Numbers):
        return value
    try:
        return parse_limit(value) if isinstance(value, str) else None
    except Complaint:
        return None


def key_of(parts: Sequence[Part], client: ClientOf, route: str) -> KeyOf:
    """What makes the key of a request of `parts`."""
    if [part.source for part in parts] == [Source.CLIENT]:

        def address(exchange: Asking) -> bytes:
            return client_part(client(exchange))

        return address
    values = [_value_of(part, client, route) for part in parts]

    def key(exchange: Asking) -> bytes:
        found = [value(exchange) for value in values]
        if None in found:
            instead = STAND_IN + client_part(client(exchange))
            found = [instead if value is None else value for value in found]
        return SEPARATOR.join(found)  # type: ignore[arg-type]  # no None is left

    return key


def _value_of(part: Part, client: ClientOf, route: str) -> Callable[[Asking], bytes | None]:
    """What finds one part of a request's key; None for one that has none."""
    name, path = part.name, part.path

    def header(exchange: Asking) -> bytes | None:
        assert exchange.head is not None
        values = exchange.head.get_all(name)
        return short(b",".join(values)) if values else None

    def claim(exchange: Asking) -> bytes | None:
        caller = exchange.caller
        return None if caller is None else _claim_part(caller.identity.claims, path)

    return {
        Source.CLIENT: lambda exchange: client_part(client(exchange)),
        Source.ROUTE: lambda exchange: route.encode(),
        Source.TENANT: lambda exchange: exchange.tenant or None,
        Source.USER: _user,
        Source.API_KEY: _api_key,
        Source.HEADER: header,
        Source.CLAIM: claim,
    }[part.source]


def _user(exchange: Asking) -> bytes | None:
    """Who is calling; one name with two issuers is two callers."""
    caller = exchange.caller
    if caller is None or caller.subject is None:
        return None
    return short(f"{caller.issuer or caller.identity.method}:{caller.subject}".encode())


def _api_key(exchange: Asking) -> bytes | None:
    """The id of the API key that a request came with."""
    caller = exchange.caller
    if caller is None or caller.identity.method != "api_key" or caller.key_id is None:
        return None
    return caller.key_id.encode()


def _claim_part(claims: Any, path: ClaimPath) -> bytes | None:
    """A claim that is one value."""
    value = look_up(claims, path)
    return None if value is ABSENT or not isinstance(value, str | int | float) else short(str(value).encode())
