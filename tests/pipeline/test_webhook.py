"""Webhooks: only what a sender signed reaches the service, as the same bytes."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from tests.pipeline.callers import Gate, configured
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import START, get, ok

FIRST, SECOND = "first-0123456789abcdef", "second-0123456789abcdef"
ROUTES = f"""path: /timed, service: main, auth: public, webhook: {{secrets: [{FIRST}, {SECOND}]}}, body_size: 1KiB
path: /plain, service: main, auth: public, webhook: {{form: plain, secrets: [{FIRST}]}}, body_size: 1KiB
path: /both, service: main, auth: public, webhook: {{form: plain, secrets: [{FIRST}], header: X-Signed}}"""
CONFIG = configured(ROUTES)
BODY = b'{"type": "charge.succeeded"}'


def timed(body: bytes = BODY, secret: bytes = b"first-0123456789abcdef", at: float = START) -> bytes:
    """A line with a signature that has a time."""
    signature = hmac.new(secret, b"%d." % at + body, "sha256").hexdigest().encode()
    return b"Stripe-Signature: t=%d,v1=%b\r\n" % (at, signature)


def plain(body: bytes = BODY, secret: bytes = b"first-0123456789abcdef", name: bytes = b"X-Hub-Signature-256") -> bytes:
    """A line with a signature of the body alone."""
    return b"%b: sha256=%b\r\n" % (name, hmac.new(secret, body, "sha256").hexdigest().encode())


def length(body: bytes = BODY) -> bytes:
    """A line."""
    return b"Content-Length: %d\r\n" % len(body)


TABLE = {
    "right": (b"/timed", timed(), BODY, "served"),
    "the other secret": (b"/timed", timed(secret=b"second-0123456789abcdef"), BODY, "served"),
    "old": (b"/timed", timed(at=START - 300), BODY, "served"),
    "too old": (b"/timed", timed(at=START - 301), BODY, "webhook-signature"),
    "ahead": (b"/timed", timed(at=START + 300), BODY, "served"),
    "too far ahead": (b"/timed", timed(at=START + 301), BODY, "webhook-signature"),
    "wrong": (b"/timed", timed(secret=b"third"), BODY, "webhook-signature"),
    "of another body": (b"/timed", timed(b"another"), BODY, "webhook-signature"),
    "twice": (b"/timed", timed() + timed(), BODY, "webhook-signature"),
    "none": (b"/timed", b"", BODY, "webhook-signature"),
    "malformed": (b"/timed", b"Stripe-Signature: t=x,v1=y\r\n", BODY, "webhook-signature"),
    "of the other form": (b"/timed", plain(), BODY, "webhook-signature"),
    "plain": (b"/plain", plain(), BODY, "served"),
    "plain and wrong": (b"/plain", plain(b"x"), BODY, "webhook-signature"),
    "in a field of its own": (b"/both", plain(name=b"X-Signed"), BODY, "served"),
    "an empty body": (b"/plain", plain(b""), b"", "served"),
    "a large body": (b"/plain", plain(b"x" * 1025), b"x" * 1025, "body-too-large"),
}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("case", TABLE)
def test_signatures(tmp_path: Path, case: str, *, chunked: bool) -> None:
    """What is signed comes through with the same body and the same field; nothing else is heard of."""
    path, signature, body, said = TABLE[case]
    gate = Gate(tmp_path, CONFIG)
    sent = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n" if chunked else body
    framing = b"Transfer-Encoding: chunked\r\n" if chunked else length(body)
    assert gate.call(framing, *filter(None, [signature]), path=path, method=b"POST", body=sent) == said
    if said == "served":
        assert signature in gate.sent
        assert gate.sent.endswith(b"\r\n\r\n" + sent)
        assert fields(gate.sent, b"Transfer-Encoding") == [b"chunked"] * chunked
    else:
        assert gate.dials == []
    refused = said == "webhook-signature"
    assert gate.metric("security_violations_total", violation_type="auth_bypass") == refused
    gate.settled()


@pytest.mark.parametrize("piece", [1, 7])
def test_a_body_in_pieces(tmp_path: Path, piece: int) -> None:
    """The service hears nothing before the last byte; a client that waits for 100 is told to send."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.client()
    client.send(get(b"/timed", timed(), length(), b"Expect: 100-continue\r\n", method=b"POST"))
    assert client.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    pieces = [BODY[at : at + piece] for at in range(0, len(BODY), piece)]
    client.send(*pieces[:-1])
    assert gate.dials == []
    client.send(pieces[-1])
    assert gate.service.take().endswith(b"\r\n\r\n" + BODY)
    gate.service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    gate.settled()


def test_no_body_is_asked_for_where_nothing_can_make_it_right(tmp_path: Path) -> None:
    """A missing signature is refused at the head: no 100."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.begin(length(), b"Expect: 100-continue\r\n", path=b"/timed", method=b"POST")
    assert client.take().startswith(b"HTTP/1.1 403 ")
    gate.settled()


@pytest.mark.parametrize("how", ["hang_up", "reset"])
def test_a_sender_leaves(tmp_path: Path, how: str) -> None:
    """In the middle of its body."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.begin(timed(), length(), path=b"/timed", method=b"POST", body=BODY[:5])
    getattr(client, how)()
    assert (gate.record["status"], gate.record["reason"]) == (499, "client-closed")
    gate.settled()


def test_a_sender_that_stops(tmp_path: Path) -> None:
    """Is told after `timeouts.request_body`."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.begin(timed(), length(), path=b"/timed", method=b"POST", body=BODY[:5])
    gate.pass_time(31)
    assert gate.outcome(client) == "body-timeout"
    gate.settled()


def test_a_bad_chunk(tmp_path: Path) -> None:
    """Is a bad chunk, and no wrong signature."""
    gate = Gate(tmp_path, CONFIG)
    lines = (timed(), b"Transfer-Encoding: chunked\r\n")
    assert gate.call(*lines, path=b"/timed", method=b"POST", body=b"zz\r\n") == "malformed-chunk"
    gate.settled()


def test_what_is_told(tmp_path: Path) -> None:
    """The cause, and neither signature nor secret."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.begin(timed(secret=b"third"), length(), path=b"/timed", method=b"POST", body=BODY)
    data = client.take()
    assert b"The signature is wrong." in data
    assert hashlib.sha256().hexdigest().encode() not in data
    assert b"third" not in data


def test_a_retried_webhook(tmp_path: Path) -> None:
    """Is sent again from memory, the same bytes."""
    retried = CONFIG.replace("retries: {attempts: 0}", "retries: {attempts: 1, methods: [POST]}")
    gate = Gate(tmp_path, retried)
    client = gate.begin(timed(), length(), path=b"/timed", method=b"POST", body=BODY)
    first = gate.service.take()
    gate.service.hang_up()
    gate.pass_time(1)
    assert gate.service.take().partition(b"\r\n\r\n")[2] == first.partition(b"\r\n\r\n")[2] == BODY
    gate.service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    gate.settled()
