"""Bodies that are sent again: to another target, from the beginning, as long as they were kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection
from tests.wire.world import get

from .scripts import resets
from .world import ask, service, verdict, world

KEY = b"Idempotency-Key: once"
KEPT = 4096  # bytes


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway that keeps small bodies; of two targets the first one, `upstream`, fails."""
    targets = [{"url": upstream.url, "priority": 0}, {"url": other.url, "priority": 0}]
    section = service(
        retries={"attempts": 1, "body": "4KiB"}, balance={"policy": "round_robin"}, ejection={"enabled": False}
    )
    with GatewayProcess(world({"main": section | {"targets": targets}})) as process:
        yield process


def begin_at(upstream: RecordingUpstream, gateway: GatewayProcess) -> None:
    """Lets the next request begin at `upstream`: asks until the one before it went elsewhere."""
    seen = len(upstream.requests(b"/main/turn"))
    while True:
        assert ask(gateway, b"/main/turn").status == 200
        if len(upstream.requests(b"/main/turn")) == seen:
            return
        seen += 1


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_small_body(
    framing: str, gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """The first target resets the connection once it has the body; the second one gets the same body."""
    path = b"/main/small-" + framing.encode()
    upstream.on(path, resets)
    begin_at(upstream, gateway)
    tried_again = gateway.metric("downstream_retries_total", service="main", reason="reset")
    with Client(gateway.address) as client:
        if framing == "length":
            client.send(get(path, KEY, method=b"PUT", body=b"b" * KEPT))
        else:
            client.send(get(path, KEY, b"Transfer-Encoding: chunked", method=b"PUT"))
            client.send(b"1000\r\n" + b"b" * KEPT + b"\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert client.response(b"PUT").body == b"b" * KEPT
    (first,), (second,) = upstream.requests(path), other.requests(path)
    assert first.body == second.body == b"b" * KEPT
    assert first.trailers == second.trailers
    assert first.get(b"x-request-id") == second.get(b"x-request-id")
    assert first.get(b"idempotency-key") == second.get(b"idempotency-key") == b"once"
    assert gateway.metric("downstream_retries_total", service="main", reason="reset") == tried_again + 1


def test_body_that_is_still_coming(
    gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream
) -> None:
    """What the first target had of the body comes again, and then the rest, which the client sends only now."""

    def takes_some(connection: UpstreamConnection, request: Request) -> None:
        for _ in connection.pieces(request):
            if request.body_size == 5:
                connection.reset()
                return

    upstream.on(b"/main/coming", takes_some)
    begin_at(upstream, gateway)
    with Client(gateway.address) as client:
        client.send(get(b"/main/coming", KEY, b"Content-Length: 10", method=b"PUT") + b"hello")
        other.wait_for(lambda: any(r.body_size == 5 for r in other.requests(b"/main/coming")))
        client.send(b"world")
        assert client.response(b"PUT").body == b"helloworld"


def test_body_that_was_not_kept(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """One byte more than is kept, and the reset is what the client hears of."""
    upstream.on(b"/main/large", resets)
    begin_at(upstream, gateway)
    tried_again = gateway.metric("downstream_retries_total", service="main")
    answer = ask(gateway, b"/main/large", KEY, method=b"PUT", body=b"b" * (KEPT + 1))
    assert verdict(answer) == (502, b"upstream-reset")
    assert len(upstream.requests(b"/main/large")) == 1
    assert other.requests(b"/main/large") == []
    assert gateway.metric("downstream_retries_total", service="main") == tried_again
