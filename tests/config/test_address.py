"""Addresses of sockets and targets of services."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.config import Address, Target
from gatewayd.config.complaint import Complaint


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("tcp", "127.0.0.1", 8080)),
        ("0.0.0.0:0", Address("tcp", "0.0.0.0", 0)),
        ("Localhost:80", Address("tcp", "localhost", 80)),
        ("my_host.example:65535", Address("tcp", "my_host.example", 65535)),
        ("[::1]:8080", Address("tcp", "::1", 8080)),
        ("[0:0::1]:8080", Address("tcp", "::1", 8080)),
        ("[fe80::1%eth0]:1", Address("tcp", "fe80::1%eth0", 1)),
        ("unix:/run/g.sock", Address("unix", path="/run/g.sock")),
    ],
)
def test_address(text: str, address: Address) -> None:
    """An address is host and port, a bracketed IPv6 address and port, or the path of a unix socket."""
    assert Address.parse(text) == address
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "{value} names no host", "write 0.0.0.0:8080 for every address of this machine"),
        (":8080", "{value} names no host", "write 0.0.0.0:8080 for every address of this machine"),
        ("8080", "{value} names no host", "write 127.0.0.1:8080"),
        ("127.0.0.1", "{value} names no port", "add one, such as 127.0.0.1:8080"),
        ("h:", "{value} names no port", "add one, such as 127.0.0.1:8080"),
        ("[::1]", "{value} names no port", "add one, such as 127.0.0.1:8080"),
        ("::1:8080", "{value} is ambiguous", "put an IPv6 address in brackets: [::1]:8080"),
        ("[::g]:80", "{value} holds no valid IPv6 address", "write it as [::1]:8080"),
        ("1.2.3.400:80", "{value} holds no valid IPv4 address", "write four numbers from 0 to 255"),
        ("1.2.3:80", "{value} holds no valid IPv4 address", "write four numbers from 0 to 255"),
        ("a b:80", "{value} holds no valid host name", "use letters, digits, '-' and '.', or an IP address"),
        ("-a:80", "{value} holds no valid host name", "use letters, digits, '-' and '.', or an IP address"),
        ("http://a:80", "{value} is ambiguous", "put an IPv6 address in brackets: [::1]:8080"),
        ("h:65536", "{value} names no valid port", "ports go from 0 to 65535"),
        ("h:http", "{value} names no valid port", "ports go from 0 to 65535"),
        ("h:-1", "{value} names no valid port", "ports go from 0 to 65535"),
        ("unix:run", "{value} is not absolute", "write unix:/ and so on, a path from the root"),
        ("unix:/" + "x" * 107, "{value} is longer than a socket's path can be", "use at most 107 bytes"),
    ],
)
def test_not_an_address(text: str, message: str, hint: str) -> None:
    """What is no address is refused with what to write."""
    with pytest.raises(Complaint) as caught:
        Address.parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("url", "address", "authority"),
    [
        ("http://10.0.0.1:9005", Address("tcp", "10.0.0.1", 9005), b"10.0.0.1:9005"),
        ("http://payment", Address("tcp", "payment", 80), b"payment"),
        ("HTTP://Payment:80", Address("tcp", "payment", 80), b"payment"),
        ("http://[::1]:9005", Address("tcp", "::1", 9005), b"[::1]:9005"),
        ("http://[::1]", Address("tcp", "::1", 80), b"[::1]"),
        ("unix:/run/p.sock", Address("unix", path="/run/p.sock"), b"localhost"),
        ("https://payment", Address("tcp", "payment", 443), b"payment"),
        ("HTTPS://[::1]:80", Address("tcp", "::1", 80), b"[::1]:80"),
        ("https://payment:8443", Address("tcp", "payment", 8443), b"payment:8443"),
    ],
)
def test_target(url: str, address: Address, authority: bytes) -> None:
    """A target is an http or https URL without path, or a unix socket; its authority is what Host becomes."""
    target = Target.parse(url)
    assert (target.url, target.address, target.authority) == (url, address, authority)
    assert target.secure is url.lower().startswith("https:")


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("payment:9005", "{value} is not a target", "write http://host:port or unix:/path"),
        ("ftp://p", "{value} has an unknown scheme", "write http://host:port, https://host:port or unix:/path"),
        ("http://u:p@h", "a target cannot hold a user or password", "set an Authorization header on the route"),
        (
            "http://h:1/",
            "{value} goes on after the port",
            "end it after the port; a route's rewrite and strip_prefix shape the path",
        ),
        (
            "http://h?x",
            "{value} goes on after the port",
            "end it after the port; a route's rewrite and strip_prefix shape the path",
        ),
        ("http://h:0", "{value} has port 0", "a target needs the port the service listens on"),
        ("http://", "{value} names no host", "write http://host:port"),
    ],
)
def test_not_a_target(url: str, message: str, hint: str) -> None:
    """What is no target is refused with what to write."""
    with pytest.raises(Complaint) as caught:
        Target.parse(url)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("value", "weight", "priority"),
    [
        ("http://a:1", 1, 0),
        ({"url": "http://a:1"}, 1, 0),
        ({"url": "http://a:1", "weight": 1000}, 1000, 0),
        ({"priority": 9, "url": "http://a:1"}, 1, 9),
    ],
)
def test_weighted_target(value: object, weight: int, priority: int) -> None:
    """A target may be a mapping with its weight and its priority."""
    target = Target.read(value)
    assert target == Target("http://a:1", Address("tcp", "a", 1), b"a:1", weight, priority)


@given(st.ip_addresses(), st.integers(0, 65535))
def test_addresses_round_trip(ip: object, port: int) -> None:
    """The text of an address reads as the same address."""
    address = Address("tcp", str(ip), port)
    assert Address.parse(str(address)) == address
