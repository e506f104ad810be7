"""The WebSocket of the notification service, frame by frame (RFC 6455 section 5)."""

from __future__ import annotations

import pytest_twisted

from gatewayd.demo import Platform
from tests.demo.client import Line, ask, dial
from tests.demo.pipe import Pipe

PATH = "/api/v1/notifications/ws"
HANDSHAKE = (
    f"GET {PATH} HTTP/1.1\r\nHost: demo\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()


def _frame(opcode: int, payload: bytes, final: bool = True) -> bytes:
    """A frame from a client, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([opcode | (0x80 if final else 0)]) + length + bytes(4) + payload


def _port(platform: Platform) -> int:
    """Where the notification service listens."""
    return int(platform.environ()["GATEWAYD_NOTIFICATION_PORT"])


async def _upgrade(platform: Platform) -> Line:
    """A connection after the handshake, whose accept key is the RFC's own example (section 1.3)."""
    line = await dial(_port(platform))
    assert line.transport is not None
    line.transport.write(HANDSHAKE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await line.read(1)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    return line


async def _say(line: Line, data: bytes, size: int) -> bytes:
    """Send frames and read `size` bytes."""
    assert line.transport is not None
    line.transport.write(data)
    return await line.read(size)


@pytest_twisted.ensureDeferred
async def test_messages_come_back(platform: Platform) -> None:
    """Text, bytes, and one that came in pieces."""
    line = await _upgrade(platform)
    assert await _say(line, _frame(1, "grüß".encode()), 8) == b"\x81\x06" + "grüß".encode()
    assert await _say(line, _frame(2, b"\x00\xff"), 4) == b"\x82\x02\x00\xff"
    assert await _say(line, _frame(2, b"ab", final=False) + _frame(0, b"cd"), 6) == b"\x82\x04abcd"
    assert await _say(line, _frame(9, b"there?"), 8) == b"\x8a\x06there?"
    assert await _say(line, _frame(8, b"\x03\xe8"), 4) == b"\x88\x02\x03\xe8"
    assert await line.ended == b""


@pytest_twisted.ensureDeferred
async def test_a_broken_frame_ends_the_connection(platform: Platform) -> None:
    """With close code 1002, protocol error."""
    line = await _upgrade(platform)
    assert (await _say(line, b"\xff\xff\xff\xff", 4))[2:] == (1002).to_bytes(2, "big")
    await line.ended


def test_a_client_that_does_not_read_is_not_read_from() -> None:
    """So its echoes do not pile up."""
    pipe = Pipe("notification")
    pipe.feed(HANDSHAKE)
    pipe.fill_buffer()
    assert pipe.transport.producerState == "paused"
    pipe.drain_buffer()
    assert pipe.transport.producerState == "producing"


def test_a_closing_connection_does_not_wait_for_more_to_echo() -> None:
    """A transport closes when its buffer is empty, unless a producer is still registered and paused."""
    pipe = Pipe("notification")
    pipe.feed(HANDSHAKE)
    pipe.fill_buffer()
    pipe.feed(_frame(8, b"\x03\xe8"))
    assert pipe.transport.disconnecting
    pipe.drain_buffer()
    assert pipe.transport.producer is None


@pytest_twisted.ensureDeferred
async def test_a_client_that_reads_late_gets_everything(platform: Platform) -> None:
    """Far more than the buffers on the way hold, and then the close."""
    line = await _upgrade(platform)
    assert line.transport is not None
    line.transport.pauseProducing()  # type: ignore[attr-defined]
    message = _frame(2, b"x" * 60_000)
    line.transport.write(message * 200)
    line.transport.write(_frame(8, b"\x03\xe8"))
    line.transport.resumeProducing()  # type: ignore[attr-defined]
    assert len(await line.ended) == 200 * 60_004 + 4


@pytest_twisted.ensureDeferred
async def test_a_plain_request_is_told_to_upgrade(platform: Platform) -> None:
    """426 with the protocol to upgrade to."""
    reply = await ask(_port(platform), "GET", PATH)
    assert (reply.status, reply.headers["upgrade"]) == (426, "websocket")
