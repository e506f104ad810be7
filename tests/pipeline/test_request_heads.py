"""The head a service gets: what the client sent end to end, and what the gateway says itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from tests.pipeline.world import BASIC, SERVICE, World, get, plain

FORWARDING = (
    b"X-Forwarded-For: 192.0.2.7\r\n"
    b"X-Forwarded-Proto: http\r\n"
    b"X-Forwarded-Host: a.test\r\n"
    b"X-Forwarded-Port: 80\r\n"
    b'Forwarded: for=192.0.2.7;host="a.test";proto=http\r\n'
)
OURS = FORWARDING + b"X-Request-Id: <id>\r\nVia: 1.1 gatewayd\r\n"
TRUSTING = BASIC + "gateway: {trusted_proxies: [192.0.2.0/24]}\n"


def asked(world: World, request: bytes) -> bytes:
    """What the service is sent for this request."""
    _, service = world.ask(request)
    return plain(service.take())


def fields(head: bytes, name: bytes) -> list[bytes]:
    """The values of the fields called `name`, as written."""
    lines = [line.partition(b": ") for line in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    return [value for written, _, value in lines if written.lower() == name.lower()]


def test_a_whole_head(world: World) -> None:
    """Fields keep their order, spelling and repetitions; ours follow."""
    request = get(b"/a/b?c=d&e", b"Accept: text/html\r\n", b"x-ODD:  1 \r\n", b"Cookie: a=1\r\n", b"X-odd: 2\r\n")
    assert asked(world, request) == (
        b"GET /a/b?c=d&e HTTP/1.1\r\nHost: a.test\r\n"
        b"Accept: text/html\r\nx-ODD: 1\r\nCookie: a=1\r\nX-odd: 2\r\n" + OURS + b"\r\n"
    )


def test_a_body_of_known_length(world: World) -> None:
    """The head says the length, and the body follows in a piece of its own or the same."""
    request = get(b"/", b"Content-Length: 5\r\n", b"Content-Type: text/plain\r\n", method=b"POST") + b"hello"
    head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Type: text/plain\r\n" + OURS + b"Content-Length: 5\r\n\r\n"
    assert asked(world, request) == head + b"hello"


def test_a_body_in_chunks(world: World) -> None:
    """Chunks are framed anew: as they arrive, without extensions, with the trailers that may pass."""
    request = get(b"/", b"Transfer-Encoding: chunked\r\n", method=b"PUT")
    body = b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nHost: evil\r\n\r\n"
    sent = asked(world, request + body)
    head = b"PUT / HTTP/1.1\r\nHost: a.test\r\n" + OURS + b"Transfer-Encoding: chunked\r\n\r\n"
    assert sent == head + b"5\r\nabcde\r\n0\r\nX-Sum: 5\r\n\r\n"


def test_a_body_of_no_bytes(world: World) -> None:
    """`Content-Length: 0` is forwarded; no body is awaited."""
    sent = asked(world, get(b"/", b"Content-Length: 0\r\n", method=b"POST"))
    assert sent == b"POST / HTTP/1.1\r\nHost: a.test\r\n" + OURS + b"Content-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: close\r\n",
        b"Connection: keep-alive, x-nothing\r\n",
        b"Keep-Alive: timeout=5\r\n",
        b"Proxy-Connection: keep-alive\r\n",
        b"Proxy-Authorization: Basic xyz\r\n",
        b"TE: trailers\r\n",
        b"Upgrade: websocket\r\n",
        b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
        b"Connection: X-Secret\r\nX-Secret: 1\r\n",
        b"Connection: x-one\r\nX-One: 1\r\nConnection: X-TWO\r\nx-two: 2\r\n",
        b"Connection: Date\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        b"X-Forwarded-For: 10.0.0.1\r\n",
        b"X-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n",
        b"Forwarded: for=10.0.0.1\r\n",
        b"X-Real-IP: 10.0.0.1\r\n",
        b"X_Forwarded_For: 10.0.0.1\r\n",
        b"X-Request-Id: mine\r\n",
        b"Connection: X-Forwarded-For, X-Request-Id, Via, Forwarded\r\n",
    ],
)
def test_what_does_not_pass(world: World, line: bytes) -> None:
    """Fields of this hop, those that Connection nominates, and what a client might say in our name."""
    assert asked(world, get(b"/", line)) == b"GET / HTTP/1.1\r\nHost: a.test\r\n" + OURS + b"\r\n"


def test_a_date_passes(world: World) -> None:
    """Signatures of requests cover it."""
    sent = asked(world, get(b"/", b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
    assert fields(sent, b"Date") == [b"Sun, 06 Nov 1994 08:49:37 GMT"]


def test_via_continues(world: World) -> None:
    """What a client's own proxies said stays before our entry (RFC 9110 section 7.6.3)."""
    sent = asked(world, get(b"/", b"Via: 1.0 fred\r\n"))
    assert fields(sent, b"Via") == [b"1.0 fred", b"1.1 gatewayd"]


def test_via_says_the_version_received(world: World) -> None:
    """A request of HTTP/1.0 is forwarded as 1.1, and says where it came from."""
    sent = asked(world, get(b"/", version=b"1.0"))
    assert sent.startswith(b"GET / HTTP/1.1\r\n")
    assert fields(sent, b"Via") == [b"1.0 gatewayd"]


def test_the_gateways_name(tmp_path: Path) -> None:
    """Via calls it as the configuration does."""
    world = World(tmp_path, BASIC + "gateway: {name: edge-1}\n")
    assert fields(asked(world, get()), b"Via") == [b"1.1 edge-1"]


def test_a_trusted_peer_is_continued(tmp_path: Path) -> None:
    """What a proxy of ours says of the client is kept, and the proxy itself appended."""
    lines = (
        b"X-Forwarded-For: 203.0.113.9\r\n",
        b"X-Forwarded-Proto: https\r\n",
        b"X-Forwarded-Host: shop.test\r\n",
        b"X-Forwarded-Port: 443\r\n",
        b"Forwarded: for=203.0.113.9;proto=https\r\n",
        b"X-Real-IP: 203.0.113.9\r\n",
        b"X-Request-Id: abc/1.2-3\r\n",
    )
    assert asked(World(tmp_path, TRUSTING), get(b"/", *lines)) == (
        b"GET / HTTP/1.1\r\nHost: a.test\r\n"
        b"X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n"
        b'X-Forwarded-Port: 443\r\nForwarded: for=203.0.113.9;proto=https, for=192.0.2.7;host="a.test";proto=http\r\n'
        b"X-Real-IP: 203.0.113.9\r\nX-Request-Id: abc/1.2-3\r\nVia: 1.1 gatewayd\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([b"X-Request-Id: abc\r\n"], b"abc"),
        ([b"X-Request-Id: " + b"a" * 128 + b"\r\n"], b"a" * 128),
        ([b"X-Request-Id: " + b"a" * 129 + b"\r\n"], b"<id>"),
        ([b"X-Request-Id: a b\r\n"], b"<id>"),
        ([b'X-Request-Id: a"b\r\n'], b"<id>"),
        ([b"X-Request-Id:\r\n"], b"<id>"),
        ([b"X-Request-Id: a;b\r\n", b"X-Request-Id: second\r\n"], b"second"),
        ([b"X-Request-Id: first\r\n", b"X-Request-Id: second\r\n"], b"first"),
        ([], b"<id>"),
    ],
)
def test_a_trusted_peers_id(tmp_path: Path, lines: list[bytes], kept: bytes) -> None:
    """An id is kept where it is one; the same stands in the answer and in the access log."""
    world = World(tmp_path, TRUSTING)
    client, service = world.ask(get(b"/", *lines))
    sent = service.take()
    assert fields(plain(sent), b"X-Request-Id") == [kept]
    (written,) = fields(sent, b"X-Request-Id")
    service.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert fields(client.take(), b"X-Request-Id") == [written]
    assert world.record["request_id"] == written.decode()


def test_ids_differ(world: World) -> None:
    """Each request has its own."""
    ids = {fields(world.ask(get())[1].take(), b"X-Request-Id")[0] for _ in range(20)}
    assert len(ids) == 20


def test_ids_of_two_processes_differ(tmp_path: Path) -> None:
    """They begin with what was drawn at the start."""
    one, two = (fields(World(tmp_path).ask(get())[1].take(), b"X-Request-Id")[0][:16] for _ in range(2))
    assert one != two


@pytest.mark.parametrize(
    ("peer", "host", "expected"),
    [
        (
            IPv4Address("TCP", "192.0.2.9", 1),
            IPv4Address("TCP", "198.51.100.1", 8443),
            b"X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\n"
            b'X-Forwarded-Port: 8443\r\nForwarded: for=192.0.2.9;host="a.test";proto=http\r\n',
        ),
        (
            IPv6Address("TCP", "2001:db8::9", 1),
            IPv6Address("TCP", "2001:db8::1", 80),
            b"X-Forwarded-For: 2001:db8::9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\n"
            b'X-Forwarded-Port: 80\r\nForwarded: for="[2001:db8::9]";host="a.test";proto=http\r\n',
        ),
        (
            UNIXAddress(None),
            UNIXAddress(b"/run/gateway.sock"),
            b"X-Forwarded-For: unknown\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\n"
            b'X-Forwarded-Port: 0\r\nForwarded: for=unknown;host="a.test";proto=http\r\n',
        ),
    ],
)
def test_every_kind_of_peer(world: World, peer: object, host: object, expected: bytes) -> None:
    """IPv4, IPv6 and unix sockets are written as their RFCs ask for."""
    client = world.client(peer, host)  # type: ignore[arg-type]
    client.send(get())
    head = plain(world.service.take())
    assert head == b"GET / HTTP/1.1\r\nHost: a.test\r\n" + expected + OURS[len(FORWARDING) :] + b"\r\n"


HOSTS = """
services:
  main: {{targets: ["{target}"], host: "{host}"}}
routes:
  - {{name: all, path: "/**", service: main}}
"""


@pytest.mark.parametrize(
    ("host", "target", "expected"),
    [
        ("preserve", "http://127.0.0.1:9005", b"Shop.test:8080"),
        ("target", "http://127.0.0.1:9005", b"127.0.0.1:9005"),
        ("target", "http://[::1]:9005", b"[::1]:9005"),
        ("target", "unix:/run/payment.sock", b"localhost"),
        ("api.internal:81", "http://127.0.0.1:9005", b"api.internal:81"),
    ],
)
def test_host(tmp_path: Path, host: str, target: str, expected: bytes) -> None:
    """The service is called by the client's Host, its own, or the one the configuration names."""
    world = World(tmp_path, HOSTS.format(target=target, host=host))
    sent = asked(world, b"GET / HTTP/1.1\r\nHost: Shop.test:8080\r\n\r\n")
    assert fields(sent, b"Host") == [expected]
    assert fields(sent, b"X-Forwarded-Host") == [b"Shop.test:8080"]


def test_no_host_at_all(world: World) -> None:
    """A request of HTTP/1.0 may have none: then the target's own stands in."""
    sent = asked(world, b"GET / HTTP/1.0\r\n\r\n")
    assert fields(sent, b"Host") == [b"127.0.0.1:9005"]


def test_the_target_is_forwarded_as_it_was_matched(world: World) -> None:
    """Normalised, in origin-form, the query untouched."""
    sent = asked(world, b"GET http://a.test//a/./b/../%63?x=%2f//.. HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert sent.split(b"\r\n")[0] == b"GET /a/c?x=%2f//.. HTTP/1.1"


def test_each_target_in_turn(tmp_path: Path) -> None:
    """Requests go round the service's targets, each with connections of its own."""
    text = SERVICE.replace('"]', '", "http://127.0.0.1:9006"]') + 'routes: [{path: "/**", service: main}]\n'
    world = World(tmp_path, text)
    for _ in range(4):
        world.ask(get())
    assert sorted(dial.where.port for dial in world.dials) == [9005, 9005, 9006, 9006]
    assert {dial.timeout for dial in world.dials} == {2.0}
