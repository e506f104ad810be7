"""The security log: what it says of a request, and how much it says."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from gatewayd.telemetry.security import EVENTS, SecurityLog
from tests.app.conftest import log as log
from tests.filters.asked import Asked


def test_an_event(log: list[str]) -> None:
    """Kind, client, method, path without the query, and route."""
    told = SecurityLog(Clock().seconds)
    asked = Asked(method=b"POST", target=b"/a/b?token=secret")
    told("address denied", asked)
    asked.route = None
    told("token forged", asked, cause="x")
    assert log == [
        "warn: address denied (192.0.2.7, POST /a/b, route /orders/{id})",
        "warn: token forged (192.0.2.7, POST /a/b, route None)",
    ]


def test_a_vocabulary() -> None:
    """Nothing else is an event."""
    with pytest.raises(AssertionError):
        SecurityLog(Clock().seconds)("something else", Asked())


def test_a_flood(log: list[str]) -> None:
    """Of each kind twenty lines a second; what was left out is counted when the next second's first comes."""
    clock = Clock()
    told = SecurityLog(clock.seconds)
    for _ in range(1000):
        told("token forged", Asked())
        told("address denied", Asked())
    assert len(log) == 40
    clock.advance(0.99)
    told("token forged", Asked())
    assert len(log) == 40
    clock.advance(0.01)
    told("webhook refused", Asked())
    assert log[40:] == [
        "warn: token forged: 981 more of these",
        "warn: address denied: 980 more of these",
        "warn: webhook refused (192.0.2.7, GET /, route /orders/{id})",
    ]
    clock.advance(1)
    told("token forged", Asked())
    assert len(log) == 44


def test_a_kind_does_not_hide_another(log: list[str]) -> None:
    """A flood of one leaves room for all the others."""
    told = SecurityLog(Clock().seconds)
    for _ in range(100):
        told("token forged", Asked())
    for kind in sorted(EVENTS):
        told(kind, Asked())
    assert len(log) == 20 + len(EVENTS) - 1
