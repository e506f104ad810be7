"""What only real sockets show: resets and half-closed connections, on asyncio's own loop and on uvloop."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvloop
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gatewayd.core.forwarded import TrustedPeers
from gatewayd.http.outbox import Outbox
from gatewayd.http.transport import LoopTransport

from .script import GET, World, channel_of
from .wire import Wire

NewLoop = Callable[[], asyncio.AbstractEventLoop]
PATIENCE = 10.0
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a coroutine on a loop of its own, in a thread of its own: the reactor has this one's."""

    def in_thread(coroutine: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(coroutine, PATIENCE))

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_thread, coroutine).result()

    return run


Run = Callable[[Coroutine[Any, Any, None]], None]


class Server(Protocol):
    """Says when its connection begins and ends."""

    def __init__(self) -> None:
        self.made = asyncio.Event()
        self.lost = asyncio.Event()

    def connectionMade(self) -> None:
        """Say so."""
        self.made.set()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Say so."""
        self.lost.set()


async def everything(client: socket.socket) -> tuple[bytes, bool]:
    """What a client receives until the end, and whether that is a reset."""
    loop = asyncio.get_running_loop()
    received = b""
    while True:
        try:
            data = await loop.sock_recv(client, 65536)
        except ConnectionResetError:
            return received, True
        if not data:
            return received, False
        received += data


Act = Callable[[Any, Callable[[], Awaitable[tuple[bytes, bool]]]], Awaitable[None]]


async def served(act: Act, path: Path | None = None) -> None:
    """Let `act` have a connection's transport, and the way to hear all that its client receives."""
    loop = asyncio.get_running_loop()
    server = Server()
    outbox = Outbox(loop.call_soon)

    def transport() -> LoopTransport:
        return LoopTransport(IProtocol(server), outbox)

    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX) as client:
        client.setblocking(False)
        if path is None:
            listening = await loop.create_server(transport, "127.0.0.1", 0)
        else:
            listening = await loop.create_unix_server(transport, str(path))
        async with listening:
            await loop.sock_connect(client, listening.sockets[0].getsockname())
            await server.made.wait()
            await act(server.transport, lambda: everything(client))
            await server.lost.wait()


def test_close(run: Run) -> None:
    """An orderly close sends what was written, and an end."""

    async def close(transport: Any, received: Any) -> None:
        transport.write(b"all of it")
        transport.loseConnection()
        assert await received() == (b"all of it", False)

    run(served(close))


def test_abort(run: Run) -> None:
    """An abort is seen as a reset, also behind bytes that were sent: an answer that ends with its connection is cut."""

    async def abort(transport: Any, received: Any) -> None:
        transport.write(b"half")
        transport.flush()
        transport.abortConnection()
        assert await received() == (b"half", True)

    run(served(abort))


def test_abort_stays_an_abort(run: Run) -> None:
    """Whatever is asked of the connection afterwards, no orderly end comes of it."""

    async def abort(transport: Any, received: Any) -> None:
        transport.abortConnection()
        transport.write(b"more")
        transport.loseWriteConnection()
        transport.loseConnection()
        transport.pauseProducing()
        transport.resumeProducing()
        transport.abortConnection()
        assert await received() == (b"", True)

    run(served(abort))


def test_abort_while_closing(run: Run) -> None:
    """A connection whose client does not take the rest of its answer can still be reset."""

    async def abort(transport: Any, received: Any) -> None:
        transport.write(bytes(20_000_000))
        transport.loseConnection()
        transport.abortConnection()
        data, was_reset = await received()
        assert was_reset
        assert len(data) < 20_000_000

    run(served(abort))


def test_half_close(run: Run) -> None:
    """Ending one direction leaves the other one open, until it is closed as well."""

    async def half_close(transport: Any, received: Any) -> None:
        transport.write(b"x" * 1_000_000)
        transport.loseWriteConnection()
        assert await received() == (b"x" * 1_000_000, False)
        assert not transport.disconnecting
        transport.loseConnection()

    run(served(half_close))


def test_abort_on_a_unix_socket(run: Run, tmp_path: Path) -> None:
    """Unix sockets know no reset: there an abort is an end, and no error."""

    async def abort(transport: Any, received: Any) -> None:
        transport.abortConnection()
        assert await received() == (b"", False)

    run(served(abort, tmp_path / "s"))


def test_nothing_happens_to_another_connection(run: Run) -> None:
    """Aborting what is lost already leaves alone whoever has its descriptor now."""

    async def reuse() -> None:
        transports: list[Any] = []

        async def keep(transport: Any, received: Any) -> None:
            transports.append(transport)
            transport.loseConnection()

        async def close(transport: Any, received: Any) -> None:
            transports[0].abortConnection()
            transport.write(b"whole")
            transport.loseConnection()
            assert await received() == (b"whole", False)

        await served(keep)
        await served(close)

    run(reuse())


def test_broken_off_answer(run: Run) -> None:
    """A client cannot take an answer that was broken off for whole, even with a request of its own still unread."""

    async def break_off() -> None:
        loop = asyncio.get_running_loop()
        world = World()
        outbox = Outbox(loop.call_soon)
        channel = world.listener.buildProtocol(None)
        with socket.socket() as client:
            client.setblocking(False)
            async with await loop.create_server(lambda: LoopTransport(channel, outbox), "127.0.0.1", 0) as listening:
                await loop.sock_connect(client, listening.sockets[0].getsockname())
                await loop.sock_sendall(client, GET + GET)
                while not world.exchanges:
                    await asyncio.sleep(0)
                world.last.begin(100)
                assert (await loop.sock_recv(client, 65536)).startswith(b"HTTP/1.1 200")
                world.last.channel.abort()
                world.last.end(keep_alive=False)
                assert await everything(client) == (b"", True)
                while world.census.total:
                    await asyncio.sleep(0)

    run(break_off())


def test_client_gone_before_it_is_accepted(run: Run) -> None:
    """What a client sent and reset before we accepted it is never taken for the word of a believed unix peer."""

    async def gone() -> None:
        loop = asyncio.get_running_loop()
        world = World(trusted=TrustedPeers(["unix"]))
        outbox = Outbox(loop.call_soon)
        made = asyncio.Event()

        def transport() -> LoopTransport:
            made.set()
            return LoopTransport(world.listener.buildProtocol(None), outbox)

        async with await loop.create_server(transport, "127.0.0.1", 0) as listening:
            client = socket.create_connection(listening.sockets[0].getsockname())
            client.sendall(GET)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()
            await made.wait()
            while world.census.total or not made.is_set():
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
        assert all(exchange.channel.peer.address for exchange in world.exchanges)
        assert not any(exchange.channel.peer.trusted for exchange in world.exchanges)
        assert world.census.total == 0

    run(gone())


def test_wire_is_no_more_lenient() -> None:
    """The wires of the other tests break off as these do: what was written in the turn is lost, and no end is seen."""
    world = World()
    client: Wire = world.connect()
    client.deliver(GET + GET)
    channel_of(client).abort()
    channel_of(client).close()
    client.turn()
    assert client.was_reset
    assert not client.fin
