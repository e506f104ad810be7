"""Answers that end too early never look whole, answers that go on too long reach nobody, odd ones pass."""

from __future__ import annotations

import pytest

from tests.harness import GatewayProcess, RecordingUpstream, Request, UpstreamConnection, raw

from .checks import fresh
from .corpus.answer_bodies import CUT, MORE, ODD
from .corpus.answers import Answer
from .corpus.cases import MARK
from .hostile import outcome, play, splits
from .world import get


@pytest.mark.parametrize("answer", CUT, ids=lambda answer: answer.id)
def test_answer_cut_short(answer: Answer, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The client sees an aborted response, or a 502 where nothing was sent yet: never a short body that looks whole."""
    for split in splits(answer):
        assert outcome(answer, play(answer, gateway, upstream, split=split)) in ("aborted", "502")


@pytest.mark.parametrize("answer", MORE, ids=lambda answer: answer.id)
def test_bytes_behind_an_answer(answer: Answer, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """What follows a response is nobody's answer: the response passes, the connection is not used again.

    Sent in one piece: bytes that come later, when the next request is out already, nobody can tell from its answer.
    """
    response = play(answer, gateway, upstream, split=False)
    assert outcome(answer, response) in ("intact", "502")
    assert response is not None
    assert b"evil-" not in response.body


@pytest.mark.parametrize("answer", ODD, ids=lambda answer: answer.id)
def test_odd_answer(answer: Answer, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Legal answers pass, whole and byte by byte."""
    for split in splits(answer):
        assert outcome(answer, play(answer, gateway, upstream, split=split)) == "intact"


@pytest.mark.parametrize(
    "answer",
    [
        a
        for a in CUT
        if a.id in {"cut-length", "cut-chunked-no-end", "cut-chunked-in-chunk", "cut-close-reset", "cut-chunk-html"}
    ],
    ids=lambda answer: answer.id,
)
def test_cut_short_for_http_1_0(answer: Answer, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """Where only the end of the connection delimits a body, a RST tells that it is not whole."""
    mark = fresh()

    def script(connection: UpstreamConnection, request: Request) -> None:
        connection.read_body(request)
        connection.send(answer.data.replace(MARK, mark))
        (connection.reset if answer.then == "reset" else connection.close)()

    upstream.on(b"/" + mark, script)
    conversation = raw(gateway.address, get(b"/" + mark, version=b"HTTP/1.0"))
    if conversation.received and (response := conversation.responses[0]).status == 200:
        if response.framing.kind == "close":
            assert conversation.end == "reset", "a short body ended like a whole one"
        else:
            assert not response.complete


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_chunked_answer_for_each_version(version: bytes, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """An HTTP/1.0 client never sees a chunked body, an HTTP/1.1 client may."""
    mark = fresh()
    upstream.on(b"/" + mark, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    lines = (b"Connection: close",) if version == b"HTTP/1.1" else ()
    conversation = raw(gateway.address, get(b"/" + mark, *lines, version=version))
    (response,) = conversation.responses
    assert (response.body, response.complete) == (b"hello", True)
    assert conversation.end == "closed"
    if version == b"HTTP/1.0":
        assert response.framing.kind in ("close", "length")
