"""Addresses that may use a route."""

from __future__ import annotations

import pytest

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.networks import AccessList
from gatewayd.filters.asking import Asking
from gatewayd.filters.network import NetworkPolicy
from tests.filters.asked import Asked, Told, outcome

TRUSTED = TrustedPeers(["192.0.2.0/24"])


def client(asked: Asking) -> str:
    """The address of a request's client."""
    assert asked.head is not None
    return asked.channel.peer.client_of(asked.head, TRUSTED)


@pytest.mark.parametrize(
    ("allow", "deny", "trusted", "line", "passes"),
    [
        ([], [], False, b"", True),
        (["192.0.2.0/24"], [], False, b"", True),
        (["198.51.100.0/24"], [], False, b"", False),
        ([], ["192.0.2.7"], False, b"", False),
        (["192.0.2.0/24"], ["192.0.2.7"], False, b"", False),
        (["198.51.100.0/24"], [], False, b"X-Forwarded-For: 198.51.100.1\r\n", False),
        (["198.51.100.0/24"], [], True, b"X-Forwarded-For: 198.51.100.1\r\n", True),
        (["198.51.100.0/24"], [], True, b"X-Forwarded-For: 203.0.113.1, 198.51.100.1\r\n", True),
        (["203.0.113.0/24"], [], True, b"X-Forwarded-For: 203.0.113.1, 198.51.100.1\r\n", False),
        (["198.51.100.0/24"], [], True, b"X-Forwarded-For: junk\r\n", False),
        ([], ["198.51.100.1"], True, b"X-Forwarded-For: ::ffff:198.51.100.1\r\n", False),
    ],
)
def test_who_may(allow: list[str], deny: list[str], line: bytes, *, trusted: bool, passes: bool) -> None:
    """By the client's own address where a believed proxy names it, and by nobody else's word."""
    told = Told()
    asked = Asked(*filter(None, [line]), trusted=trusted)
    said = outcome(NetworkPolicy(AccessList(allow, deny), client, told), asked)
    assert said == ("" if passes else "address-denied")
    assert told.events == ([] if passes else [("audit.address_denied", {})])
