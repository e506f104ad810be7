"""What pages of other origins are told, by every kind of answer, and what security headers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.callers import Gate, bearer, configured
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import SERVICE, World, get, ok

APP = b"https://app.test"
POLICY = "cors: {origins: ['https://app.test', 'https://*.shop.test'], credentials: true, expose: [X-A]}"
ONE = configured(f"path: '/**', service: main, {POLICY}")

ALLOWED = [APP, b"https://a.shop.test", b"https://a.b.shop.test"]
REFUSED = [
    b"https://app.test.evil.test",
    b"https://evilapp.test",
    b"https://app.test:8443",
    b"http://app.test",
    b"https://APP.test",
    b"https://app.test/",
    b"https://app.test, https://app.test",
    b"https://shop.test",
    b"https://evilshop.test",
    b"https://a.shop.test.evil.test",
    b"https://a.shop.test@evil.test",
    b"https://.shop.test",
    b"null",
    b"*",
    b"",
]


def origins(data: bytes) -> list[bytes]:
    """Whom an answer allows."""
    return fields(data, b"Access-Control-Allow-Origin")


def answered(gate: World, *lines: bytes, answer: bytes = ok(), method: bytes = b"GET") -> bytes:
    """What a client gets whose service answers so."""
    client = gate.client()
    client.send(get(b"/", *lines, method=method))
    if gate.dials and gate.service.take():
        gate.service.send(answer)
    return client.take()


@pytest.mark.parametrize("origin", [*ALLOWED, *REFUSED])
def test_origins(tmp_path: Path, origin: bytes) -> None:
    """One that is refused gets the same answer without the fields; either varies by the origin."""
    data = answered(Gate(tmp_path, ONE), bearer(), b"Origin: %b\r\n" % origin)
    allowed = origin in ALLOWED
    assert data.startswith(b"HTTP/1.1 200 ")
    assert origins(data) == [origin] * allowed
    assert fields(data, b"Access-Control-Allow-Credentials") == [b"true"] * allowed
    assert fields(data, b"Access-Control-Expose-Headers") == [b"X-A"] * allowed
    assert fields(data, b"Vary") == [b"Origin"]


def test_no_origin(tmp_path: Path) -> None:
    """Varies all the same: a cache must not give this answer to a page."""
    data = answered(Gate(tmp_path, ONE), bearer())
    assert (origins(data), fields(data, b"Vary")) == ([], [b"Origin"])


@pytest.mark.parametrize(
    ("said", "vary"),
    [
        (b"Vary: Accept\r\n", [b"Accept", b"Origin"]),
        (b"Vary: accept, ORIGIN\r\n", [b"accept, ORIGIN"]),
        (b"Vary: *\r\n", [b"*"]),
        (b"Vary: Accept\r\nVary: Cookie\r\n", [b"Accept", b"Cookie", b"Origin"]),
        (b"Access-Control-Allow-Origin: *\r\naccess-control-max-age: 9\r\n", [b"Origin"]),
    ],
)
def test_what_a_service_says(tmp_path: Path, said: bytes, vary: list[bytes]) -> None:
    """About other origins does not count; what it varies by stays. Again and again on one connection."""
    gate = Gate(tmp_path, ONE)
    client = gate.client()
    for origin, allowed in ((APP, [APP]), (b"https://evil.test", []), (APP, [APP])):
        client.send(get(b"/", bearer(), b"Origin: %b\r\n" % origin))
        gate.service.take()
        gate.service.send(ok(b"ok", said))
        data = client.take()
        assert (origins(data), fields(data, b"Vary")) == (allowed, vary)
        assert fields(data, b"Access-Control-Max-Age") == []


def test_without_a_policy(tmp_path: Path) -> None:
    """It is the service's to say."""
    said = b"Access-Control-Allow-Origin: *\r\n"
    data = answered(World(tmp_path), b"Origin: https://app.test\r\n", answer=ok(b"ok", said))
    assert (origins(data), fields(data, b"Vary")) == ([b"*"], [])


def test_refusals_are_read_by_pages_too(tmp_path: Path) -> None:
    """A page can tell why it was refused."""
    gate = Gate(tmp_path, ONE)
    origin = b"Origin: https://app.test\r\n"
    unauthenticated = answered(gate, origin)
    assert unauthenticated.startswith(b"HTTP/1.1 401 ")
    gate.accepting = False
    client = gate.begin(bearer(), origin)
    gate.dials[-1].refuse()
    failed = client.take()
    assert failed.startswith(b"HTTP/1.1 502 ")
    assert origins(unauthenticated) == origins(failed) == [APP]


def test_every_origin(tmp_path: Path) -> None:
    """`*` is the same for all, so nothing varies."""
    gate = Gate(tmp_path, configured("path: '/**', service: main, auth: public, cors: {origins: ['*']}"))
    data = answered(gate, b"Origin: https://evil.test\r\n")
    assert (origins(data), fields(data, b"Vary"), fields(data, b"Access-Control-Allow-Credentials")) == ([b"*"], [], [])


# Security headers.

HEADERS = f"""{SERVICE}
gateway: {{trusted_proxies: [192.0.2.7]}}
security_headers: {{hsts: 365d, frame_options: DENY, nosniff: true}}
routes:
  - {{path: "/off", service: main, security_headers: off}}
  - {{path: "/**", service: main}}
"""
HSTS, FRAME, SNIFF = b"Strict-Transport-Security", b"X-Frame-Options", b"X-Content-Type-Options"


def test_security_headers(tmp_path: Path) -> None:
    """In every answer, whoever made it; what a service says itself stands."""
    world = World(tmp_path, HEADERS)
    data = answered(world, answer=ok(b"ok", b"x-frame-options: SAMEORIGIN\r\nServer: x/1\r\nX-Internal-Node: 7\r\n"))
    assert (fields(data, FRAME), fields(data, SNIFF)) == ([b"SAMEORIGIN"], [b"nosniff"])
    assert fields(data, b"Server") == fields(data, b"X-Internal-Node") == []
    own = world.client()
    own.send(b"GET * HTTP/1.1\r\nHost: a.test\r\n\r\n")
    refused = own.take()
    assert fields(refused, b"X-Gateway-Reason") != []
    client = world.client()
    client.send(get(b"/off"))
    world.service.send(ok())
    assert fields(client.take(), SNIFF) == []


@pytest.mark.parametrize(("proto", "sent"), [(b"https", True), (b"http", False), (None, False)])
def test_hsts_behind_a_proxy(tmp_path: Path, proto: bytes | None, *, sent: bool) -> None:
    """Is told to clients that a believed proxy has by TLS, by services' answers and the gateway's own."""
    world = World(tmp_path, HEADERS)
    lines = [] if proto is None else [b"X-Forwarded-Proto: %b\r\n" % proto]
    served = answered(world, *lines)
    world.accepting = False
    other = World(tmp_path, HEADERS)
    other.accepting = False
    client = other.client()
    client.send(get(b"/", *lines))
    other.dials[-1].refuse()
    for data in (served, client.take()):
        assert fields(data, HSTS) == [b"max-age=31536000"] * sent


def test_strangers_do_not_say_that_they_come_by_tls(tmp_path: Path) -> None:
    """Nobody but a believed proxy."""
    world = World(tmp_path, HEADERS.replace("192.0.2.7", "192.0.2.8"))
    assert fields(answered(world, b"X-Forwarded-Proto: https\r\n"), HSTS) == []
