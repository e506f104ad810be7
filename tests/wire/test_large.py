"""Large bodies arrive unharmed and are never held: back-pressure reaches from the slow side to the fast one."""

from __future__ import annotations

import hashlib
import selectors
from collections.abc import Iterator

import pytest

from tests.harness import PATIENCE, Client, GatewayProcess, RecordingUpstream, Request, UpstreamConnection, reply

from .checks import fresh
from .world import get, world

SIZE = 64 << 20
GROWTH = 20 << 10  # KiB the gateway may grow by while it moves or holds SIZE bytes
BLOCK = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway without a limit on bodies."""
    with GatewayProcess(world(upstream, limits={"body_size": "unlimited"})) as process:
        with Client(process.address) as client:
            assert client.ask(get(b"/warm")).status == 200
        yield process


def digest_of(pieces: Iterator[bytes]) -> tuple[int, str]:
    """Size and SHA-256 of a body."""
    digest = hashlib.sha256()
    size = 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def send_until_blocked(client: Client, data: bytes, *, patience: float = 0.5) -> int:
    """How many bytes of `data` the gateway takes until it takes no more for `patience` seconds."""
    client.sock.settimeout(patience)
    sent = 0
    try:
        while sent < len(data):
            sent += client.sock.send(memoryview(data)[sent : sent + 65536])
    except TimeoutError:
        pass
    finally:
        client.sock.settimeout(PATIENCE)
    return sent


EXPECTED = (SIZE, digest_of(iter([BLOCK] * (SIZE // len(BLOCK))))[1])


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_download(chunked: bool, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """64 MiB come down with the right hash, and the gateway hardly grows."""
    path = b"/" + fresh()

    def sends(connection: UpstreamConnection, request: Request) -> None:
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
        connection.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(SIZE // len(BLOCK)):
            connection.send(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
        connection.send(b"0\r\n\r\n" if chunked else b"")

    upstream.on(path, sends)
    before = gateway.rss_kib()
    with Client(gateway.address) as client:
        client.send(get(path))
        assert digest_of(client.reader.pieces(client.start().framing)) == EXPECTED
    assert gateway.rss_kib() - before < GROWTH


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_upload(chunked: bool, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """64 MiB go up with the right hash, and the gateway hardly grows."""
    path = b"/" + fresh()
    upstream.on(path, lambda c, request: c.send(reply(repr(digest_of(c.pieces(request))).encode())))
    before = gateway.rss_kib()
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
    with Client(gateway.address) as client:
        client.send(get(path, framing, method=b"POST"))
        for _ in range(SIZE // len(BLOCK)):
            client.send(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
        if chunked:
            client.send(b"0\r\n\r\n")
        assert client.response().body == repr(EXPECTED).encode()
    assert gateway.rss_kib() - before < GROWTH


def test_slow_reader_holds_the_service(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """While the client does not read, the service cannot send: nothing piles up in the gateway."""
    path = b"/" + fresh()

    def pours(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        data = BLOCK * (SIZE // len(BLOCK))
        sent = connection.send_until_blocked(data)
        held.append(sent)
        connection.note()
        connection.send(data[sent:])

    held: list[int] = []
    upstream.on(path, pours)
    before = gateway.rss_kib()
    with Client(gateway.address, receive_buffer=65536) as client:
        client.send(get(path))
        upstream.wait_for(lambda: bool(held), why="a service that cannot send")
        assert held[0] < SIZE  # the kernel alone may hold some 40 MiB on the way
        assert gateway.rss_kib() - before < GROWTH
        assert digest_of(client.reader.pieces(client.start().framing)) == EXPECTED
    assert gateway.rss_kib() - before < GROWTH


def test_slow_service_holds_the_client(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """While the service does not read, the client cannot send: nothing piles up in the gateway."""
    path = b"/" + fresh()
    go_on = upstream.event()

    def dawdles(connection: UpstreamConnection, request: Request) -> None:
        connection.wait_for(go_on)
        connection.send(reply(repr(digest_of(connection.pieces(request))).encode()))

    upstream.on(path, dawdles)
    before = gateway.rss_kib()
    with Client(gateway.address) as client:
        client.send(get(path, b"Content-Length: %d" % SIZE, method=b"POST"))
        data = BLOCK * (SIZE // len(BLOCK))
        sent = send_until_blocked(client, data)
        assert sent < SIZE
        assert gateway.rss_kib() - before < GROWTH
        go_on.set()
        client.send(data[sent:])
        assert client.response().body == repr(EXPECTED).encode()
    assert gateway.rss_kib() - before < GROWTH


def test_pipelining_without_reading_is_bounded(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Twenty clients that pipeline and never read make the gateway stop reading them, not grow."""
    path = b"/" + fresh()
    upstream.on(path, reply(b"x" * 16384))
    before = gateway.rss_kib()
    flood = get(path) * 2000
    clients = [Client(gateway.address, receive_buffer=65536) for _ in range(20)]
    try:
        with selectors.DefaultSelector() as selector:
            sent = {client.sock: 0 for client in clients}
            for client in clients:
                client.sock.setblocking(False)
                selector.register(client.sock, selectors.EVENT_WRITE)
            while ready := selector.select(0.5):
                for key, _ in ready:
                    sock = key.fileobj
                    assert sock in sent
                    at = sent[sock] % len(flood)
                    sent[sock] += sock.send(memoryview(flood)[at : at + 65536])
                assert gateway.rss_kib() - before < GROWTH, f"{sum(sent.values())} bytes of requests were taken"
    finally:
        for client in clients:
            client.reset()
    with Client(gateway.address) as client:
        assert client.ask(get(b"/still-fine")).status == 200


def test_tunnel_holds_its_sender(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """A tunnel whose reader stops makes its writer stop."""
    path = b"/" + fresh()
    go_on = upstream.event()

    def pours(connection: UpstreamConnection, request: Request) -> None:
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
        data = BLOCK * (SIZE // len(BLOCK))
        held.append(connection.send_until_blocked(data))
        connection.note()
        connection.wait_for(go_on)
        connection.close()

    held: list[int] = []

    upstream.on(path, pours)
    before = gateway.rss_kib()
    with Client(gateway.address, receive_buffer=65536) as client:
        client.send(get(path, b"Connection: Upgrade", b"Upgrade: foo"))
        upstream.wait_for(lambda: bool(held), why="a service that cannot send")
        assert held[0] < SIZE  # the kernel alone may hold some 40 MiB on the way
        assert gateway.rss_kib() - before < GROWTH
        go_on.set()
