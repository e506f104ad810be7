"""Answers the gateway gives itself: fixed ones, redirects, and refusals as problem documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatewayd.core.reasons import REASONS, Reason
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import DATE, World, get, plain

OWN = """
services:
  main: {targets: ["http://127.0.0.1:9005"]}
routes:
  - {path: /hello, respond: {body: "hello\\n"}}
  - path: /json
    respond: {status: 503, body: "{}", content_type: application/json, headers: {Retry-After: "9", X-B: c}}
  - {path: /empty, respond: {status: 204}}
  - {path: /same, respond: {status: 304}}
  - {path: "/old/{id}", redirect: {to: "https://{host}/new/{id}{query}"}}
  - {path: "/moved/**", redirect: {to: "/there/{**}", status: 302}}
  - {path: /whole, redirect: {to: "https://x.test{path}{query}", status: 307}}
  - {path: /items, methods: [GET, POST], service: main}
  - {path: /items, methods: [DELETE], service: main}
"""
ID = b"X-Request-Id: <id>\r\n"


@pytest.fixture
def own(tmp_path: Path) -> World:
    """A gateway that answers mostly itself."""
    return World(tmp_path, OWN)


def answered(world: World, request: bytes) -> bytes:
    """What the client is sent."""
    client = world.client()
    client.send(request)
    return plain(client.take())


def test_a_fixed_answer(own: World) -> None:
    """With its own fields, a date, its length and the request's id; nothing was forwarded, so no Via."""
    assert (
        answered(own, get(b"/hello"))
        == (b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n" + ID)
        + b"\r\nhello\n"
    )
    assert answered(own, get(b"/json")) == (
        b"HTTP/1.1 503 Service Unavailable\r\n"
        + DATE
        + b"Content-Type: application/json\r\nRetry-After: 9\r\nX-B: c\r\n"
        b"Content-Length: 2\r\n" + ID + b"\r\n{}"
    )
    assert own.dials == []


def test_a_fixed_answer_to_head(own: World) -> None:
    """The head that GET would get, and nothing more."""
    whole = answered(own, get(b"/hello"))
    assert answered(own, get(b"/hello", method=b"HEAD")) == whole.removesuffix(b"hello\n")


@pytest.mark.parametrize(("path", "line"), [(b"/empty", b"204 No Content"), (b"/same", b"304 Not Modified")])
def test_a_fixed_answer_without_a_body(own: World, path: bytes, line: bytes) -> None:
    """204 and 304 have none, and no length."""
    sent = answered(own, get(path))
    assert sent.startswith(b"HTTP/1.1 " + line + b"\r\n")
    assert fields(sent, b"Content-Length") == []
    assert sent.endswith(b"\r\n\r\n")


def test_a_fixed_answer_in_the_books(own: World) -> None:
    """It is counted and logged as any other, without a service."""
    client = own.client()
    client.send(get(b"/hello", method=b"POST"))
    record = own.record
    assert (record["status"], record["reason"], record["service"], record["target"]) == (200, None, None, None)
    assert (record["attempts"], record["bytes_out"], record["upstream_time"]) == (0, 6, 0)
    assert own.metric("http_requests_total", method="POST", route="/hello", status_code="200") == 1
    own.settled()


@pytest.mark.parametrize(
    ("target", "status", "location"),
    [
        (b"/old/7", b"308 Permanent Redirect", b"https://a.test/new/7"),
        (b"/old/7?x=1", b"308 Permanent Redirect", b"https://a.test/new/7?x=1"),
        (b"/old/%22%3Cx", b"308 Permanent Redirect", b"https://a.test/new/%22%3Cx"),
        (b"/moved/a/b?x", b"302 Found", b"/there/a/b"),
        (b"/moved", b"302 Found", b"/there/"),
        (b"/moved//evil.test", b"302 Found", b"/there/evil.test"),
        (b"/whole?a=b", b"307 Temporary Redirect", b"https://x.test/whole?a=b"),
    ],
)
def test_redirects(own: World, target: bytes, status: bytes, location: bytes) -> None:
    """To the template's place with the request's parts in it."""
    expected = b"HTTP/1.1 %b\r\n%bLocation: %b\r\nContent-Length: 0\r\n%b\r\n" % (status, DATE, location, ID)
    assert answered(own, get(target)) == expected


def problem(sent: bytes) -> dict[str, object]:
    """The problem document in an answer."""
    document: dict[str, object] = json.loads(sent.partition(b"\r\n\r\n")[2])
    return document


def test_no_route(own: World) -> None:
    """404, and the connection stays: the request itself was sound."""
    client = own.client()
    client.send(get(b"/nowhere?token=1"))
    sent = client.take()
    request_id = fields(sent, b"X-Request-Id")[0]
    body = (
        b'{"type":"urn:gatewayd:problem:no-route","title":"No route matches this request","status":404,'
        b'"reason":"no-route","retryable":false,"request_id":"%b"}\n' % request_id
    )
    assert sent == (
        b"HTTP/1.1 404 Not Found\r\n" + DATE + b"Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        b"X-Gateway-Reason: no-route\r\nContent-Length: %d\r\nX-Request-Id: %b\r\n\r\n%b"
        % (len(body), request_id, body)
    )
    assert client.ending == ""
    record = own.record
    assert (record["route"], record["status"], record["reason"]) == ("_unmatched", 404, "no-route")
    assert own.metric("http_requests_total", method="GET", route="_unmatched", status_code="404") == 1
    own.settled()


def test_a_refusal_of_head(own: World) -> None:
    """All of the head, none of the document."""
    sent = answered(own, get(b"/nowhere", method=b"HEAD"))
    assert int(fields(sent, b"Content-Length")[0]) > 100
    assert sent.endswith(b"\r\n\r\n")


def test_method_not_allowed(own: World) -> None:
    """405 with every method that some route at this path takes; HEAD comes with GET."""
    sent = answered(own, get(b"/items", method=b"PUT"))
    assert sent.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    (allow,) = fields(sent, b"Allow")
    assert set(allow.split(b", ")) == {b"DELETE", b"GET", b"HEAD", b"POST"}
    assert problem(sent)["reason"] == "method-not-allowed"
    assert own.metric("http_requests_total", method="PUT", route="_unmatched", status_code="405") == 1


def test_the_asterisk(world: World) -> None:
    """`OPTIONS *` asks about no resource at all: not even a route that takes every path answers it."""
    sent = answered(world, b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert problem(sent)["reason"] == "no-route"
    assert world.dials == []


def test_a_method_nobody_knows(own: World) -> None:
    """It is routed as any other, and counted under one name, so that clients cannot make up series."""
    answered(own, get(b"/hello", method=b"BREW"))
    assert own.metric("http_requests_total", method="_OTHER", route="/hello", status_code="200") == 1


def test_bytes_that_are_no_request(own: World) -> None:
    """400, closed, and in the books although nothing is known of it."""
    client = own.client()
    client.send(b"hello\r\n\r\n")
    sent = client.take()
    assert sent.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert fields(sent, b"Connection") == [b"close"]
    assert problem(sent)["reason"] == "malformed-request-line"
    assert client.finished
    record = own.record
    assert [record[key] for key in ("method", "host", "path", "route", "status", "reason")] == [
        None,
        None,
        None,
        "_unmatched",
        400,
        "malformed-request-line",
    ]
    assert own.metric("http_requests_total", method="_OTHER", route="_unmatched", status_code="400") == 1
    own.settled()


def test_a_violation_is_counted(own: World) -> None:
    """What looks like an attack has a count of its own."""
    answered(own, get(b"/a/%2e%2e/secret"))
    assert own.metric("security_violations_total", violation_type="path_traversal") == 1
    answered(own, get(b"/hello", b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", method=b"POST"))
    assert own.metric("security_violations_total", violation_type="smuggling") == 1


def test_the_detail_says_what_to_do(own: World) -> None:
    """A refusal that knows more than its title says so."""
    sent = problem(answered(own, get(b"/hello", b"Bad Field: x\r\n")))
    assert list(sent) == ["type", "title", "status", "reason", "retryable", "request_id", "detail"]


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason.violation], ids=lambda reason: reason.slug)
def test_every_violation_has_a_series(world: World, reason: Reason) -> None:
    """A reason that counts as one is known to the metrics."""
    assert reason.violation is not None
    world.metrics.violation(reason.violation)


def test_answers_of_http_1_0(own: World) -> None:
    """They say in Connection whether it stays, as HTTP/1.0 has to be told."""
    assert fields(answered(own, get(b"/hello", version=b"1.0")), b"Connection") == [b"close"]
    sent = answered(own, get(b"/hello", b"Connection: keep-alive\r\n", version=b"1.0"))
    assert fields(sent, b"Connection") == [b"keep-alive"]


def test_own_answers_are_pipelined(own: World) -> None:
    """Hundreds in one read, answered in order, without a stack for each."""
    client = own.client()
    client.send(b"".join(get(b"/hello") if n % 2 else get(b"/nowhere") for n in range(600)))
    sent = client.take()
    assert sent.count(b"HTTP/1.1 200 OK\r\n") == sent.count(b"HTTP/1.1 404 Not Found\r\n") == 300
    assert len(own.records) == 600
    own.settled()


def test_requests_in_progress(world: World) -> None:
    """They are counted while they are, by route and method."""
    client, service = world.ask(get())
    assert world.metric("http_requests_in_progress", method="GET", route="/**") == 1
    assert world.metric("downstream_connections", service="main", state="active") == 1
    service.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert client.take()
    assert world.metric("http_requests_in_progress", method="GET", route="/**") == 0
    assert world.metric("downstream_connections", service="main", state="idle") == 1
