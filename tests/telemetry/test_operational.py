"""The operational log: what is written, how often, with what taken out, and what is told of its own troubles."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gatewayd.core.redaction import MASK
from gatewayd.log import events
from gatewayd.telemetry.operational import LogSettings
from tests.filters.asked import Asked
from tests.telemetry.events import Kept


def failed(text: str) -> Failure:
    """An exception that was raised."""
    try:
        raise ValueError(text)
    except ValueError:
        return Failure()


def test_a_line() -> None:
    """Time, level, event, namespace, message, then the event's fields; objects stay in the message."""
    kept = Kept()
    kept.tell(events.TARGET_UNHEALTHY, service="orders", target="http://a:1", why="status 500")
    (line,) = kept.shelf.lines
    assert list(line.items()) == [
        ("time", "1970-01-12T13:46:40.000Z"),
        ("level", "warn"),
        ("event", "target.unhealthy"),
        ("namespace", "gatewayd.test"),
        ("message", "orders: http://a:1 fails its checks: status 500"),
        ("service", "orders"),
        ("target", "http://a:1"),
        ("why", "status 500"),
    ]


def test_odd_fields() -> None:
    """Bytes and numbers that JSON has not become text; what is no value is left out of the fields."""
    kept = Kept()
    kept.raw({"log_format": "{thing}", "cause": b"limit\xff", "ratio": float("nan"), "thing": Clock, "none": None})
    (line,) = kept.shelf.lines
    assert (line["cause"], line["ratio"], line["none"]) == ("limit\\xff", "nan", None)
    assert "thing" not in line


def test_lines_of_others() -> None:
    """A library's lines have the event `library`; a policy's may bring a name of their own."""
    kept = Kept()
    kept.raw({"log_format": "odd"}, namespace="txredisapi")
    kept.raw({"log_format": "even", "event": "mine.told"}, namespace="my.policy")
    assert [(line["event"], line["namespace"]) for line in kept.shelf.lines] == [
        ("library", "txredisapi"),
        ("mine.told", "my.policy"),
    ]


def test_a_request_and_its_trace() -> None:
    """What is about a request has its id, and the ids of its trace where it has one."""
    kept = Kept()
    request: Any = Asked()
    kept.tell(events.POLICY_UNCLEAR, request, policy="gate")
    request.trace = SimpleNamespace(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7")
    kept.tell(events.POLICY_UNCLEAR, request, policy="gate")
    untraced, traced = kept.shelf.lines
    assert untraced["request_id"] == traced["request_id"] == "r1"
    assert "trace_id" not in untraced
    assert (traced["trace_id"], traced["span_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


def test_levels() -> None:
    """A floor for all, others for namespaces and what is below them; changed at any time."""
    told: list[str] = []
    kept = Kept(LogSettings(level="warn", levels={"gatewayd.stores": "debug"}))
    kept.log._on_level = told.append
    for namespace in ("gatewayd", "gatewayd.stores", "gatewayd.stores.redis.link", "gatewayd.storeshed"):
        kept.raw({"log_format": namespace}, "debug", namespace)
    assert kept.shelf.said == ["gatewayd.stores", "gatewayd.stores.redis.link"]
    kept.log.set_level("debug")
    kept.log.set_level("critical", "gatewayd.stores.redis")
    kept.raw({"log_format": "now"}, "debug", "gatewayd")
    kept.raw({"log_format": "no more"}, "error", "gatewayd.stores.redis.link")
    assert kept.shelf.said[2:] == ["now"]
    assert told == ["debug", "debug"]


def test_a_failing_policy_is_no_flood() -> None:
    """A traceback a request, a thousand times: some are told with it, then the number; another policy's are told."""
    kept = Kept(LogSettings(most=3, interval=60.0))
    for _ in range(1207):
        kept.raw(
            {"log_event": events.POLICY_FAILED, "log_format": events.POLICY_FAILED.text, "log_failure": failed("odd"),
             "policy": "gate"},
            "error",
        )  # fmt: skip
    kept.tell(events.POLICY_FAILED, policy="other")
    assert kept.shelf.said == ["the policy gate failed"] * 3 + ["the policy other failed"]
    assert "ValueError: odd" in kept.shelf.lines[0]["traceback"]
    clock = Clock()
    kept.log.start(clock)
    kept.now += 61
    clock.advance(1)
    kept.log.stop()
    assert kept.shelf.lines[-1] == {
        "time": "1970-01-12T13:47:41.000Z",
        "level": "error",
        "event": "policy.failed",
        "namespace": "gatewayd.test",
        "message": "suppressed 1,204 like this in 60 s: the policy gate failed",
        "seconds": 60.0,
        "suppressed": 1204,
    }


def test_other_exceptions_are_other_events() -> None:
    """What a policy raises next is told, even where it raised something else a moment ago."""
    kept = Kept(LogSettings(most=1))
    for error in (KeyError("a"), ZeroDivisionError("b"), KeyError("c")):
        kept.raw({"log_event": events.POLICY_FAILED, "log_format": "x", "log_failure": Failure(error), "policy": "p"})
    assert [line["error"] for line in kept.shelf.lines] == ["KeyError: 'a'", "ZeroDivisionError: b"]


def test_the_end_tells_what_was_left_out() -> None:
    """A stop does not swallow counts, and what comes after it is written at once."""
    kept = Kept(LogSettings(most=1))
    kept.log.start(Clock())
    for _ in range(3):
        kept.raw({"log_format": "again"})
    kept.log.stop()
    kept.raw({"log_format": "again"})
    assert kept.shelf.said == ["again", "suppressed 2 like this in 60 s: again", "again"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("password", "x1"), ("Token", "abc"), ("x-pin", "1234")],
)
def test_fields_with_secret_names(name: str, value: str) -> None:
    """Neither the field nor the message shows them."""
    kept = Kept(LogSettings(redact=["X-Pin"]))
    kept.raw({"log_format": "got {" + name + "}", name: value})
    (line,) = kept.shelf.lines
    assert line[name] == MASK
    assert line["message"] == f"got {MASK}"


def test_exceptions_that_quote_a_request() -> None:
    """Credentials, cookies and the query of the request a line is about are masked wherever they stand in it."""
    kept = Kept()
    request = Asked(
        b"Authorization: Bearer short-1\r\n",
        b"Cookie: a=cookie-value; b=2\r\n",
        b"X-Api-Key: key-value\r\n",
        target=b"/a?pin=98765432&q=1",
    )
    text = "short-1 / cookie-value / key-value / pin=98765432&q=1 / 98765432"
    kept.raw({"log_event": events.REQUEST_FAILED, "log_format": "x", "log_about": request, "log_failure": failed(text)})
    written = kept.shelf.messages[0].decode()
    for secret in ("short-1", "cookie-value", "key-value", "98765432"):
        assert secret not in written


def test_secrets_of_the_configuration() -> None:
    """They are masked in messages, fields and tracebacks; nothing of the settings shows them."""
    settings = LogSettings(secrets=["sesame-open"])
    assert "sesame" not in repr(settings)
    kept = Kept(settings)
    kept.raw({"log_format": "x {y}", "y": "a sesame-open b", "log_failure": failed("sesame-open")})
    assert b"sesame" not in kept.shelf.messages[0]


def test_lost_lines_are_told_while_and_after() -> None:
    """What a full disk swallows is counted; the log itself says so once it can be written again."""
    kept, clock = Kept(), Clock()
    kept.log.start(clock)
    from twisted.logger import globalLogPublisher

    globalLogPublisher.addObserver(kept.log)
    try:
        kept.shelf.broken = "No space left on device"
        kept.raw({"log_format": "lost"})
        _until(lambda: kept.log.destination.sink.losses().failed == 1)
        kept.shelf.broken = ""
        clock.advance(1)
        clock.pump([1.0] * 12)
    finally:
        globalLogPublisher.removeObserver(kept.log)
        kept.log.stop()
    said = [line for line in kept.shelf.lines if line["event"].startswith("log.")]
    assert [line["event"] for line in said] == ["log.lines_lost", "log.recovered"]
    assert (said[0]["log"], said[0]["failed"], said[0]["cause"]) == ("log", 1, "No space left on device")
    assert said[1]["lost"] == 1


def _until(condition: Callable[[], bool]) -> None:
    """Wait for the writing thread."""
    import time

    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_signals_reach_both_streams() -> None:
    """HUP reopens both; USR1 rotates the log as twistd does, and reopens the audit stream."""
    kept = Kept(audit=True)
    kept.log.reopen()
    kept.log.rotate()
    assert kept.shelf.calls == ["reopen", "rotate"]
    assert kept.audited.calls == ["reopen", "reopen"]


def test_threads() -> None:
    """Policies log from threads of theirs: none is lost, none is counted twice, and nothing breaks."""
    kept = Kept(LogSettings(most=1, interval=0.001))

    def tell(name: int) -> None:
        for number in range(300):
            kept.raw({"log_format": f"thread {name}", "log_time": kept.now + number / 100})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(8)))
    kept.log._repeats.most = 0
    told = sum("suppressed" not in line for line in kept.shelf.lines)
    counted = sum(line.get("suppressed", 0) for line in kept.shelf.lines)
    assert told + counted + sum(one.suppressed for one in kept.log._repeats.rest()) == 8 * 300


def test_ports_and_factories_are_no_news() -> None:
    """Twisted's word on each port and on the factory of every fetch is left out."""
    kept = Kept()
    kept.raw({"log_format": "Starting factory {factory!r}", "factory": 1}, namespace="twisted.web.client")
    kept.raw({"log_format": "{log_text}", "log_text": "Site starting on 8080"}, namespace="log_legacy")
    kept.raw({"log_format": "{log_text}", "log_text": "Main loop terminated."}, namespace="log_legacy")
    assert kept.shelf.said == ["Main loop terminated."]


def test_json_survives_anything() -> None:
    """One line of ASCII, whatever a message quotes."""
    kept = Kept()
    kept.raw({"log_format": "{q}", "q": 'a"\n\x1b[2J\ud800é'})
    (message,) = kept.shelf.messages
    assert message.isascii()
    assert message.count(b"\n") == 1
    assert json.loads(message)["q"] == 'a"\n\x1b[2J\ud800é'
