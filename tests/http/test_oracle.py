"""Our judgement of requests against llhttp's, Node's parser, as httptools offers it.

Whatever we accept, llhttp accepts in its default, strict mode, and reads in the same way. Not the other way round: we
refuse much that llhttp takes. Left out, since llhttp refuses them by design:

- methods it does not know: it has a list, for us any token is a method;
- bytes beyond ASCII in a target: neither of us takes them, but it would in lenient builds.
"""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given

from gatewayd.core.reasons import Refused
from gatewayd.http.heads import parse_request_head

from . import strategies

KNOWN = frozenset(b"GET HEAD POST PUT DELETE OPTIONS PATCH TRACE PROPFIND".split())


class Reading:
    """What llhttp makes of a request's head."""

    def __init__(self, block: bytes) -> None:
        self.target = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.complete = self.keep_alive = False
        self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(block + b"\r\n\r\n")
        except httptools.HttpParserUpgrade:
            assert self.complete
        self.method: bytes = self._parser.get_method()
        self.version: str = self._parser.get_http_version()

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field."""
        self.fields.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """The end of the head."""
        self.complete = True
        self.keep_alive = self._parser.should_keep_alive()


def agree(block: bytes) -> bool:
    """Compare the two readings of `block`; False where we refuse it or llhttp does not know its method."""
    try:
        head = parse_request_head(block)
    except Refused:
        return False
    if head.method not in KNOWN:
        return False
    reading = Reading(block)
    assert reading.complete
    written = block.partition(b"\r\n")[0].split(b" ")
    assert reading.method == head.method == written[0]
    assert reading.target == written[1]
    assert reading.version == f"1.{head.version}"
    assert reading.fields == [(field.name, field.value) for field in head.fields]
    if head.section.upgrade is None:
        assert reading.keep_alive == head.keep_alive
    return True


@given(block=strategies.blocks)
def test_valid(block: bytes) -> None:
    """Requests that are valid or nearly so."""
    agree(block)


@given(block=strategies.damaged(strategies.blocks))
def test_damaged(block: bytes) -> None:
    """Requests damaged in a place or two."""
    agree(block)


@pytest.mark.parametrize("code", range(256))
def test_every_byte_everywhere(code: int) -> None:
    """Every byte in every part of a head, in between and at its borders."""
    byte = bytes((code,))
    block = b"GET /ab?cd HTTP/1.1\r\nHost: a\r\nX-Ab: cd ef"
    for at in range(len(block) + 1):
        agree(block[:at] + byte + block[at:])
        agree(block[:at] + byte + block[at + 1 :])


@pytest.mark.parametrize(
    "block",
    [
        b"GET / HTTP/1.1\r\nHost: a",
        b"GET http://a/b?c HTTP/1.1\r\nHost: a",
        b"OPTIONS * HTTP/1.1\r\nHost: a",
        b'GET /?"<>\\^`{|} HTTP/1.1\r\nHost: a',
        b"GET /[]|^ HTTP/1.1\r\nHost: a",
        b"GET / HTTP/1.0",
        b"GET / HTTP/1.0\r\nConnection: keep-alive",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x",
        b"GET / HTTP/1.1\r\nHost: a\r\nX:\x80\xff",
        b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t ",
        b"GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~9: b",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 000000000000000007",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket",
    ],
)
def test_not_vacuous(block: bytes) -> None:
    """Both take these, oddities included."""
    assert agree(block)
