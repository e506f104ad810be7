"""Bodies of any size: echoed digests, uploads, downloads, back-pressure."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest

from gatewayd.demo.body import KEPT, BodyDigest
from gatewayd.demo.sending import BLOCK, blocks
from tests.demo.pipe import Pipe


def test_the_echo_says_what_arrived() -> None:
    """Method, raw target, header fields, digest of the body."""
    told = Pipe().ask("PATCH", "/api/v1/tickets/_demo/echo?a=%2f", b"some body", x_one="1").json
    assert (told["service"], told["method"], told["target"]) == ("ticket", "PATCH", "/api/v1/tickets/_demo/echo?a=%2f")
    assert told["version"] == "HTTP/1.1"
    assert ["X-One", "1"] in told["headers"]
    assert told["body"] == {"length": 9, "sha256": hashlib.sha256(b"some body").hexdigest()}


def test_a_chunked_body_is_digested_as_its_content() -> None:
    """The framing is not part of it, nor are trailers."""
    pipe = Pipe()
    pipe.feed(b"POST /api/v1/tickets/_demo/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    pipe.feed(b"4\r\nsome\r\n5\r\n body\r\n0\r\nx-checksum: 1\r\n\r\n")
    assert pipe.reply().json["body"] == {"length": 9, "sha256": hashlib.sha256(b"some body").hexdigest()}


def test_a_body_is_not_kept() -> None:
    """Whatever its size, 64 KiB of it stay."""
    body = BodyDigest()
    for _ in range(100):
        body.write(b"x" * 10_000)
    assert (body.length, len(body.beginning), body.complete) == (1_000_000, KEPT, False)
    assert body.sha256 == hashlib.sha256(b"x" * 1_000_000).hexdigest()


@pytest.mark.parametrize("length", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_as_many_bytes_as_asked(length: int) -> None:
    """With their number announced, for GET and HEAD alike."""
    pipe = Pipe()
    got = pipe.ask("GET", f"/api/v1/tickets/_demo/bytes/{length}")
    assert len(got.body) == length
    assert got.headers["content-length"] == str(length)
    told = pipe.ask("HEAD", f"/api/v1/tickets/_demo/bytes/{length}")
    assert (told.body, told.headers["content-length"]) == (b"", str(length))


@pytest.mark.parametrize("length", ["x", "-1", "99999999999999999", "1e3"])
def test_a_length_that_is_none_is_404(length: str) -> None:
    """And told so."""
    assert Pipe().ask("GET", f"/api/v1/tickets/_demo/bytes/{length}").json["error"] == "not-a-length"


def test_no_two_blocks_are_alike() -> None:
    """So that a lost, repeated or swapped block changes the digest."""
    assert all(one != other for one, other in pairwise(blocks(4 * BLOCK)))


def test_sending_holds_while_the_client_does_not_read() -> None:
    """Nothing is written after a pause; everything comes in order after it."""
    pipe = Pipe()
    pipe.limit_buffer(2 * BLOCK)
    pipe.send("GET", f"/api/v1/tickets/_demo/bytes/{10 * BLOCK}")
    received = b""
    while piece := pipe.take():
        assert len(piece) <= 3 * BLOCK + 1000
        received += piece
        pipe.drain_buffer()
    assert received.partition(b"\r\n\r\n")[2] == b"".join(blocks(10 * BLOCK))


def test_sending_ends_with_the_connection() -> None:
    """However much was left to send."""
    pipe = Pipe()
    pipe.limit_buffer(2 * BLOCK)
    pipe.send("GET", f"/api/v1/tickets/_demo/bytes/{1 << 40}")
    pipe.take()
    pipe.hang_up()
    assert pipe.take() == b""


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_an_upload_is_answered_with_its_digest(method: str) -> None:
    """By any name, below any path."""
    body = b"".join(blocks(3 * BLOCK))
    reply = Pipe("file").ask(method, "/api/v1/files/a/b.iso", body)
    digest = hashlib.sha256(body).hexdigest()
    assert reply.status == 201
    assert reply.json == {"name": "a/b.iso", "length": len(body), "sha256": digest}
    assert reply.headers["x-content-sha256"] == digest


def test_an_upload_needs_no_name() -> None:
    """POST to the collection is an upload too."""
    assert Pipe("file").ask("POST", "/api/v1/files", b"abc").json["length"] == 3


def test_a_download_carries_its_digest() -> None:
    """Computed over several turns before the head is sent, and remembered afterwards."""
    size = 40 * BLOCK + 7
    pipe = Pipe("file")
    pipe.send("GET", f"/api/v1/files/{size}.bin")
    between: list[bytes] = []
    pipe.clock.callLater(0, lambda: between.append(pipe.take()))
    pipe.clock.advance(0)
    assert between == [b""]
    reply = pipe.reply()
    assert reply.body == b"".join(blocks(size))
    assert reply.headers["x-content-sha256"] == hashlib.sha256(reply.body).hexdigest()
    told = pipe.ask("HEAD", f"/api/v1/files/{size}.bin")
    assert (told.headers["x-content-sha256"], told.headers["content-length"]) == (
        reply.headers["x-content-sha256"],
        str(size),
    )


def test_a_client_that_goes_ends_the_digesting() -> None:
    """Nothing is left on the clock."""
    pipe = Pipe("file")
    pipe.send("GET", f"/api/v1/files/{1 << 40}.bin")
    pipe.clock.callLater(0, pipe.hang_up)
    pipe.clock.advance(0)
    assert pipe.clock.getDelayedCalls() == []


@pytest.mark.parametrize("name", ["x.bin", "-1.bin", "1.txt", "99999999999999999.bin"])
def test_other_files_are_404(name: str) -> None:
    """Only N.bin has content."""
    assert Pipe("file").ask("GET", f"/api/v1/files/{name}").status == 404


def test_the_file_service_has_records_too() -> None:
    """Each names a download."""
    assert Pipe("file").ask("GET", "/api/v1/files/42").json["download"].startswith("/api/v1/files/")
