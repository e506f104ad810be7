"""Request bodies that are sent again: the same bytes on each connection, once, at the pace of the one at hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.http.inbound import SINK_FULL, UNWANTED
from gatewayd.pipeline.replay import Replay
from tests.http.script import ScriptedExchange, World
from tests.http.service import Line
from tests.http.wire import Wire

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NEXT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Sender:
    """A client whose request's body is `upload`, and connections of a service to send it on."""

    def __init__(self, length: int | None, *, most: int = 100, expecting: bool = False) -> None:
        framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        expectation = b"Expect: 100-continue\r\n" if expecting else b""
        self.world = World()
        self.client: Wire = self.world.connect()
        self.client.deliver(b"POST / HTTP/1.1\r\nHost: a\r\n%b%b\r\n\r\n" % (expectation, framing))
        self.exchange: ScriptedExchange = self.world.last
        self.upload = Replay(self.exchange.body, most)

    def send(self, line: Line | None = None) -> Line:
        """Begin to send on one more connection."""
        line = line or Line()
        line.send(HEAD, body=self.upload)
        return line

    def give_up(self, line: Line) -> None:
        """An attempt has failed."""
        line.connection.abort()
        line.wire.turn()
        self.upload.detach()


def test_whole_body_again() -> None:
    """What was sent to a connection that broke off goes to the next one from the beginning, with its end."""
    sender = Sender(10)
    first = sender.send()
    sender.client.deliver(b"01234", b"56789")
    first.wire.reset()
    sender.upload.detach()
    second = sender.send()
    assert first.wire.received == second.wire.received == HEAD + b"0123456789"
    assert sender.upload.replayable


@pytest.mark.parametrize("sent", range(4))
def test_at_any_point(sent: int) -> None:
    """However much had come: before, between the attempts, and after, each byte goes out once and in order."""
    pieces = [b"abc", b"defg", b"hij"]
    sender = Sender(10)
    first = sender.send()
    sender.client.deliver(*pieces[:sent])
    sender.give_up(first)
    sender.client.deliver(*pieces[sent : sent + 1])
    second = sender.send()
    sender.client.deliver(*pieces[sent + 1 :])
    assert first.wire.received == HEAD + b"".join(pieces[:sent])
    assert second.wire.received == HEAD + b"abcdefghij"


def test_chunks_and_trailers() -> None:
    """A chunked body is chunked again, and what stands behind its last chunk comes again as well."""
    sender = Sender(None)
    assert sender.upload.chunked
    first = sender.send()
    sender.client.deliver(b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n")
    sender.give_up(first)
    second = sender.send()
    expected = HEAD + b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"
    assert (first.wire.received, second.wire.received) == (expected, expected)


def test_trailers_that_come_between() -> None:
    """An end that nobody was there to hear is told to the next connection."""
    sender = Sender(None)
    first = sender.send()
    sender.client.deliver(b"3\r\nabc\r\n")
    sender.give_up(first)
    sender.client.deliver(b"0\r\nX-Sum: 1\r\n\r\n")
    assert sender.send().wire.received == HEAD + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"


@pytest.mark.parametrize(("most", "replayable"), [(10, True), (9, False), (0, False)])
def test_too_large(most: int, replayable: bool) -> None:
    """A body beyond the bound goes on to the connection that has it, but not to another one."""
    sender = Sender(10, most=most)
    line = sender.send()
    assert sender.upload.replayable
    sender.client.deliver(b"0123456789"[: most + 1])
    assert sender.upload.replayable is replayable
    sender.client.deliver(b"0123456789"[most + 1 :])
    assert line.wire.received == HEAD + b"0123456789"
    sender.give_up(line)
    if replayable:
        assert sender.send().wire.received == HEAD + b"0123456789"
    else:
        with pytest.raises(RuntimeError):
            sender.upload.open(Line().connection)


def test_too_large_on_the_second() -> None:
    """What comes while a second connection is at work counts too."""
    sender = Sender(10, most=6)
    first = sender.send()
    sender.client.deliver(b"01234")
    sender.give_up(first)
    sender.client.deliver(b"56")
    assert sender.upload.replayable
    second = sender.send()
    assert not sender.upload.replayable
    sender.client.deliver(b"789")
    assert second.wire.received == HEAD + b"0123456789"


@pytest.mark.parametrize("early", [b"", b"0"])
def test_continue_is_said_once(early: bytes) -> None:
    """A client that waits to be asked is asked by the first attempt only, whether it has begun by the second or not."""
    sender = Sender(5, expecting=True)
    assert sender.client.received == b""
    first = sender.send()
    assert sender.client.received == CONTINUE
    sender.client.deliver(*([early] if early else []))
    sender.give_up(first)
    second = sender.send()
    sender.client.deliver(b"01234"[len(early) :])
    assert second.wire.received == HEAD + b"01234"
    assert sender.client.received == CONTINUE


def test_the_connection_at_hand_sets_the_pace() -> None:
    """It holds the client and releases it; that the one before was full is over with it."""
    sender = Sender(1_000_000, most=300_000)
    first = sender.send()
    first.wire.stall()
    sender.client.deliver(b"x" * 70_000)
    assert not sender.client.reading
    sender.give_up(first)
    second = sender.send()
    assert sender.client.reading
    second.wire.stall()
    sender.client.deliver(b"x" * 70_000)
    assert not sender.client.reading
    second.wire.read_on()
    assert sender.client.reading
    sender.client.deliver(b"x" * 70_000)
    assert second.wire.received == HEAD + b"x" * 210_000


def test_full_again_at_once() -> None:
    """A connection that what is kept fills up holds the client from the beginning."""
    sender = Sender(1_000_000, most=300_000)
    first = sender.send()
    sender.client.deliver(b"x" * 70_000)
    sender.give_up(first)
    second = Line()
    second.wire.stall()
    sender.send(second)
    assert not sender.client.reading
    second.wire.read_on()
    assert sender.client.reading


def test_a_whole_body_holds_nobody() -> None:
    """A full connection that has the whole body has no reason to hold the client, and would never release it."""
    sender = Sender(70_000, most=70_000)
    first = sender.send()
    sender.client.deliver(b"x" * 70_000)
    sender.give_up(first)
    second = Line()
    second.wire.stall()
    sender.send(second)
    assert sender.client.reading
    sender.exchange.answer()
    sender.client.deliver(NEXT)
    assert len(sender.world.exchanges) == 2


def test_what_nobody_takes_waits() -> None:
    """Between two attempts little is read from the client."""
    sender = Sender(1_000_000, most=1_000_000)
    first = sender.send()
    sender.give_up(first)
    sender.client.deliver(b"x" * 60_000)
    assert sender.client.reading
    sender.client.deliver(b"x" * 60_000)
    assert not sender.client.reading
    second = sender.send()
    assert sender.client.reading
    assert len(second.wire.received) == len(HEAD) + 120_000


def test_nobody_wants_the_rest() -> None:
    """A refusal after the last attempt leaves the client's connection usable, if the rest is little."""
    sender = Sender(10)
    first = sender.send()
    sender.client.deliver(b"01234")
    sender.give_up(first)
    sender.exchange.answer(status=503)
    sender.client.deliver(b"56789" + NEXT)
    assert len(sender.world.exchanges) == 2
    assert first.wire.received == HEAD + b"01234"


def test_holds() -> None:
    """The causes that hold a client are told apart."""
    line = Line()
    body = line.upload(100_000)
    upload = Replay(body, 100_000)
    line.send(HEAD, body=upload)
    line.wire.stall()
    body.feed(b"x" * 70_000)
    assert line.client.holds == SINK_FULL
    upload.detach()
    assert line.client.holds == 0
    body.feed(b"x")
    assert line.client.holds == UNWANTED


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=8),
    breaks=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), max_size=4),
    chunked=st.booleans(),
    most=st.integers(0, 70),
)
def test_any_breaks(pieces: list[bytes], breaks: list[tuple[int, int]], chunked: bool, most: int) -> None:
    """Wherever attempts break off, and whatever comes before the next, each sends a beginning, and the last all of it.

    Attempts end where the body is no longer kept whole.
    """
    whole = b"".join(pieces)
    line = Line()
    body = line.upload(None if chunked else len(whole))
    upload = Replay(body, most)
    coming = [b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece for piece in pieces]
    framed = b"".join(coming)
    if chunked:
        coming.append(b"0\r\n\r\n")
        framed += b"0\r\n\r\n"
    line.send(HEAD, body=upload)
    attempts = [line]
    for during, between in breaks:
        for _ in range(min(during, len(coming))):
            body.feed(coming.pop(0))
        if not upload.replayable:
            break
        attempts[-1].connection.abort()
        upload.detach()
        for _ in range(min(between, len(coming))):
            body.feed(coming.pop(0))
        attempts.append(Line())
        attempts[-1].send(HEAD, body=upload)
    for piece in coming:
        body.feed(piece)
    assert all((HEAD + framed).startswith(attempt.wire.received) for attempt in attempts)
    assert attempts[-1].wire.received == HEAD + framed
    assert upload.replayable is (len(whole) <= most)
