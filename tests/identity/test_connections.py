"""What is known of a client by its connection: PROXY headers, addresses, and nothing of the request before."""

from __future__ import annotations

import struct

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.resilience.world import verdict
from tests.wire.checks import fresh
from tests.wire.world import get

from .minting import b64, bearer, claims, good, token
from .world import BALANCER, BANNED, PROXY, ClientFrom, Ledger

_BLOCKED = "connections_rejected_total{reason=blocklist}"
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_REQUEST = get(b"/login/")


def _v1(source: bytes = b"203.0.113.9", family: bytes = b"TCP4", rest: bytes = b"198.51.100.1 4000 443") -> bytes:
    """A header as text."""
    return b"PROXY %b %b %b\r\n" % (family, source, rest)


def _v2(source: bytes = b"\xcb\x00\x71\x09", command: int = 0x21, family: int = 0x11, more: bytes = b"") -> bytes:
    """A binary header."""
    addresses = source + b"\xc6\x33\x64\x01" + struct.pack("!HH", 4000, 443) + more
    return _V2 + bytes((command, family)) + struct.pack("!H", len(addresses)) + addresses


def _client(gateway: GatewayProcess, source: str, listener: str = "balanced") -> ClientFrom:
    """A client at one of the loopback's addresses."""
    return ClientFrom(source, gateway.addresses[listener])


def _cut_off(gateway: GatewayProcess, source: str, data: bytes, listener: str = "balanced") -> bool:
    """Whether a connection ends without a byte of an answer, at the latest once `data` was sent."""
    try:
        with _client(gateway, source, listener) as client:
            client.send(data)
            return client.ending() in ("closed", "reset")
    except ConnectionError:
        return True


@pytest.mark.parametrize("header", [_v1(), _v2(), _v1(b"127.0.0.1"), _v1(b"10.0.0.1"), b""], ids=range(5))
def test_strangers_cannot_say_whom_they_speak_for(gateway: GatewayProcess, header: bytes) -> None:
    """Only the balancer may connect where connections begin with a PROXY header: others are cut off unanswered."""
    ledger = Ledger(gateway)
    assert _cut_off(gateway, "127.0.0.1", header + _REQUEST)
    assert ledger.moved() == {_BLOCKED: 1}


@pytest.mark.parametrize("header", [_v1(), _v2(), _v2(command=0x20)], ids=["v1", "v2", "local"])
def test_nobody_is_asked_for_a_proxy_header_elsewhere(
    gateway: GatewayProcess, upstream: RecordingUpstream, header: bytes
) -> None:
    """Where none is expected, a PROXY header is a malformed request line, from whomever."""
    path = b"/login/" + fresh()
    for source in ("127.0.0.1", BALANCER, PROXY):
        with _client(gateway, source, "http") as client:
            answer = client.ask(header + get(path))
            assert verdict(answer) == (400, b"malformed-request-line")
            assert client.ending() in ("closed", "reset")
    assert upstream.requests(path) == []


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"PROXY\r\n",
        b"proxy TCP4 203.0.113.9 198.51.100.1 4000 443\r\n",
        _v1(rest=b"198.51.100.1 4000"),
        _v1(rest=b"198.51.100.1 4000 443 1"),
        _v1(rest=b"198.51.100.1 04000 443"),
        _v1(rest=b"198.51.100.1 4000 99999"),
        _v1(b"203.0.113.999"),
        _v1(b"203.0.113.9\r\nX"),
        _v1(b"::1"),
        _v1(family=b"UDP4"),
        _v1()[:-2] + b"\n",
        b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
        _v2(command=0x11),
        _v2(command=0x22),
        _v2(family=0x12),
        _v2(family=0xFF),
        _V2 + b"\x21\x11\x00\x04\x01\x02\x03\x04",
        _V2 + b"\x21\x11\xff\xff",
        _v2(more=b"\x03\x00\x04\x00\x00\x00\x00"),
        _v2(more=b"\x01\x00\xff"),
        _V2[:-1] + b"X",
    ],
    ids=lambda header: header[:40].decode("latin-1").encode("unicode_escape").decode(),
)
def test_a_balancer_must_say_it_right(gateway: GatewayProcess, upstream: RecordingUpstream, header: bytes) -> None:
    """What is no PROXY header is cut off unanswered, and the request behind it is nobody's."""
    path = b"/login/" + fresh()
    assert _cut_off(gateway, BALANCER, header + get(path) + b"\r\n" * 40)
    assert upstream.requests(path) == []


@pytest.mark.parametrize("header", [_v1(b"203.0.113.66"), _v2(b"\xcb\x00\x71\x42")], ids=["v1", "v2"])
def test_the_address_behind_the_balancer_counts(gateway: GatewayProcess, header: bytes) -> None:
    """Whom the listener denies does not come in through the balancer either."""
    ledger = Ledger(gateway)
    assert _cut_off(gateway, BALANCER, header + _REQUEST)
    assert ledger.moved() == {_BLOCKED: 1}


@pytest.mark.parametrize("header", [_v1(), _v2()], ids=["v1", "v2"])
def test_what_the_balancer_says_is_what_services_and_routes_see(
    gateway: GatewayProcess, upstream: RecordingUpstream, header: bytes
) -> None:
    """The client's address is the one in the PROXY header, and the client's own claims are none."""
    path = b"/login/" + fresh()
    with _client(gateway, BALANCER) as client:
        answer = client.ask(header + get(path, b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1"))
        assert answer.status == 200
        assert verdict(client.ask(get(b"/lan/x", b"X-Real-IP: 10.0.0.1"))) == (403, b"address-denied")
    request = upstream.wait_request(path)
    assert request.get(b"x-forwarded-for") == b"203.0.113.9"
    assert b"10.0.0.1" not in request.head.raw
    with _client(gateway, BALANCER) as client:
        assert client.ask(_v1(b"10.0.0.1") + get(b"/lan/x")).status == 200
    with _client(gateway, BALANCER) as client:  # a second header is no header
        answer = client.ask(_v1() + _v1(b"10.0.0.1") + get(b"/lan/x"))
        assert verdict(answer) == (400, b"malformed-request-line")


def test_a_listener_may_be_closed_to_addresses(gateway: GatewayProcess) -> None:
    """Whom a listener denies gets no answer there, and one elsewhere."""
    ledger = Ledger(gateway)
    assert _cut_off(gateway, BANNED, _REQUEST, "walled")
    assert ledger.moved() == {_BLOCKED: 1}
    for source, listener in ((BANNED, "http"), ("127.0.0.1", "walled")):
        with _client(gateway, source, listener) as client:
            assert client.ask(_REQUEST).status == 200


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        (b"10.0.0.1", 200),
        (b"10.0.0.1, 6.6.6.6", 403),
        (b"6.6.6.6, 10.0.0.1", 200),
        (b"6.6.6.6, 10.0.0.1, 127.0.0.9", 200),
        (b"10.0.0.1, 6.6.6.6, 127.0.0.9", 403),
        (b"10.0.0.1, unknown", 403),
        (b"10.0.0.1,", 403),
        (b"10.0.0.1:4000", 403),
        (b"010.0.0.1", 403),
        (b"10.1", 403),
        (b"0x0a000001", 403),
        (b"::ffff:10.0.0.1", 200),
        (b"10.0.0.1%lo", 403),
        (b"", 403),
    ],
)
def test_a_believed_proxy_names_its_client(gateway: GatewayProcess, forwarded: bytes, status: int) -> None:
    """The last address that no believed proxy has counts: what stands before it, its client may have written."""
    with _client(gateway, PROXY, "http") as client:
        assert client.ask(get(b"/lan/x", b"X-Forwarded-For: " + forwarded)).status == status
    with _client(gateway, "127.0.0.8", "http") as client:
        assert client.ask(get(b"/lan/x", b"X-Forwarded-For: " + forwarded)).status == 403


def test_a_believed_proxy_forges_no_identity(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """It is believed about addresses, hosts and schemes, and about nothing else."""
    ledger = Ledger(gateway)
    path = b"/maybe/" + fresh()
    with _client(gateway, PROXY, "http") as client:
        lines = (b"X-Tenant-Id: impostor", b"x_auth_person: impostor", b"X-Forwarded-User: impostor")
        assert client.ask(get(path, *lines)).status == 200
    assert b"impostor" not in upstream.wait_request(path).head.raw
    assert ledger.moved() == {
        "dangerous_headers_filtered_total{header_name=x-tenant-id}": 1,
        "dangerous_headers_filtered_total{header_name=x-auth-person}": 1,
        "dangerous_headers_filtered_total{header_name=x-forwarded-*}": 1,
        "security_violations_total{violation_type=header_manipulation}": 1,
    }


def test_no_request_inherits_an_identity(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """On one connection, asked in one breath, each request is its own caller's; the same bytes are judged anew."""
    mark = fresh()
    known = {number: claims(sub=f"user-{number}", tenant_id=("acme", "other")[number % 2]) for number in range(6)}
    data = b"".join(
        get(b"/maybe/%b-%d" % (mark, number), *([bearer(token(known[number]))] if number % 3 else []))
        for number in range(6)
    )
    with Client(gateway.address) as client:
        client.send(data)
        assert [client.response().status for _ in range(6)] == [200] * 6
    for number, said in known.items():
        request = upstream.wait_request(b"/maybe/%b-%d" % (mark, number))
        seen = (request.get(b"x-auth-person"), request.get(b"x-tenant-id"))
        wanted = (said["sub"].encode(), said["tenant_id"].encode()) if number % 3 else (None, None)
        assert seen == wanted


def test_a_refusal_leaves_the_connection_to_the_next_request(gateway: GatewayProcess) -> None:
    """A refused token costs its request only; one that is brought in two ways costs the connection as well."""
    with Client(gateway.address) as client:
        flipped = token()[:-10] + b64(b"x" * 7)[:10]
        assert verdict(client.ask(get(b"/users/1", bearer(flipped)))) == (401, b"invalid-token")
        assert client.ask(get(b"/users/1", good())).status == 200
        assert verdict(client.ask(get(b"/users/1"))) == (401, b"unauthenticated")
        assert client.ask(get(b"/users/1", good(), good())).status == 400
        assert client.ending() in ("closed", "reset")
