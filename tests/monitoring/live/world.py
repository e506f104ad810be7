"""The gateway that is watched, and requests that touch what it can do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from gatewayd.core.apikeys import hash_key
from tests.harness import Client, RecordingUpstream, UpstreamConnection, reply
from tests.harness.certificates import Authority
from tests.harness.connection import Request
from tests.identity.minting import RSA_KEY, SECRET, api_key, b64, bearer, claims, good, rs, token
from tests.identity.world import ClientFrom
from tests.monitoring.live.processes import Services

BANNED: Final = "127.0.0.3"
PEPPER: Final = "pepper-0123456789"
KEY: Final = api_key(b"aaaaaaaaaaaaa", b"b" * 32)
OLD_KEY: Final = api_key(b"ccccccccccccc", b"d" * 32)
PUBLISHED: Final = bearer(token(claims(iss="https://published.test"), rs(RSA_KEY), alg="RS256", kid="published-1"))


def jwks() -> bytes:
    """The answer of an issuer that publishes its key."""
    public = RSA_KEY.public_key().public_numbers()
    modulus, exponent = (b64(n.to_bytes(-(-n.bit_length() // 8))).decode() for n in (public.n, public.e))
    key = {"kty": "RSA", "kid": "published-1", "alg": "RS256", "use": "sig", "n": modulus, "e": exponent}
    return reply(json.dumps({"keys": [key]}).encode(), b"Content-Type: application/json")


def configuration(
    services: Services, issuer: RecordingUpstream, flaky: RecordingUpstream, redis: str, names: str, folder: Path
) -> dict[str, Any]:
    """Limits in Redis, callers of two tenants, a cache, checks, discovery, and a service that does as the test says.

    Whatever a busy machine would be the cause of is given more time than it usually has, or none of its own.
    """
    quick = {"interval": "500ms", "timeout": "400ms", "fall": 2, "rise": 1}
    certificate = Authority(folder).issue("gateway.test").section
    breaker = {"window": 20, "minimum": 10, "open": "2s", "factor": 1, "ramp": "0s"}
    pepper = PEPPER.encode()
    retried = {"attempts": 2, "on": ["reset", "protocol", "5xx"]}
    return {
        "listeners": [
            {"name": "http", "address": "127.0.0.1:0", "rate_limits": ["per-address"]},
            {"name": "secure", "address": "127.0.0.1:0", "tls": {"certificates": [certificate]}},
            {"name": "walled", "address": "127.0.0.1:0", "network": {"deny": [BANNED]}},
        ],
        "access_log": {"path": str(folder / "access.log")},
        "limits": {"body_size": "64KiB"},
        "metrics": {"address": "127.0.0.1:0", "tenants": 2, "aliases": True},
        "redis": {"address": redis, "timeout": "300ms"},
        "shedding": {"enabled": False},
        "dns": {"servers": [names]},
        "rate_limits": {
            "per-address": {"limit": "100000/1m"},
            "few": {"limit": "3/1m", "key": ["tenant"]},
            "open": {"limit": "100000/1m", "key": ["tenant"], "on_store_failure": "allow"},
            "watched": {"limit": "1/1m", "key": ["tenant"], "enforce": False},
        },
        "authentication": {
            "issuers": {
                "platform": {
                    "issuer": "https://id.test",
                    "audiences": ["api"],
                    "algorithms": ["HS256"],
                    "keys": [{"algorithm": "HS256", "secret": SECRET.decode()}],
                },
                "published": {
                    "issuer": "https://published.test",
                    "audiences": ["api"],
                    "algorithms": ["RS256"],
                    "jwks": {"url": f"{issuer.url}/jwks"},
                },
            },
            "api_keys": {
                "pepper": PEPPER,
                "keys": [
                    {"id": "a" * 13, "hash": hash_key(KEY, pepper), "tenant": "acme", "user": "robot"},
                    {
                        "id": "c" * 13,
                        "hash": hash_key(OLD_KEY, pepper),
                        "tenant": "acme",
                        "expires": "2020-01-01T00:00:00Z",
                    },
                ],
            },
        },
        "tenants": {"table": {"acme": {}, "other": {}, "third": {}}},
        "services": {
            "payment": {
                "targets": [services.target("payment")],
                "health": {**quick, "path": "/api/v1/payments/1"},
                "breaker": breaker,
                "retries": {"attempts": 0},
            },
            "event": {"targets": [services.target("event")], "health": {**quick, "path": "/api/v1/events/1"}},
            "ticket": {"targets": [services.target("ticket")], "concurrency": {"most": 50, "queue": 50}},
            "order": {
                "discovery": {
                    "dns": {
                        "name": "order.internal",
                        "port": int(services.environ["GATEWAYD_ORDER_PORT"]),
                        "least_ttl": "10s",
                    }
                }
            },
            "flaky": {"targets": [flaky.url], "retries": retried, "breaker": {"mode": "metrics_only"}},
        },
        "routes": [
            {"path": "/api/v1/payments/**", "service": "payment"},
            {
                "path": "/api/v1/events/**",
                "service": "event",
                "auth": "public",
                "cache": {"scope": "public", "ttl": "1h"},
            },
            {"path": "/api/v1/tickets/**", "service": "ticket", "rate_limits": ["open"]},
            {"path": "/api/v1/orders/**", "service": "order", "auth": {"methods": ["api_key", "jwt"]}},
            {"path": "/few/**", "respond": {"body": "few"}, "auth": "required", "rate_limits": ["few"]},
            {"path": "/watched/**", "respond": {"body": "watched"}, "auth": "required", "rate_limits": ["watched"]},
            {"path": "/of/{tenant}/**", "respond": {"body": "yours"}, "tenant": {"path": "tenant"}},
            {"path": "/flaky/**", "service": "flaky", "auth": "public"},
            {"path": "/slow/**", "service": "flaky", "auth": "public", "timeouts": {"response": "250ms"}},
        ],
    }


def head(path: bytes, *lines: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: gateway.test", *lines, b"", b""])


# What good clients ask for, again and again: one request in ten is a payment.
ORDINARY: Final = (
    head(b"/api/v1/payments/7", good()),
    head(b"/api/v1/events/1"),
    head(b"/api/v1/events/2"),
    head(b"/api/v1/events/1"),
    head(b"/api/v1/tickets/1", good()),
    head(b"/api/v1/tickets/2", good(tenant_id="other")),
    head(b"/api/v1/orders/1", b"X-API-Key: " + KEY),
    head(b"/api/v1/orders/2", PUBLISHED),
    head(b"/of/acme/x", good()),
    head(b"/api/v1/events/3"),
)


class Traffic:
    """Good clients, a request each hundredth of a second, in a thread of its own while the context lasts."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        with Client(self._address) as client:
            while True:
                for request in ORDINARY:
                    client.ask(request)
                    if self._ending.wait(0.01):
                        return


def trespass(address: str) -> None:
    """A caller of one tenant asks for what is another's, once."""
    with Client(address) as client:
        assert client.ask(head(b"/of/other/x", good())).status == 404


def attack(address: str, walled: str, issuer: RecordingUpstream) -> None:
    """Whatever is refused, of every kind, while the issuer of some tokens has no keys to tell; and one tenant more."""
    issuer.on(b"/jwks", reply(b"", status=b"503 Service Unavailable"))
    for request in (
        head(b"/", b"Content-Length: 5", b"Transfer-Encoding: chunked", method=b"POST"),
        head(b"/api/v1/..%2f..%2fetc"),
        head(b"/api/v1/tickets/1", b"Content-Length: 1000000", good(), method=b"POST"),
        head(b"/api/v1/events/1", b"X-Tenant-Id: other"),
        *(head(b"/api/v1/tickets/1", line) for line in _bad_credentials()),
        head(b"/api/v1/tickets/1"),
        head(b"/nowhere"),
        head(b"/of/third/x", good(tenant_id="third")),
    ):
        with Client(address) as client:
            client.ask(request)
    with Client(address) as client:
        assert [client.ask(head(b"/few/x", good())).status for _ in range(4)] == [200, 200, 200, 429]
        for _ in range(2):
            client.ask(head(b"/watched/x", good()))
    with suppress(OSError), ClientFrom(BANNED, walled) as client:
        client.ask(head(b"/"))


def _bad_credentials() -> Iterator[bytes]:
    """Tokens that are wrong in one way each."""
    yield good(exp=1_000_000_000)
    yield good(aud="somebody else")
    yield good(iss="https://nobody.test")
    yield bearer(token(claims(), lambda message: b"forged" + message[:26]))
    yield bearer(b"no.token")
    yield bearer(token(claims(), rs(RSA_KEY), alg="RS256"))
    yield bearer(token(claims(iss="https://published.test"), rs(RSA_KEY), alg="RS256", kid="unknown"))
    yield b"X-API-Key: gw_nothing"
    yield b"X-API-Key: " + OLD_KEY


def strain(address: str, flaky: RecordingUpstream) -> None:
    """A service that resets, mumbles, fails and hangs; clients that upload, repeat themselves and go away."""
    hang = flaky.event()

    def resets(connection: UpstreamConnection, request: Request) -> None:
        """Takes the request, and goes."""
        connection.reset()

    def hangs(connection: UpstreamConnection, request: Request) -> None:
        """Never answers."""
        connection.read_body(request)
        hang.wait()

    flaky.on(b"/flaky/reset", resets)
    flaky.on(b"/flaky/mumble", b"HTTP/1.1 ABC what\r\n\r\n")
    flaky.on(b"/flaky/fail", reply(b"", status=b"500 Internal Server Error"))
    flaky.on(b"/flaky/hang", hangs)
    flaky.on(b"/slow/hang", hangs)
    for path, status in ((b"/flaky/reset", 502), (b"/flaky/mumble", 502), (b"/flaky/fail", 500), (b"/slow/hang", 504)):
        with Client(address) as client:
            assert client.ask(head(path)).status == status
    upload = head(b"/flaky/", b"Content-Length: 5", b"Idempotency-Key: one", method=b"POST") + b"hello"
    with Client(address) as client:
        assert client.ask(upload, b"POST").status == 200
    with Client(address) as client:
        client.send(head(b"/flaky/hang"))
        flaky.wait_request(b"/flaky/hang")
        client.reset()
