"""The same protocols on Twisted's transports: they do not notice the difference."""

from __future__ import annotations

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.test.iosim import FakeTransport, IOPump
from twisted.web.resource import Resource
from twisted.web.server import Site

from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import NEVER, Deadlines

from .script import GET, ScriptedExchange, World
from .service import Patience, Taker, Waiter, result_of

CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class Visitor(Protocol):
    """A client that keeps what it receives, or a service that says what it is told."""

    def __init__(self) -> None:
        self.received = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.received += data

    def connectionLost(self, reason: object = None) -> None:
        """Note it."""
        self.lost = True


def joined(server: object, client: object) -> IOPump:
    """Two protocols with a simulated connection between them."""
    ends = FakeTransport(server, isServer=True), FakeTransport(client, isServer=False)
    for protocol, end in ((server, ends[0]), (client, ends[1])):
        protocol.makeConnection(end)  # type: ignore[attr-defined]
    pump = IOPump(client, server, ends[1], ends[0], False)
    pump.flush()
    return pump


def test_string_transport() -> None:
    """A channel on Twisted's own transport for tests answers, and pauses it while its sink is full."""
    world = World()
    channel = world.listener.buildProtocol(None)
    transport = StringTransport()
    channel.makeConnection(transport)
    assert transport.producer is channel
    channel.dataReceived(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    world.last.accept()
    world.last.body.hold()
    assert transport.producerState == "paused"
    world.last.body.release()
    assert transport.producerState == "producing"
    channel.dataReceived(b"hello")
    world.last.answer(b"bye", keep_alive=False)
    assert transport.value().endswith(b"\r\n\r\nbye")
    assert transport.disconnecting
    assert transport.producer is None


def test_client_over_iosim() -> None:
    """A client on a simulated connection: two requests, a chunked body, and the end."""
    world = World()
    client = Visitor()

    def echo(exchange: ScriptedExchange) -> None:
        if exchange.bodiless:
            exchange.answer(exchange.head.path, keep_alive=exchange.head.keep_alive)
        else:
            exchange.accept()

    world.application.script = echo
    pump = joined(world.listener.buildProtocol(None), client)
    transport = client.transport
    assert transport is not None
    transport.write(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")
    pump.flush()
    assert world.last.sink.data == b"hello"
    world.last.answer(b"thanks")
    transport.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    pump.flush()
    assert client.received.count(b"HTTP/1.1 200") == 2
    assert client.received.endswith(b"/a")
    assert client.lost
    assert world.census.total == 0


def test_lingering_over_iosim() -> None:
    """A client that is refused in the middle of its body hears the answer before the end."""
    world = World()
    client = Visitor()
    pump = joined(world.listener.buildProtocol(None), client)
    transport = client.transport
    assert transport is not None
    transport.write(CHUNKED + b"nonsense\r\n" + GET)
    pump.flush()
    assert client.received.startswith(b"HTTP/1.1 400")
    assert len(world.exchanges) == 1
    transport.loseConnection()
    pump.flush()
    assert world.census.total == 0


class Greeting(Resource):
    """A service of Twisted's: greets, chunked or not."""

    isLeaf = True

    def render_GET(self, request: object) -> bytes:
        """Greet."""
        return b"hello"

    def render_POST(self, request: object) -> bytes:
        """Say it back."""
        return request.content.read()  # type: ignore[attr-defined,no-any-return]


def test_service_over_iosim() -> None:
    """A connection to a site of twisted.web: requests with and without bodies, one after the other."""
    clock = Clock()
    deadlines = Deadlines(clock, clock.seconds)
    connection = UpstreamConnection(deadlines, clock.seconds)
    site = Site(Greeting(), reactor=clock)  # type: ignore[no-untyped-call]
    protocol = site.buildProtocol(None)
    pump = joined(protocol, connection)

    class Asking:
        """What a waiter needs of a line."""

        def __init__(self) -> None:
            self.connection = connection
            self.taker = Taker()

        def interim(self, answer: object) -> None:
            """There is none."""
            raise AssertionError

    for number in range(3):
        asking = Asking()
        head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = connection.send(head, None, Patience(), NEVER, False, None, asking)
        waiter = Waiter(asking, answer)  # type: ignore[arg-type]
        pump.flush()
        clock.advance(0)
        pump.flush()
        assert result_of(answer).status == 200
        assert waiter.ended is not None
        result_of(waiter.ended)
        assert asking.taker.data == b"hello"
        assert connection.served == number + 1
        assert connection.reusable
    connection.abort()
    pump.flush()
    clock.advance(0)
    assert len(deadlines) == 0
