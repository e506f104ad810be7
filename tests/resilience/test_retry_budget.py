"""Retries: what is tried again, and never more of it at a time than the budget allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, refusing_port, reply
from tests.wire.world import get

from .scripts import BUSY, FAILED, begins, held, in_turn, resets, says
from .world import ask, breaker, service, verdict, world

AT_ONCE = 30
FAILING = 9  # 30 % of them
ALLOWED = 6  # 20 % of them, at a time
KEY = b"Idempotency-Key: once"


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that tries again."""
    retries = {"attempts": 2, "on": ["connect", "reset", 503], "budget": "20%", "budget_least": 2}
    hedge = {"percentile": 95, "least": "30ms", "most": "30ms"}
    with refusing_port() as nobody:
        services = {
            "main": service(upstream, retries=retries, breaker={"minimum": 10}),
            "none": service(upstream, retries=retries | {"budget": "0%", "budget_least": 0}),
            "half": service(f"http://{nobody}", upstream, retries=retries, ejection={"enabled": False}),
            "nobody": service(f"http://{nobody}", retries=retries),
            "hedged": service(upstream, other, retries=retries | {"hedge": hedge}),
        }
        with GatewayProcess(world(services)) as process:
            yield process


@pytest.mark.parametrize(
    ("method", "lines", "again"),
    [(b"GET", [], ALLOWED), (b"POST", [], 0), (b"POST", [KEY], ALLOWED)],
    ids=["get", "post", "post-with-key"],
)
def test_budget(
    method: bytes, lines: list[bytes], again: int, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """Of 30 requests in flight 9 fail: as many as the budget allows are tried again, and of POST none without a key."""
    path = b"/main/%b-%d" % (method, len(lines))
    fail, recover = upstream.event(), upstream.event()
    upstream.on(path, in_turn(*[held(fail, BUSY)] * FAILING, held(recover, reply(b"well"))))
    before = breaker(gateway, "main")
    tried_again = gateway.metric("downstream_retries_total", service="main", reason="status")
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.address)) for _ in range(AT_ONCE)]
        for client in clients:
            client.send(get(path, *lines, method=method, body=b"" if method == b"GET" else b"body"))
        upstream.wait_for(lambda: len(upstream.requests(path)) == AT_ONCE)
        assert gateway.metric("http_requests_in_progress", route="/main/**", method=method.decode()) == AT_ONCE
        fail.set()
        upstream.wait_for(lambda: len(upstream.requests(path)) == AT_ONCE + again)
        gateway.wait_metric(
            "http_requests_in_progress", AT_ONCE - FAILING + again, route="/main/**", method=method.decode()
        )
        recover.set()
        answers = [client.response(method) for client in clients]
    refused = FAILING - again
    assert [verdict(answer) for answer in answers].count((503, None)) == refused
    assert [answer.body for answer in answers].count(b"well") == AT_ONCE - refused
    assert len(upstream.requests(path)) == AT_ONCE + again
    assert all(bytes(r.body) == (b"" if method == b"GET" else b"body") for r in upstream.requests(path))
    assert gateway.metric("downstream_retries_total", service="main", reason="status") == tried_again + again
    after = breaker(gateway, "main")  # which judges what came of a request, not of each attempt
    assert after.successes - before.successes == AT_ONCE - refused
    assert after.failures - before.failures == refused


def test_without_a_budget(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Where the budget is nothing, nothing is tried again."""
    upstream.on(b"/none/x", BUSY)
    assert verdict(ask(gateway, b"/none/x")) == (503, None)
    assert len(upstream.requests(b"/none/x")) == 1
    assert gateway.metric("downstream_retries_total", service="none") == 0


def test_attempts_are_bounded(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Three attempts and no more, and the last answer stands."""
    upstream.on(b"/main/busy", BUSY)
    assert verdict(ask(gateway, b"/main/busy")) == (503, None)
    assert len(upstream.requests(b"/main/busy")) == 3


def test_what_is_not_tried_again(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """An answer that is not in the list stands, even where it is a failure."""
    upstream.on(b"/main/failed", FAILED)
    assert verdict(ask(gateway, b"/main/failed")) == (500, None)
    assert len(upstream.requests(b"/main/failed")) == 1


def test_reset_of_a_request_that_is_not_safe(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A POST that the service may have seen goes out once; with a key it goes out again."""
    upstream.on(b"/main/reset", in_turn(resets, says(reply(b"never"))))
    assert verdict(ask(gateway, b"/main/reset", method=b"POST", body=b"x")) == (502, b"upstream-reset")
    assert len(upstream.requests(b"/main/reset")) == 1
    upstream.on(b"/main/reset", in_turn(resets, says(reply(b"again"))))
    assert ask(gateway, b"/main/reset", KEY, method=b"POST", body=b"x").body == b"again"
    assert [bytes(request.body) for request in upstream.requests(b"/main/reset")[1:]] == [b"x", b"x"]


def test_nothing_was_sent(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A target that cannot be reached costs no request anything, whatever the method: another one is asked."""
    for _ in range(4):  # every other one begins at the target that refuses
        assert ask(gateway, b"/half/x", method=b"POST", body=b"x").body == b"x"
    assert len(upstream.requests(b"/half/x")) == 4
    assert gateway.metric("downstream_retries_total", service="half", reason="connect") == 2
    assert verdict(ask(gateway, b"/nobody/x", method=b"POST", body=b"x")) == (502, b"connect-failed")
    assert gateway.metric("downstream_requests_total", service="nobody", status_code="error") == 3


def test_hedge(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Where a target takes long, another one is asked as well, the first answer counts, and the loser is hung up on."""
    upstream.on(b"/hedged/x", begins)
    other.on(b"/hedged/x", reply(b"faster"))
    for _ in range(2):  # one of them begins at the slow target
        assert ask(gateway, b"/hedged/x").body == b"faster"
    (request,) = upstream.requests(b"/hedged/x")
    connection = upstream.connection_of(request)
    upstream.wait_for(lambda: connection.ended in ("eof", "reset"))
    assert len(other.requests(b"/hedged/x")) == 2
    assert gateway.metric("downstream_retries_total", service="hedged", reason="hedge") == 1


def test_all_at_rest(gateway: GatewayProcess) -> None:
    """Whatever was in flight before has ended, and nothing is counted as in flight any more."""
    gateway.wait_metric("http_requests_in_progress", 0)
    assert gateway.metric("downstream_connections", state="active") == 0
    assert gateway.metric("downstream_connections", state="waiting") == 0
