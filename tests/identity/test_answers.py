"""What services say that clients must not hear, or that only the gateway says."""

from __future__ import annotations

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, reply
from tests.resilience.world import ask
from tests.wire.checks import fresh
from tests.wire.world import get

from .minting import good


@pytest.mark.parametrize(
    "name",
    [
        b"Server",
        b"SERVER",
        b"X-Powered-By",
        b"x_powered_by",
        b"X-Runtime",
        b"X-AspNet-Version",
        b"X-Internal-Trace",
        b"X-INTERNAL-Anything",
        b"x_internal_cost",
        b"X.Internal.Cost",
        b"X-Gateway-Reason",
    ],
)
def test_services_are_not_described(name: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Fields that describe the inside, in any spelling, are not in the answer: neither its head nor its trailers."""
    path = b"/login/" + fresh()
    upstream.on(path, reply(b"ok", name + b": impostor", b"X-Other: kept"))
    answer = ask(gateway, path)
    assert answer.get(b"x-other") == b"kept"
    assert b"impostor" not in answer.head.raw
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n%b: impostor\r\nX-Other: kept\r\n\r\n"
    )
    upstream.on(path, chunked % name)
    answer = ask(gateway, path)
    trailers = dict(answer.trailers)
    assert trailers[b"x-other"] == b"kept"
    if name != b"X-Gateway-Reason":  # says nothing in a trailer: a client looks for it in the head
        assert b"impostor" not in trailers.values()


def test_interim_answers_are_not_exempt(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Nor are they in a 103."""
    path = b"/login/" + fresh()
    hints = b"HTTP/1.1 103 Early Hints\r\nServer: impostor\r\nX-Internal-Call: impostor\r\nLink: </a>\r\n\r\n"
    upstream.on(path, hints + reply())
    with Client(gateway.address) as client:
        answer = client.ask(get(path))
    (interim,) = answer.interim
    assert interim.get(b"link") == b"</a>"
    assert b"impostor" not in interim.raw


@pytest.mark.parametrize("origin", [b"https://evil.test", b"https://app.test", b""])
def test_services_allow_no_origins(origin: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Where the gateway has a policy, what a service says about other origins is replaced by it."""
    path = b"/cors/" + fresh()
    lines = (
        b"Access-Control-Allow-Origin: *",
        b"ACCESS-CONTROL-ALLOW-ORIGIN: https://evil.test",
        b"Access-Control-Allow-Credentials: true",
        b"Access-Control-Expose-Headers: X-Secret",
        b"Vary: Accept",
    )
    upstream.on(path, reply(b"ok", *lines))
    answer = ask(gateway, path, good(), *((b"Origin: " + origin,) if origin else ()))
    allowed = origin == b"https://app.test"
    assert answer.get_all(b"access-control-allow-origin") == ([origin] if allowed else [])
    assert answer.get_all(b"access-control-allow-credentials") == ([b"true"] if allowed else [])
    assert answer.get_all(b"access-control-expose-headers") == []
    assert b", ".join(answer.get_all(b"vary")) == b"Accept, Origin"


def test_every_answer_says_nosniff(gateway: GatewayProcess) -> None:
    """Also those of the gateway itself; HSTS only where the client came by TLS."""
    for path in (b"/login/x", b"/users/x", b"/inside/x"):
        answer = ask(gateway, path)
        assert answer.get(b"x-content-type-options") == b"nosniff", path
        assert answer.get(b"strict-transport-security") is None
