"""Requests: the same bytes, whole, in pieces or one by one, lead to the same requests and the same end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import httptools
from hypothesis import given

from gatewayd.core.forwarded import Peer
from tests.http.script import Bounds, ScriptedExchange, World
from tests.wire.test_acceptances import ACCEPTANCES
from tests.wire.test_refusals import REFUSALS

from .mutations import CUTS, messages, pieces

_PAYLOADS = [case.payload for case in ACCEPTANCES] + [case.payload for case in REFUSALS]
CORPUS = tuple(payload for payload in _PAYLOADS if len(payload) < 600)
# Wide bounds: where a limit bites depends on how much has arrived, and what it costs is tested elsewhere.
BOUNDS = Bounds(head_size=1 << 16, head_fields=1000, target_size=1 << 15)
_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*")
_FRAMING = (b"content-length", b"transfer-encoding", b"connection", b"host", b"upgrade", b"keep-alive", b"te")


def served(parts: Iterable[bytes]) -> tuple[list[tuple[bytes, ...]], bool]:
    """What a client that sends `parts` is served, body and trailers included, and whether it is refused in the end."""
    world = World(BOUNDS)
    told: list[tuple[bytes, ...]] = []

    def answer(exchange: ScriptedExchange) -> None:
        head = exchange.head
        section = head.section
        told.append((head.method, head.target, head.host, section.lines, b"%d" % head.version))
        check_clean(exchange)
        if exchange.bodiless:
            exchange.answer(keep_alive=head.keep_alive)
            return
        exchange.accept()
        if exchange.sink.trailers is not None:
            finish(exchange)

    def finish(exchange: ScriptedExchange) -> None:
        told.append((exchange.sink.data, exchange.sink.trailers or b""))
        exchange.answer(keep_alive=exchange.head.keep_alive)

    world.application.script = answer
    wire = world.connect()
    for part in parts:
        wire.deliver(part)
        while world.exchanges and not world.last.over and world.last.sink.trailers is not None:
            finish(world.last)
            wire.turn()
    refused = bool(world.application.refused) or any(exchange.failed for exchange in world.exchanges)
    world.deadlines.stop()
    return told, refused


def check_clean(exchange: ScriptedExchange) -> None:
    """What would be forwarded is lines of the grammar, none of which frames, routes or belongs to one hop."""
    head = exchange.head
    lines = Peer("192.0.2.1", 8080, "http", False).lines(head)
    assert lines.endswith(b"\r\n")
    for line in lines[:-2].split(b"\r\n"):
        assert _LINE.fullmatch(line), line
        assert line.partition(b":")[0].lower() not in _FRAMING, line
    assert re.fullmatch(rb"[\x21-\x7e]+", head.target)
    assert b"#" not in head.target
    if head.method in (b"GET", b"POST"):
        told = []

        class Judge:
            def on_url(self, url: bytes) -> None:
                told.append(url)

        head_bytes = b"%b %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (head.method, head.target, lines)
        httptools.HttpRequestParser(Judge()).feed_data(head_bytes)
        assert told == [head.target]


@given(messages(CORPUS), CUTS)
def test_pieces_make_no_difference(data: bytes, cuts: Sequence[int]) -> None:
    """Whole, cut anywhere, and byte by byte: the same requests with the same bodies, and the same end."""
    whole = served([data] if data else [])
    assert served(pieces(data, cuts)) == whole
    assert served(data[at : at + 1] for at in range(len(data))) == whole
