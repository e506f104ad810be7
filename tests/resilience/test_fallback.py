"""What answers when a service cannot: a fixed answer, or another service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, refusing_port, reply
from tests.wire.world import get, route

from .scripts import FAILED, held, resets, silence
from .world import ask, breaker, service, verdict, world


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with a second answer for each route: "sorry", or what the service `spare` says."""
    fixed = {"respond": {"status": 203, "body": "sorry", "headers": {"X-Fallback": "fixed"}}}
    spare = {"service": "spare"}
    with refusing_port() as nobody:
        services = {
            "dead": service(f"http://{nobody}"),
            "main": service(upstream, timeouts={"response": "200ms"}),
            "sick": service(upstream, breaker={"minimum": 2, "open": "30s"}),
            "busy": service(upstream, concurrency={"most": 1}),
            "spare": service(other),
        }
        routes = [
            route("fixed", "/dead/fixed", "dead", fallback=fixed),
            route("spared", "/dead/spared", "dead", fallback=spare),
            route("rare", "/dead/rare", "dead", fallback=fixed | {"on": ["circuit-open"]}),
            route("main", "/main/**", "main", fallback=spare),
            route("sick", "/sick/**", "sick", fallback=fixed),
            route("busy", "/busy/**", "busy", fallback=fixed),
        ]
        with GatewayProcess(world(services, routes)) as process:
            yield process


def test_fixed_answer(gateway: GatewayProcess) -> None:
    """The answer is the configured one, and the attempt is counted as what it was."""
    failed = gateway.metric("downstream_errors_total", service="dead", error_type="connect")
    answer = ask(gateway, b"/dead/fixed", method=b"POST", body=b"x")
    assert (answer.status, answer.body, answer.get(b"x-fallback")) == (203, b"sorry", b"fixed")
    assert answer.get(b"x-gateway-reason") is None
    assert gateway.metric("downstream_errors_total", service="dead", error_type="connect") == failed + 1
    assert gateway.metric("http_requests_total", route="/dead/fixed", status_code="203") == 1


def test_another_service(gateway: GatewayProcess, other: RecordingUpstream) -> None:
    """A body that nobody had yet goes to the other service whole."""
    answered = gateway.metric("downstream_requests_total", service="spare", status_code="200")
    assert ask(gateway, b"/dead/spared", method=b"POST", body=b"whole").body == b"whole"
    assert other.wait_request(b"/dead/spared").method == b"POST"
    assert gateway.metric("downstream_requests_total", service="spare", status_code="200") == answered + 1


def test_reasons(gateway: GatewayProcess) -> None:
    """Where the reason is not in the list, the refusal stands."""
    assert verdict(ask(gateway, b"/dead/rare")) == (502, b"connect-failed")


def test_after_an_open_breaker(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Answers of the service stand, even bad ones; once its breaker is open the fixed one comes."""
    upstream.on(b"/sick/x", FAILED)
    assert [ask(gateway, b"/sick/x").status for _ in range(4)] == [500, 500, 203, 203]
    assert len(upstream.requests(b"/sick/x")) == 2
    assert breaker(gateway, "sick").rejects == 2


def test_after_a_full_bulkhead(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Who finds no place gets the fixed answer at once."""
    release = upstream.event()
    upstream.on(b"/busy/held", held(release))
    with Client(gateway.address) as client:
        client.send(get(b"/busy/held"))
        upstream.wait_for(lambda: len(upstream.requests(b"/busy/held")) == 1)
        assert ask(gateway, b"/busy/x").status == 203
        release.set()
        assert client.response().body == b"held"


@pytest.mark.parametrize("how", ["reset", "silence"])
def test_failed_after_it_was_sent(
    how: str, gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """A request without a body is sent to the other service; one whose body went to the first one is not."""
    path = b"/main/" + how.encode()
    upstream.on(path, resets if how == "reset" else silence)
    assert ask(gateway, path).body == b"ok"
    assert len(other.requests(path)) == 1
    refusal = (502, b"upstream-reset") if how == "reset" else (504, b"response-timeout")
    assert verdict(ask(gateway, path, method=b"POST", body=b"x")) == refusal
    assert len(other.requests(path)) == 1
    assert len(upstream.requests(path)) == 2


def test_half_an_answer(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Once an answer has begun, nothing stands in for it."""
    upstream.on(b"/main/half", reply(b"half")[:-1])
    with Client(gateway.address) as client:
        client.send(get(b"/main/half"))
        connection = upstream.connection_of(upstream.wait_request(b"/main/half"))
        start = client.start()
        assert start.status == 200
        connection.hang_up()
        assert client.reader.exactly(3) == b"hal"
        assert client.ending() in ("closed", "reset")
    assert other.requests(b"/main/half") == []
