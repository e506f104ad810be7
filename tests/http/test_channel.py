"""Clients' connections: requests one at a time, answers in order, and what follows what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.reasons import (
    HEAD_TOO_LARGE,
    MALFORMED_FIELD,
    MALFORMED_REQUEST_LINE,
    METHOD_NOT_PROXIED,
    TARGET_TOO_LONG,
    UNSUPPORTED_VERSION,
    Reason,
)

from . import strategies
from .script import GET, Bounds, ScriptedExchange, World, channel_of


def get(path: bytes, *lines: bytes, version: bytes = b"1.1") -> bytes:
    """A request without a body."""
    return b"\r\n".join((b"GET %b HTTP/%b" % (path, version), b"Host: a", *lines, b"", b""))


def answer_at_once(exchange: ScriptedExchange) -> None:
    """Answer with the path asked for."""
    exchange.answer(exchange.head.path)


def statuses(received: bytes) -> list[bytes]:
    """The statuses of the answers in `received`."""
    return [piece[:3] for piece in received.split(b"HTTP/1.1 ")[1:]]


def test_one_request() -> None:
    """A whole head becomes an exchange that is started; its answer reaches the client, and the connection stays."""
    world = World()
    client = world.connect()
    client.deliver(GET)
    (exchange,) = world.exchanges
    assert exchange.head.target == b"/a"
    assert exchange.bodiless
    assert client.take() == b""
    exchange.answer(b"hello")
    assert client.take() == b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello"
    assert not client.fin


def test_keep_alive() -> None:
    """Requests follow each other on one connection, each begun when it is there."""
    world = World()
    world.application.script = answer_at_once
    client = world.connect()
    for number in range(5):
        client.deliver(get(b"/%d" % number))
        assert client.take().endswith(b"\r\n\r\n/%d" % number)
    assert len(world.exchanges) == 5
    assert len({id(exchange.channel) for exchange in world.exchanges}) == 1


def test_repeated_sections_are_judged_once() -> None:
    """The header section of the request before is shared by the next where it is the same, and not where it is not."""
    world = World()
    world.application.script = answer_at_once
    client = world.connect()
    client.deliver(get(b"/a", b"A: b"), get(b"/b", b"A: b"), get(b"/c", b"A: c"))
    first, second, third = (exchange.head for exchange in world.exchanges)
    assert first.section is second.section
    assert second.section is not third.section
    assert (first.path, second.path, third.get(b"a")) == (b"/a", b"/b", b"c")


def test_pipelining() -> None:
    """Requests that come together are begun one after the other, each after the answer before, in their order."""
    world = World()
    client = world.connect()
    client.deliver(get(b"/1") + get(b"/2") + get(b"/3")[:10])
    client.deliver(get(b"/3")[10:] + get(b"/4"))
    for number in (1, 2, 3, 4):
        assert [exchange.head.path for exchange in world.exchanges] == [b"/%d" % n for n in range(1, number + 1)]
        world.last.answer(b"answer %d" % number)
        assert client.take().endswith(b"answer %d" % number)
    assert len(world.exchanges) == 4


def test_pipelining_at_once() -> None:
    """Hundreds of requests that are answered within their start do not nest."""
    world = World(Bounds(requests_per_connection=10_000))
    world.application.script = answer_at_once
    client = world.connect()
    client.deliver(b"".join(get(b"/%d" % number) for number in range(2000)))
    bodies = [answer.rpartition(b"\r\n\r\n")[2] for answer in client.received.split(b"HTTP/1.1 200 X")[1:]]
    assert bodies == [b"/%d" % number for number in range(2000)]


def test_close() -> None:
    """A client that wants to is let go after its answer, and what it sent behind is not begun."""
    world = World()
    client = world.connect()
    client.deliver(get(b"/a", b"Connection: close"))
    world.last.answer(b"bye", keep_alive=world.last.head.keep_alive)
    client.turn()
    assert client.received.endswith(b"bye")
    assert client.fin
    assert client.lost
    assert not client.was_reset


def test_nothing_behind_the_last_request_is_served() -> None:
    """Requests pipelined behind the last one are read and thrown away, and the answer is not taken along by a reset."""
    world = World()
    client = world.connect()
    client.deliver(get(b"/a") + get(b"/b"))
    world.last.answer(b"bye", keep_alive=False)
    client.turn()
    client.deliver(get(b"/c"))
    assert [exchange.head.path for exchange in world.exchanges] == [b"/a"]
    assert client.received.endswith(b"bye")
    assert client.fin
    assert not client.was_reset
    assert not client.lost
    client.finish()
    assert client.lost


def test_requests_per_connection() -> None:
    """The last request that a connection may make is told to its exchange, and then it is closed."""
    world = World(Bounds(requests_per_connection=3))
    client = world.connect()
    seen = []
    for number in range(3):
        client.deliver(get(b"/%d" % number))
        seen.append(channel_of(client).persistent)
        world.last.answer()
    client.turn()
    assert seen == [True, True, False]
    assert client.fin


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"nonsense\r\n\r\n", MALFORMED_REQUEST_LINE),
        (b"\x16\x03\x01\x02\x00", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.1\nHost: a\n\n", MALFORMED_REQUEST_LINE),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", MALFORMED_FIELD),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", UNSUPPORTED_VERSION),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", METHOD_NOT_PROXIED),
        (b"GET /" + b"a" * 1200, TARGET_TOO_LONG),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 5000, HEAD_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 30 + b"\r\n", HEAD_TOO_LARGE),
    ],
)
def test_refusals(data: bytes, reason: Reason) -> None:
    """What is no request is refused once, answered, and closed; nothing behind it is served, however it comes."""
    for pieces in ([data + GET], [data, GET], [*strategies.one_by_one(data), GET]):
        world = World()
        client = world.connect()
        client.deliver(*pieces)
        assert [refused.reason for refused in world.application.refused] == [reason]
        assert world.exchanges == []
        assert statuses(client.received) == [b"%d" % reason.status]
        assert client.fin
        client.deliver(GET)
        assert world.exchanges == []
        assert len(world.application.refused) == 1


def test_refusal_behind_a_request() -> None:
    """A bad request is refused in its turn: the answer before it comes first."""
    world = World()
    client = world.connect()
    client.deliver(GET + b"nonsense\r\n\r\n" + GET)
    assert world.application.refused == []
    world.last.answer(b"first")
    client.turn()
    assert statuses(client.received) == [b"200", b"400"]
    assert client.fin
    assert len(world.exchanges) == 1


def test_empty_lines_between_requests() -> None:
    """One empty line before a request is forgiven (RFC 9112 section 2.2), more are not."""
    world = World()
    world.application.script = answer_at_once
    client = world.connect()
    client.deliver(b"\r\n" + GET + b"\r\n" + GET)
    assert len(world.exchanges) == 2
    client.deliver(b"\r\n\r\n" + GET)
    assert len(world.exchanges) == 2
    assert len(world.application.refused) == 1


def test_client_leaves() -> None:
    """A client that goes away has its exchange cancelled once, and is counted no more."""
    world = World()
    client = world.connect()
    client.deliver(GET + GET)
    assert (world.census.total, len(world.deadlines)) == (1, 1)
    client.finish()
    assert world.last.cancelled is not None
    assert world.last.cancelled.slug == "client-closed"
    assert len(world.exchanges) == 1
    assert (world.census.total, len(world.deadlines), world.listener.channels) == (0, 0, set())


def test_client_leaves_idle() -> None:
    """A client that goes away between requests disturbs nobody."""
    world = World()
    client = world.connect()
    client.deliver(GET[:7])
    client.reset()
    assert world.exchanges == []
    assert (world.census.total, len(world.deadlines)) == (0, 0)


requests = st.lists(
    st.sampled_from(
        [
            GET,
            b"\r\n" + GET,
            b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"POST /d HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            b"GET /e HTTP/1.1\r\nHost: b\r\nConnection: keep-alive\r\n\r\n",
        ]
    ),
    max_size=6,
)


def served(pieces: list[bytes]) -> tuple[list[tuple[bytes, bytes | None]], list[Reason], bytes, bool]:
    """Paths and bodies of the requests in `pieces`, refusals, what the client received and whether it saw the end.

    A body that turns out malformed is None: how much of it was handed on before depends on how it arrived.
    """
    world = World()

    def take_all(exchange: ScriptedExchange) -> None:
        if exchange.bodiless:
            exchange.answer(exchange.head.path)
        else:
            exchange.accept()

    world.application.script = take_all
    client = world.connect()
    for piece in pieces:
        client.deliver(piece)
        while world.exchanges and not (last := world.last).over and last.sink.trailers is not None:
            last.answer(last.sink.data)
    client.turn()
    bodies = [
        (one.head.path, one.sink.data if one.bodiless or one.sink.trailers is not None else None)
        for one in world.exchanges
    ]
    return bodies, [refused.reason for refused in world.application.refused], client.received, client.fin


@given(
    stream=requests.map(b"".join),
    scars=strategies.scars,
    places=st.lists(st.integers(0, 600), max_size=6),
    odd=st.booleans(),
)
def test_arrival_changes_nothing(
    stream: bytes, scars: list[tuple[int, int, bytes]], places: list[int], odd: bool
) -> None:
    """The same requests are served with the same bodies, however the client's bytes are cut up on their way."""
    if odd:
        stream = strategies.damage(stream, scars)
    whole = served([stream] if stream else [])
    for pieces in (strategies.one_by_one(stream), strategies.split(stream, places)):
        bodies, refusals, received, fin = served(pieces)
        assert bodies == whole[0]
        assert len(refusals) == len(whole[1])
        assert (statuses(received), fin) == (statuses(whole[2]), whole[3])
