"""Host patterns: what parses, and in which order they apply."""

from __future__ import annotations

import pytest

from gatewayd.core.hostpattern import applicable, parse_host
from gatewayd.core.pattern import PatternError


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("api.example.org", b"api.example.org"),
        ("API.Example.ORG.", b"api.example.org"),
        ("*.example.org", b".example.org"),
        ("localhost", b"localhost"),
        ("a", b"a"),
        ("10.0.0.1", b"10.0.0.1"),
        ("[::1]", b"[::1]"),
        ("my_service", b"my_service"),
    ],
)
def test_keys(text: str, key: bytes) -> None:
    """A host is kept in lower case without the root's dot, a suffix with its leading dot."""
    assert parse_host(text) == key


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "not a host name"),
        ("*", 0, "leave `hosts` out"),
        ("a.*.org", 2, "at the start"),
        ("a*.org", 1, "at the start"),
        ("example.org:8080", 11, "without their port"),
        ("bücher.example", 1, "xn--"),
        ("a..b", 0, "not a host name"),
        ("http://a", 0, "not a host name"),
        ("-a", 0, "not a host name"),
    ],
)
def test_faults(text: str, offset: int, message: str) -> None:
    """What no request's host can match is refused with the place of the fault."""
    with pytest.raises(PatternError) as caught:
        parse_host(text)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_order() -> None:
    """The host itself comes first, then the longest suffix, then any host."""
    keys = {b"", b".org", b".example.org", b"api.example.org", b".api.example.org"}
    assert applicable(b"api.example.org", keys) == (b"api.example.org", b".example.org", b".org", b"")
    assert applicable(b"example.org", keys) == (b".org", b"")
    assert applicable(b".example.org", keys) == (b".example.org", b".org", b"")
    assert applicable(b"localhost", keys) == (b"",)
    assert applicable(b"", {b".org"}) == ()
