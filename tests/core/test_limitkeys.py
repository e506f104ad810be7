"""Parts of keys."""

from __future__ import annotations

import pytest

from gatewayd.core.limitkeys import Part, Source, client_part, parse_part, short


def test_parts() -> None:
    """Each way to write one."""
    words = ("client", "route", "tenant", "user", "api_key")
    assert [parse_part(word) for word in words] == [Part(Source(word)) for word in words]
    assert parse_part("header:X-Seat") == Part(Source.HEADER, b"x-seat")
    assert parse_part("claim:a.b") == Part(Source.CLAIM, path=("a", "b"))
    assert [parse_part(word).source.needs_caller for word in words] == [False, False, True, True, True]


@pytest.mark.parametrize("text", ["", "Client", "client:x", "header", "header:", "header:a b", "claim", "claim:a..b"])
def test_what_is_no_part(text: str) -> None:
    """Anything else."""
    with pytest.raises(ValueError, match=r"."):
        parse_part(text)


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("192.0.2.1", b"192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", b"2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", b"2001:db8:1:2::/64"),
        ("fe80::1%eth0", b"fe80::/64"),
        ("::ffff:192.0.2.1", b"192.0.2.1"),
        ("1:2:3", b"1:2:3"),
        ("", b""),
    ],
)
def test_clients(address: str, part: bytes) -> None:
    """IPv6 by the network that one customer has; what is no address at all stays what it is."""
    assert client_part(address) == part


def test_long_parts() -> None:
    """Are kept by their hash, as are those with the separator in them."""
    assert short(b"x" * 64) == b"x" * 64
    assert len(short(b"x" * 65)) == len(short(b"a\0b")) == 33
    assert short(b"x" * 65) != short(b"x" * 66)
