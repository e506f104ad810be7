"""The audit stream: what it says of a request, and of those who act."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from gatewayd.log import Event, audit
from gatewayd.telemetry.audit import Audit
from gatewayd.telemetry.operational import LogSettings
from tests.filters.asked import Asked, caller
from tests.telemetry.events import Kept

ABOUT_REQUESTS = [event for event in audit.EVENTS if "request_id" in event.fields]


@pytest.fixture
def told() -> Iterator[list[LogEvent]]:
    """Audit events, as they reach Twisted's log."""
    events: list[LogEvent] = []

    def keep(event: LogEvent) -> None:
        if event["log_namespace"] == "gatewayd.audit":
            events.append(event)

    globalLogPublisher.addObserver(keep)  # type: ignore[arg-type]
    yield events
    globalLogPublisher.removeObserver(keep)  # type: ignore[arg-type]


def stream() -> Audit:
    """One where clients have the address of their connection."""
    return Audit(lambda exchange: exchange.channel.peer.address)


def test_who_what_and_where(told: list[LogEvent]) -> None:
    """Client, method, path without the query, route, tenant and user are there without anybody passing them on."""
    asked = Asked(method=b"POST", target=b"/a/b?token=secret")
    asked.caller = caller("acme", "ada")
    stream()(audit.CROSS_TENANT, asked, target="globex")
    (event,) = told
    assert formatEvent(event) == "another tenant named (192.0.2.7, POST /a/b, route /orders/{id})"
    assert {name: event[name] for name in audit.CROSS_TENANT.fields if name != "request_id"} == {
        "client": "192.0.2.7",
        "method": "POST",
        "path": "/a/b",
        "route": "/orders/{id}",
        "tenant": "acme",
        "user": "ada",
        "target": "globex",
    }
    assert event["log_about"] is asked


def test_nobody_known_and_no_route(told: list[LogEvent]) -> None:
    """Before a caller and a route are known they are null; a fact that is told wins over what is known."""
    asked = Asked()
    asked.route = None
    stream()(audit.TOKEN_FORGED, asked, cause="x")
    stream()(audit.ADDRESS_DENIED, asked, tenant="acme")
    assert [(event["tenant"], event["user"], event["route"]) for event in told] == [
        (None, None, None),
        ("acme", None, None),
    ]


def test_acts_of_operators(told: list[LogEvent]) -> None:
    """Who, from where, what, and why not."""
    stream().reloaded("2 routes added", "root", "unix")
    stream().reload_refused("line 3: unknown key", "root", "unix")
    stream().acted("opened the breaker of orders", "ada", "192.0.2.9")
    stream().refused("drain", "not allowed", "eve", "192.0.2.66")
    assert [formatEvent(event) for event in told] == [
        "the configuration was reloaded: 2 routes added",
        "a new configuration was refused: line 3: unknown key",
        "ada: opened the breaker of orders",
        "eve was refused: drain: not allowed",
    ]
    assert [(event["operator"], event["client"]) for event in told[2:]] == [("ada", "192.0.2.9"), ("eve", "192.0.2.66")]


def facts(event: Event, client: str) -> dict[str, object]:
    """Values for all fields of an event."""
    return {**dict.fromkeys(event.all_fields, "x"), "client": client, "seconds": 1.0}


def test_a_flood_is_counted_and_hides_nobody_else() -> None:
    """Of one client and kind as many lines as are configured, then their number; other clients and kinds are told."""
    kept = Kept(LogSettings(most=5, interval=60.0))
    for _ in range(1000):
        kept.tell(audit.TOKEN_FORGED, **facts(audit.TOKEN_FORGED, "192.0.2.66"))
    assert len(kept.shelf.lines) == 5
    kept.tell(audit.TOKEN_FORGED, **facts(audit.TOKEN_FORGED, "192.0.2.7"))
    for event in ABOUT_REQUESTS:
        kept.tell(event, **facts(event, "192.0.2.7"))
    assert len(kept.shelf.lines) == 6 + len(ABOUT_REQUESTS)
    kept.now += 60
    kept.tell(audit.WEBHOOK_REFUSED, **facts(audit.WEBHOOK_REFUSED, "192.0.2.7"))
    (summed,) = [line for line in kept.shelf.lines if "suppressed" in line]
    assert (summed["event"], summed["level"], summed["suppressed"]) == ("audit.token_forged", "warn", 995)
    assert summed["message"].startswith("suppressed 995 like this in 60 s: token forged (192.0.2.66,")


def test_a_flood_from_everywhere_is_bounded() -> None:
    """Ten thousand addresses do not get ten thousand times as many lines."""
    kept = Kept(LogSettings(most=2, interval=60.0))
    for number in range(10_000):
        kept.tell(audit.TOKEN_FORGED, **facts(audit.TOKEN_FORGED, f"2001:db8::{number:x}"))
    assert len(kept.shelf.lines) == 256 + 2


def test_a_stream_of_its_own() -> None:
    """With a place of its own the operational log has none of it, whatever its level; and it has nothing else."""
    kept = Kept(LogSettings(level="critical"), audit=True)
    kept.tell(audit.CONFIG_RELOADED, **facts(audit.CONFIG_RELOADED, "unix"))
    kept.raw({"log_format": "boom"}, "critical")
    assert [line["event"] for line in kept.audited.lines] == ["audit.config_reloaded"]
    assert kept.shelf.said == ["boom"]
