"""What a client of the metrics port may cost."""

from __future__ import annotations

import pytest
import pytest_twisted
import treq
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.web.client import Agent, HTTPConnectionPool

from gatewayd.admin.site import IDLE_TIMEOUT, MAX_BODY, MAX_CONNECTIONS
from tests.admin.visitor import Port, Visitor


def visit(port: Port) -> Visitor:
    """A connection that was not refused."""
    visitor = port.visit()
    assert visitor is not None
    return visitor


def test_a_connection_is_kept_alive() -> None:
    """A scraper comes back on the same connection."""
    port = Port()
    visitor = visit(port)
    assert [visitor.ask("/livez").status for _ in range(3)] == [200] * 3
    assert visitor.ask("/metrics").status == 200
    assert visitor.ask("/metrics").status == 200
    visitor.leave()


def test_connections_are_bounded() -> None:
    """One too many is refused, until another one leaves."""
    port = Port()
    visitors = [visit(port) for _ in range(MAX_CONNECTIONS)]
    assert port.visit() is None
    visitors.pop().leave()
    visitors.append(visit(port))
    assert port.visit() is None
    for visitor in visitors:
        visitor.leave()
    visit(port).leave()


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\nHos", b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_an_idle_connection_is_closed(sent: bytes) -> None:
    """Who sends nothing, half a request, or nothing after a request, is closed after the timeout and not before."""
    port = Port()
    visitor = visit(port)
    visitor.send(sent)
    closed = []
    for step in (IDLE_TIMEOUT - 0.001, 0.001):
        port.clock.advance(step)
        closed.append(visitor.transport.disconnecting)
    assert closed == [False, True]
    visitor.leave()
    assert port.clock.getDelayedCalls() == []


def test_a_body_is_read_and_forgotten() -> None:
    """A request with a body is answered like one without, and the connection stays usable."""
    port = Port()
    visitor = visit(port)
    visitor.send(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % MAX_BODY)
    visitor.send(b"x" * MAX_BODY)
    assert visitor.take().status == 405
    visitor.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert visitor.take().status == 200
    visitor.leave()


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
def test_an_endless_body_is_cut(framing: bytes) -> None:
    """Who goes on sending is disconnected at a limit, without an answer."""
    port = Port()
    visitor = visit(port)
    visitor.send(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n")
    piece = b"x" * 1000
    cut_after = 0
    while not visitor.transport.disconnected:
        visitor.send(piece if b"Length" in framing else b"3e8\r\n" + piece + b"\r\n")
        cut_after += len(piece)
    assert MAX_BODY < cut_after <= MAX_BODY + len(piece)
    assert visitor.transport.value() == b""
    visitor.leave()


@pytest.mark.parametrize("request_bytes", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n"])
def test_garbage_is_refused_without_a_word_about_us(request_bytes: bytes) -> None:
    """A request that is none, or too large, gets a bare 400 and is disconnected."""
    visitor = visit(Port())
    visitor.send(request_bytes)
    assert visitor.transport.value() == b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert visitor.transport.disconnecting
    visitor.leave()


def test_a_request_for_the_server_itself_tells_nothing() -> None:
    """`OPTIONS *` is answered by the frame; it shows no version either."""
    answer = Port().ask("*", "OPTIONS")
    assert answer.fields["server"] == "gatewayd"


@pytest_twisted.ensureDeferred
async def test_over_real_sockets() -> None:
    """The site serves a scrape and a health check to a real client over TCP."""
    port = Port()
    listening = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(port.site)
    pool = HTTPConnectionPool(reactor, persistent=False)
    client = treq.client.HTTPClient(Agent(reactor, pool=pool))
    try:
        response = await client.get(f"http://127.0.0.1:{listening.getHost().port}/livez", timeout=5)
        assert response.code == 200
        assert await response.text() == "alive\n"
    finally:
        await listening.stopListening()
