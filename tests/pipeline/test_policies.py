"""Policies between a client and a service: answers, threads, time limits, and clients that leave meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from gatewayd.filters.policies import PolicyRequest
from tests.pipeline import rules
from tests.pipeline.callers import Gate, bearer, configured, token
from tests.pipeline.wire import Wire
from tests.pipeline.world import failures_logged

MORE = """authorization:
  roles: {box-office: ["*"], customer: []}
  policies: {refunds: "tests.pipeline.rules:refunds", elsewhere: "tests.pipeline.rules:elsewhere"}
  policy_timeout: 200ms"""
ROUTES = """path: "/refunds/{id}", name: refunds, service: main, authorize: {policy: refunds}
path: "/**", service: main, authorize: {policy: elsewhere}"""
CONFIG = configured(ROUTES, more=MORE)
Asked = list[tuple[PolicyRequest, Deferred[object]]]
OFFICE = bearer(token(roles=["box-office"]))


@pytest.fixture(autouse=True)
def asked() -> Iterator[Asked]:
    """What the policy in the loop was asked."""
    rules.asked.clear()
    yield rules.asked
    rules.asked.clear()


@pytest.mark.parametrize(("roles", "said"), [(["box-office"], "served"), (["customer"], "policy-refused")])
def test_in_a_thread(tmp_path: Path, roles: list[str], said: str) -> None:
    """Yes or no, and why."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.begin(bearer(token(roles=roles)), path=b"/refunds/7")
    if said != "served":
        assert b'"detail":"only the box office refunds"' in client.written
    assert gate.outcome(client) == said
    gate.settled()


def test_what_is_seen(tmp_path: Path, asked: Asked) -> None:
    """The request and its verified caller; neither credentials nor what the client made up."""
    gate = Gate(tmp_path, CONFIG)
    lines = (OFFICE, b"X-Tenant-Id: rival\r\n", b"X-Real-Ip: 10.0.0.1\r\n", b"Accept: x\r\n")
    gate.begin(*lines, path=b"/x?a=b", method=b"PUT")
    ((request, _),) = asked
    assert (request.method, request.path, request.query, request.client) == ("PUT", "/x", "a=b", "192.0.2.7")
    assert request.headers == {"host": ("a.test",), "accept": ("x",)}
    assert request.identity is not None
    assert (request.identity.tenant, request.identity.roles) == ("acme", {"box-office"})


def begun(gate: Gate, asked: Asked, *lines: bytes) -> tuple[Wire, Deferred[object]]:
    """A request that the policy is asked about."""
    client = gate.begin(OFFICE, *lines)
    assert gate.outcome(client) == ""
    return client, asked.pop()[1]


@pytest.mark.parametrize(
    ("answer", "said"), [(True, "served"), (None, "served"), (False, "policy-refused"), (1, "policy-failed")]
)
def test_in_the_loop(tmp_path: Path, asked: Asked, answer: object, said: str) -> None:
    """The answer may take a while."""
    gate = Gate(tmp_path, CONFIG)
    client, pending = begun(gate, asked)
    pending.callback(answer)
    assert gate.outcome(client) == said
    gate.settled()


def test_the_time_is_over(tmp_path: Path, asked: Asked) -> None:
    """503, and the policy is cancelled."""
    gate = Gate(tmp_path, CONFIG)
    client, pending = begun(gate, asked)
    gate.clock.advance(0.21)
    assert gate.outcome(client) == "policy-failed"
    assert pending.called
    gate.settled()


def test_a_thread_that_takes_too_long(tmp_path: Path) -> None:
    """503; what the thread says afterwards has no effect."""
    gate = Gate(tmp_path, CONFIG)
    gate.clock.threads.at_once = False
    client = gate.begin(OFFICE, path=b"/refunds/7")
    gate.clock.advance(0.21)
    assert gate.outcome(client) == "policy-failed"
    gate.clock.threads.work()
    assert client.take() == b""
    gate.settled()


@pytest.mark.parametrize("how", ["hang_up", "reset", "expel"])
@pytest.mark.parametrize("path", [b"/x", b"/refunds/7"])
def test_a_client_leaves(tmp_path: Path, how: str, path: bytes) -> None:
    """Is no failure of the policy: the books say who left, and nothing is logged as an error."""
    gate = Gate(tmp_path, CONFIG)
    gate.clock.threads.at_once = False
    with failures_logged() as events:
        client = gate.begin(OFFICE, path=path)
        if how == "expel":
            (channel,) = gate.listener.channels
            channel.expel()
            client.turn()
        else:
            getattr(client, how)()
        gate.clock.threads.work()
    assert events == []
    expected = (499, "shutting-down") if how == "expel" else (499, "client-closed")
    assert (gate.record["status"], gate.record["reason"]) == expected
    assert gate.dials == []
    gate.settled()
    gate.pass_time(1)
    assert len(gate.records) == 1


def test_a_body_that_does_not_come(tmp_path: Path, asked: Asked) -> None:
    """Ends the wait with its own reason, not with the policy's."""
    gate = Gate(tmp_path, CONFIG.replace("policy_timeout: 200ms", "policy_timeout: 60s"))
    client, pending = begun(gate, asked, b"Content-Length: 4\r\n")
    gate.pass_time(31)
    assert gate.outcome(client) == "body-timeout"
    assert pending.called
    gate.settled()


def test_requests_one_after_the_other(tmp_path: Path, asked: Asked) -> None:
    """The policy is asked about each, also on one connection and about a token that is remembered."""
    gate = Gate(tmp_path, CONFIG)
    for answer, said in ((True, "served"), (False, "policy-refused"), (True, "served")):
        client, pending = begun(gate, asked)
        pending.callback(answer)
        assert gate.outcome(client) == said
