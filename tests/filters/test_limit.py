"""Which key a request has under a limit, and which numbers are its caller's."""

from __future__ import annotations

from typing import Any

import pytest

from gatewayd.config.models.ratelimits import Limit as Numbers
from gatewayd.config.models.ratelimits import RateLimit as Config
from gatewayd.config.models.values import FrozenDict
from gatewayd.core.proof import IdentityFields, IdentityNames, identity_fields
from gatewayd.core.tenants import Tenant
from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.asking import Asking
from gatewayd.filters.caller import Caller
from gatewayd.filters.limit import Limit
from gatewayd.filters.limits import Flights
from tests.filters.asked import Asked
from tests.stores.limits import Gateway

FIELDS: IdentityFields = identity_fields(None, None, frozenset(), frozenset(), IdentityNames())


def client(exchange: Asking) -> str:
    """The peer's address."""
    return exchange.channel.peer.address


def a_limit(config: Config, gateway: Gateway | None = None) -> Limit:
    """A limit of the route `r`."""
    return Limit("p", config, (gateway or Gateway()).limiter, client, "r", fixed=False)


def asked_by(identity: Identity | None = None, *lines: bytes, limits: Any = None) -> Asked:
    """A request of a caller."""
    asked = Asked(*lines)
    if identity is not None:
        asked.caller = Caller(identity, FIELDS)
        asked.tenant = asked.caller.tenant
        if limits is not None:
            asked.caller.limits = limits
    return asked


ANN = Identity("ann", "acme", issuer="own", claims={"shop": {"id": 7}, "many": ["a"]})
ROBOT = Identity("robot", None, method="api_key", key_id="abcdefghijklm")
STAND_IN = b"\x01192.0.2.7"


@pytest.mark.parametrize(
    ("parts", "identity", "key"),
    [
        (("client",), ANN, b"192.0.2.7"),
        (("client", "route"), None, b"192.0.2.7\0r"),
        (("tenant", "user"), ANN, b"acme\0own:ann"),
        (("tenant", "user"), ROBOT, STAND_IN + b"\0api_key:robot"),
        (("tenant", "user"), None, STAND_IN + b"\0" + STAND_IN),
        (("api_key",), ROBOT, b"abcdefghijklm"),
        (("api_key",), ANN, STAND_IN),
        (("claim:shop.id",), ANN, b"7"),
        (("claim:many",), ANN, STAND_IN),
        (("claim:none",), ANN, STAND_IN),
        (("claim:shop.id",), None, STAND_IN),
        (("header:x-seat",), None, b"1,2"),
        (("header:x-none", "user"), ANN, STAND_IN + b"\0own:ann"),
    ],
)
def test_keys(parts: tuple[str, ...], identity: Identity | None, key: bytes) -> None:
    """Parts that a request does not have are the client's address, marked so that they are nothing else."""
    asked = asked_by(identity, b"X-Seat: 1\r\nX-Seat: 2\r\n")
    assert a_limit(Config(key=parts, limit=Numbers(1, 1.0))).key(asked) == key


PLANS = FrozenDict({"gold": Numbers(100, 1.0), "base": Numbers(3, 1.0)})
GOLD = Tenant("acme", "gold")


@pytest.mark.parametrize(
    ("limit_from", "claims", "tenant", "own", "count"),
    [
        (None, {}, None, None, 10),
        (None, {}, Tenant("acme", limits={"p": Numbers(4, 1.0)}), None, 4),
        (None, {}, Tenant("acme", limits={"p": Numbers(4, 1.0)}), {"p": "5/1s"}, 5),
        (None, {}, GOLD, {"p": "many"}, 10),
        (None, {}, GOLD, {"p": 5}, 10),
        ("plan", {}, GOLD, None, 100),
        ("plan", {}, Tenant("acme", "other"), None, 10),
        ("plan", {}, None, None, 10),
        ("claim:n", {"n": 25}, GOLD, None, 25),
        ("claim:n", {"n": "base"}, None, None, 3),
        ("claim:n", {"n": "7/1s"}, None, None, 7),
        ("claim:n", {"n": 0}, None, None, 10),
        ("claim:n", {"n": True}, None, None, 10),
        ("claim:n", {}, None, None, 10),
    ],
)
def test_numbers(limit_from: str | None, claims: dict[str, Any], tenant: Tenant | None, own: Any, count: int) -> None:
    """The key's own, the tenant's own, its plan's or a claim's; what is none of these changes nothing."""
    config = Config(limit=Numbers(10, 1.0), burst=20, limit_from=limit_from, plans=PLANS if limit_from else {})
    asked = asked_by(Identity("ann", claims=claims), limits=own)
    book = a_limit(config).book_for(asked, tenant)
    assert book is not None
    assert book.rule.rate is not None
    assert (book.rule.rate.limit, book.rule.rate.burst) == (count, 2 * count)


def test_numbers_of_nobody() -> None:
    """Who is not known has everybody's, and so has every caller where there is only a quota."""
    limit = a_limit(Config(limit=Numbers(10, 1.0), limit_from="claim:n"))
    assert limit.book_for(asked_by(), None) is limit.book
    limit = a_limit(Config(concurrent=3))
    assert limit.book_for(asked_by(ANN, limits={"p": Numbers(1, 1.0)}), None) is None


def test_too_many_numbers() -> None:
    """Callers cannot fill the memory with numbers of their own: there are a thousand, then everybody's count."""
    limit = a_limit(Config(limit=Numbers(10, 1.0), limit_from="claim:n"))
    books = [limit.book_for(asked_by(Identity("ann", claims={"n": 1000 + n})), None) for n in range(1001)]
    assert len(set(map(id, books))) == 1001
    assert books[-1] is limit.book


def test_flights() -> None:
    """Every key has its own, and none is remembered that has no requests."""
    flights = Flights()
    assert [flights.enter(b"a", 2) for _ in range(3)] == [True, True, False]
    assert flights.enter(b"b", 1)
    flights.leave(b"a")
    assert (flights.enter(b"a", 2), len(flights)) == (True, 2)
    for key in (b"a", b"a", b"b"):
        flights.leave(key)
    assert len(flights) == 0
