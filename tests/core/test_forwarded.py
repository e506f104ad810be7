"""What services are told about clients, and whose word is taken for it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.forwarded import Peer, TrustedPeers
from gatewayd.core.messages import RequestHead
from gatewayd.http.heads import parse_request_head

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def head_with(*lines: bytes, host: bytes | None = b"Host: api.example:8080", version: bytes = b"1.1") -> RequestHead:
    """A request with these field lines."""
    fields = (b"\r\n" + line for line in (*(() if host is None else (host,)), *lines))
    return parse_request_head(b"GET / HTTP/" + version + b"".join(fields))


def told(peer: Peer, head: RequestHead) -> dict[str, str]:
    """The fields that `peer` adds to a request, by name."""
    lines = peer.lines(head, b"").decode("latin-1").split("\r\n")
    assert lines.pop() == ""
    pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    assert len({name for name, _ in pairs}) == len(pairs), "a field twice"
    return dict(pairs)


SPOOFED = (
    b"X-Forwarded-For: 10.0.0.1",
    b"x-forwarded-proto: https",
    b"X-Forwarded-Host: evil.test",
    b"X-Forwarded-Port: 443",
    b"X-Forwarded-Prefix: /x",
    b"X-Forwarded-Server: s",
    b"X-Real-IP: 10.0.0.1",
    b"Forwarded: for=10.0.0.1",
    b"X_Forwarded_For: 10.0.0.1",
    b"x-forwarded_for: 10.0.0.1",
    b"X_Real_Ip: 10.0.0.1",
)


def test_untrusted_peers_are_described_as_they_are() -> None:
    """Whatever a client claims, in any spelling, the service hears of its own address and port only."""
    peer = Peer("192.0.2.1", 8443, "https", False)
    head = head_with(*SPOOFED, b"X-Other: kept")
    assert told(peer, head) == {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "api.example:8080",
        "X-Forwarded-Port": "8443",
        "Forwarded": 'for=192.0.2.1;host="api.example:8080";proto=https',
    }
    assert peer.lines(head).startswith(b"X-Other: kept\r\nX-Forwarded-For: ")
    assert b"10.0.0.1" not in peer.lines(head)


def test_ipv6_peers() -> None:
    """RFC 7239 wants IPv6 addresses bracketed and quoted; X-Forwarded-For has them bare."""
    fields = told(Peer("2001:db8::1", 80, "http", False), head_with())
    assert fields["X-Forwarded-For"] == "2001:db8::1"
    assert fields["Forwarded"].startswith('for="[2001:db8::1]";')


def test_unix_peers() -> None:
    """A client on a unix socket has no address: it is unknown, as RFC 7239 section 6.2 has it."""
    fields = told(Peer("", 0, "http", False), head_with())
    assert fields["X-Forwarded-For"] == "unknown"
    assert fields["Forwarded"].startswith("for=unknown;")
    assert fields["X-Forwarded-Port"] == "0"


def test_no_host() -> None:
    """An HTTP/1.0 request without Host names none."""
    fields = told(Peer("192.0.2.1", 80, "http", False), head_with(host=None, version=b"1.0"))
    assert fields["X-Forwarded-Host"] == ""
    assert fields["Forwarded"] == "for=192.0.2.1;proto=http"


def test_trusted_lists_are_continued() -> None:
    """A believed peer's lists are kept, all their lines in order, and it is appended; single values are kept."""
    peer = Peer("10.9.9.9", 8080, "http", True)
    head = head_with(
        b"X-Forwarded-For: 203.0.113.7",
        b"Forwarded: for=203.0.113.7",
        b"X-Forwarded-For: 10.1.1.1, 10.2.2.2",
        b"Forwarded: for=10.1.1.1",
        b"X-Forwarded-Proto: HTTPS",
        b"X-Forwarded-Host: shop.example",
        b"X-Forwarded-Port: 443",
        b"X-Forwarded-Prefix: /shop",
        b"X-Real-IP: 203.0.113.7",
    )
    assert told(peer, head) == {
        "X-Forwarded-For": "203.0.113.7, 10.1.1.1, 10.2.2.2, 10.9.9.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-Port": "443",
        "Forwarded": 'for=203.0.113.7, for=10.1.1.1, for=10.9.9.9;host="api.example:8080";proto=http',
        "X-Forwarded-Prefix": "/shop",
        "X-Real-IP": "203.0.113.7",
    }


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"X-Forwarded-Proto: gopher", "X-Forwarded-Proto", "http"),
        (b"X-Forwarded-Proto: https, http", "X-Forwarded-Proto", "http"),
        (b"X-Forwarded-Host: a b", "X-Forwarded-Host", "api.example:8080"),
        (b'X-Forwarded-Host: a"b', "X-Forwarded-Host", "api.example:8080"),
        (b"X-Forwarded-Host:", "X-Forwarded-Host", "api.example:8080"),
        (b"X-Forwarded-Port: 8x", "X-Forwarded-Port", "8080"),
        (b"X-Forwarded-Port: 123456", "X-Forwarded-Port", "8080"),
    ],
)
def test_trusted_nonsense(line: bytes, name: str, value: str) -> None:
    """Even a believed peer's single values are replaced where they are none."""
    assert told(Peer("10.9.9.9", 8080, "http", True), head_with(line))[name] == value


def test_trusted_without_fields() -> None:
    """A believed peer that says nothing is itself the client."""
    fields = told(Peer("10.9.9.9", 80, "http", True), head_with())
    assert fields == told(Peer("10.9.9.9", 80, "http", False), head_with())


def test_lines_are_made_once_per_section() -> None:
    """The lines of a repeated section are the same object, those of another section or authority are made anew."""
    peer = Peer("192.0.2.1", 80, "http", False)
    head = head_with(b"X-A: 1")
    again = parse_request_head(b"GET /other HTTP/1.1\r\n" + head.section.written, head.section)
    assert peer.lines(head) is peer.lines(again)
    other = parse_request_head(b"GET http://api.example:8080/ HTTP/1.1\r\n" + head.section.written)
    assert peer.lines(other) == peer.lines(head)
    absolute = parse_request_head(b"GET http://API.example:8080/ HTTP/1.1\r\n" + head.section.written, head.section)
    assert b"X-Forwarded-Host: API.example:8080\r\n" in peer.lines(absolute)
    assert b"X-Forwarded-Host: api.example:8080\r\n" in peer.lines(head)


def test_kept_lines_are_not_remembered() -> None:
    """Lines that a route changed stand before ours, and do not turn up in the next request."""
    peer = Peer("192.0.2.1", 80, "http", False)
    head = head_with(b"X-A: 1")
    assert peer.lines(head, b"X-B: 2\r\n").startswith(b"X-B: 2\r\nX-Forwarded-For: ")
    assert peer.lines(head).startswith(b"X-A: 1\r\nX-Forwarded-For: ")


@pytest.mark.parametrize("trusted", [False, True])
def test_connection_cannot_nominate_ours(trusted: bool) -> None:
    """A client that names our fields in Connection does not get rid of them."""
    peer = Peer("192.0.2.1", 80, "http", trusted)
    head = head_with(b"Connection: close, X-Forwarded-For, Forwarded, X-Real-Ip, X-A", b"X-A: 1")
    lines = peer.lines(head)
    assert b"X-Forwarded-For: 192.0.2.1\r\n" in lines
    assert b"Forwarded: for=192.0.2.1" in lines
    assert b"X-A" not in lines


@pytest.mark.parametrize(
    ("sent", "client"),
    [
        (None, "10.0.0.9"),
        (b"203.0.113.7", "203.0.113.7"),
        (b"198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (b"203.0.113.7, 10.0.0.1 ,10.0.0.2", "203.0.113.7"),
        (b"10.0.0.1", "10.0.0.9"),
        (b"203.0.113.7, nonsense", "10.0.0.9"),
        (b"203.0.113.7, unknown, 10.0.0.1", "10.0.0.9"),
        (b"2001:db8::1", "2001:db8::1"),
        (b"", "10.0.0.9"),
    ],
)
def test_client(sent: bytes | None, client: str) -> None:
    """The client is the last hop that is not one of ours; where the list makes no sense, the peer is taken for it."""
    trusted = TrustedPeers(["10.0.0.0/8"])
    head = head_with(*([] if sent is None else [b"X-Forwarded-For: " + sent]))
    assert Peer("10.0.0.9", 80, "http", True).client_of(head, trusted) == client
    assert Peer("192.0.2.1", 80, "http", False).client_of(head, trusted) == "192.0.2.1"


def test_unix_is_trusted_by_name() -> None:
    """Peers on unix sockets are believed only if that is said, whatever networks are."""
    assert "" not in TrustedPeers()
    assert "" not in TrustedPeers(["0.0.0.0/0", "::/0"])
    assert "" in TrustedPeers(["unix"])
    assert "192.0.2.1" not in TrustedPeers(["unix"])


@pytest.mark.parametrize("address", ["x", "192.0.2", "192.0.2.1 ", "1.2.3.4.5", "::g", "192.0.2.1:80", "[::1]"])
def test_no_addresses(address: str) -> None:
    """What is no address is nobody's."""
    assert address not in TrustedPeers(["0.0.0.0/0", "::/0"])


@pytest.mark.parametrize("entry", ["x", "10.0.0.0/33", "10.0.0.0/8/8", "", "::/129"])
def test_no_networks(entry: str) -> None:
    """What is no network is an error, not an empty one."""
    with pytest.raises(ValueError, match="does not appear to be"):
        TrustedPeers([entry])


def networks(version: int) -> st.SearchStrategy[str]:
    """Networks of a few addresses around the same places, so that they meet, overlap and touch."""
    bits = 32 if version == 4 else 128
    base = int(ip_address("10.0.0.0" if version == 4 else "2001:db8::"))
    kind = IPv4Address if version == 4 else IPv6Address
    return st.builds(
        lambda offset, prefix: f"{kind(base + offset)}/{prefix}", st.integers(0, 80), st.integers(bits - 7, bits)
    )


def addresses(version: int) -> st.SearchStrategy[str]:
    """Addresses in and around those."""
    base = int(ip_address("10.0.0.0" if version == 4 else "2001:db8::"))
    kind = IPv4Address if version == 4 else IPv6Address
    return st.integers(-10, 160).map(lambda offset: str(kind(base + offset)))


@given(
    entries=st.lists(networks(4) | networks(6), max_size=6), asked=st.lists(addresses(4) | addresses(6), max_size=12)
)
def test_trusted_as_ipaddress_has_it(entries: list[str], asked: list[str]) -> None:
    """An address is trusted if and only if it lies in one of the networks; IPv4 and IPv6 do not mix."""
    trusted = TrustedPeers(entries)
    known: list[Network] = [ip_network(entry, strict=False) for entry in entries]
    for text in asked:
        assert (text in trusted) == any(ip_address(text) in network for network in known), text


@given(network=networks(4), address=addresses(4))
def test_mapped_addresses(network: str, address: str) -> None:
    """An IPv4 client on an IPv6 socket (RFC 4291 section 2.5.5.2) is the same client."""
    trusted = TrustedPeers([network])
    assert (f"::ffff:{address}" in trusted) == (address in trusted)
