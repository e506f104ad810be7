"""Host: which values name one host, and what routing makes of them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.authority import parse_authority
from gatewayd.core.reasons import MALFORMED_HOST, Refused


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"a", b"a"),
        (b"1", b"1"),
        (b"_", b"_"),
        (b"Example.ORG", b"example.org"),
        (b"example.org.", b"example.org"),
        (b"example.org.:80", b"example.org"),
        (b"a-b.c_d.e", b"a-b.c_d.e"),
        (b"_dmarc.a", b"_dmarc.a"),
        (b"xn--bcher-kva.example", b"xn--bcher-kva.example"),
        (b"a--b", b"a--b"),
        (b"192.0.2.1", b"192.0.2.1"),
        (b"192.0.2.1:1", b"192.0.2.1"),
        (b"a:65535", b"a"),
        (b"a:00080", b"a"),
        (b"[::1]", b"[::1]"),
        (b"[2001:DB8::A]:443", b"[2001:db8::a]"),
        (b"[::ffff:192.0.2.1]", b"[::ffff:192.0.2.1]"),
        (b"a" * 255, b"a" * 255),
    ],
)
def test_hosts(authority: bytes, host: bytes) -> None:
    """A host is compared in lower case, without its port and without the root's dot."""
    assert parse_authority(authority) == host


@pytest.mark.parametrize(
    "authority",
    [
        b"",
        b".",
        b".a",
        b"-a",
        b"a-",
        b"a..b",
        b"a..",
        b"a b",
        b" a",
        b"a ",
        b"a\x00",
        b"a,b",
        b"a/b",
        b"a?b",
        b"a#b",
        b"a@b",
        b"user:pw@a",
        b"http://a",
        b"a%41",
        b"\xe4",
        b"a:",
        b"a:0",
        b"a:00000",
        b"a:65536",
        b"a:99999",
        b"a:000080",
        b"a:8 0",
        b"a:-1",
        b"a:+1",
        b"a:http",
        b"a:80:80",
        b":80",
        b"::1",
        b"[::1",
        b"::1]",
        b"[]",
        b"[:]",
        b"[::::]",
        b"[1:2:3]",
        b"[12345::]",
        b"[....]",
        b"[192.0.2.1]",
        b"[::1%eth0]",
        b"[::1]a",
        b"[::1]:",
        b"[v1.a]",
        b"a" * 256,
    ],
)
def test_no_hosts(authority: bytes) -> None:
    """Whatever is not one host with at most one port is refused, without quoting it."""
    with pytest.raises(Refused) as caught:
        parse_authority(authority)
    assert caught.value.reason is MALFORMED_HOST
    assert len(authority) < 5 or authority.decode("latin-1") not in caught.value.detail


ports = st.just(b"") | st.integers(1, 65535).map(lambda port: b":%d" % port)


@given(address=st.ip_addresses(), port=ports)
def test_every_address(address: IPv4Address | IPv6Address, port: bytes) -> None:
    """Every IP address is a host, with any port."""
    text = str(address).encode()
    written = b"[%b]" % text if isinstance(address, IPv6Address) else text
    assert parse_authority(written + port) == written


@given(inside=st.text("0123456789abcdefABCDEF:.", min_size=1, max_size=40))
def test_brackets_hold_ipv6_addresses(inside: str) -> None:
    """What stands in brackets is an IPv6 address as `ipaddress` understands them, or refused."""
    try:
        IPv6Address(inside)
    except ValueError:
        with pytest.raises(Refused):
            parse_authority(b"[%b]" % inside.encode())
    else:
        assert parse_authority(b"[%b]" % inside.encode()) == b"[%b]" % inside.lower().encode()


@given(authority=st.binary(max_size=12))
def test_hosts_are_safe_to_repeat(authority: bytes) -> None:
    """No accepted host brings in anything that a field, a URI or a log line would have to escape."""
    try:
        host = parse_authority(authority)
    except Refused:
        return
    assert host == host.lower()
    assert not set(host) - set(b"abcdefghijklmnopqrstuvwxyz0123456789.-_:[]")
    assert parse_authority(host) == host
