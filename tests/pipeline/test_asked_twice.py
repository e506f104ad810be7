"""What may go wrong where a request is sent more than once: bodies, cookies, keys and answers that get mixed up."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from gatewayd.pipeline.replay import Replay
from tests.http.script import World as Http
from tests.http.service import Line
from tests.pipeline.world import World, failures_logged, get, ok, reason

KEYED = b"Idempotency-Key: 1\r\n"
STICKY = "balance: {sticky: {cookie: s, secure: false}}"


def world_of(folder: Path, options: str, *, draw: float = 0.0, route: str = "", more: str = "") -> World:
    """A service with two targets and `options`; the one route has those of `route`."""
    return World(
        folder,
        f"""
        services:
          main: {{targets: ["http://127.0.0.1:9005", "http://127.0.0.1:9006"], {options}}}
          {more}
        routes:
          - {{name: all, path: "/**", service: main{route}}}
        """,
        draw=draw,
    )


def test_the_body_grows_in_the_pause(tmp_path: Path) -> None:
    """What comes between two attempts waits, however much it is: the next attempt begins at the beginning."""
    world = world_of(tmp_path, "retries: {backoff: 1s, body: 64KiB}", draw=0.9)
    client = world.client()
    with failures_logged() as failures:
        client.send(get(b"/", b"Content-Length: 200000\r\n", KEYED, method=b"POST"), b"x" * 100)
        world.service.reset()
        client.send(*[b"y" * 40000] * 4)
        world.pass_time(1)
        client.send(b"y" * 39900)
        assert failures == []
    assert len(world.dials) == 2
    assert world.service.written.endswith(b"\r\n\r\n" + b"x" * 100 + b"y" * 199900)
    world.service.send(ok())
    assert b"200 OK" in client.take()
    world.settled()


def test_a_key_for_this_hop_only(tmp_path: Path) -> None:
    """A client that names its Idempotency-Key in Connection keeps it from the service: nothing is sent twice."""
    world = world_of(tmp_path, "")
    client = world.client()
    client.send(get(b"/", KEYED, b"Connection: idempotency-key\r\n", b"Content-Length: 1\r\n", method=b"POST"), b"x")
    assert b"idempotency" not in world.service.written.lower()
    world.service.reset()
    assert reason(client) == "upstream-reset"
    assert len(world.dials) == 1


def cookie_of(answer: bytes) -> bytes:
    """The id of a target in the cookie that an answer sets; empty if it sets none."""
    found = re.search(rb"Set-Cookie: s=([^;]+)", answer)
    return found[1] if found else b""


def test_a_hedge_that_loses_sets_no_cookie(tmp_path: Path) -> None:
    """The client stays with the target that answered it."""
    world = world_of(tmp_path, f"{STICKY}, retries: {{hedge: {{most: 1s}}}}")
    client = world.client()
    client.send(get())
    world.service.send(ok())
    cookie = cookie_of(client.take())
    client.send(get(b"/", b"Cookie: s=%b\r\n" % cookie))
    world.pass_time(1)
    assert world.ports == [9005, 9006]
    world.at(9005).send(ok())
    assert cookie_of(client.take()) == b""
    client.send(get())
    world.pass_time(1)
    world.at(9005).send(ok())
    assert world.ports == [9005, 9006, 9006]
    assert cookie_of(client.take()) == cookie
    world.settled()


def test_a_hedge_that_fails_does_not_win(tmp_path: Path) -> None:
    """A failure is quick, and yet no answer as long as the other target may have one."""
    world = world_of(tmp_path, "retries: {hedge: {most: 1s}}")
    client = world.client()
    client.send(get())
    world.pass_time(1)
    world.at(9006).send(ok(b"ill", status=b"500 Oh"))
    assert client.take() == b""
    world.at(9005).send(ok(b"well"))
    assert client.take().endswith(b"well")
    world.settled()


def test_both_fail(tmp_path: Path) -> None:
    """A failure that is an answer is better than none."""
    world = world_of(tmp_path, "retries: {attempts: 0, hedge: {most: 1s}}")
    for first, second in ((9006, 9005), (9005, 9006)):
        client = world.client()
        client.send(get())
        world.pass_time(1)
        world.at(first).send(ok(b"ill", b"Connection: close\r\n", status=b"500 Oh"))
        world.at(second).reset()
        assert client.take().endswith(b"ill")
        world.settled()


def test_no_cookie_for_a_target_that_did_not_answer(tmp_path: Path) -> None:
    """Where another service answers in its place, the client is not told to stay with the one that failed."""
    spare = 'spare: {targets: ["http://127.0.0.1:9007"]}'
    world = world_of(tmp_path, f"{STICKY}, retries: {{attempts: 0}}", route=", fallback: {service: spare}", more=spare)
    client = world.client()
    client.send(get())
    world.service.reset()
    assert world.ports[-1] == 9007
    world.service.send(ok())
    answer = client.take()
    assert (b"200 OK" in answer, cookie_of(answer)) == (True, b"")


def test_small_pieces_cost_little() -> None:
    """A body that is kept takes its own size, however small the pieces are that it came in, and comes again whole."""
    world = Http()
    client = world.connect()
    client.deliver(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n")
    upload = Replay(world.last.body, 4000)
    first = Line()
    first.send(b"", body=upload)
    body = bytes(at % 251 for at in range(4000))
    for at in range(0, 4000, 2):
        client.deliver(body[at : at + 2])
    kept = upload._kept
    assert kept is not None
    assert sum(map(sys.getsizeof, kept)) + sys.getsizeof(kept) < 10_000
    assert upload.whole == body
    first.wire.reset()
    upload.detach()
    second = Line()
    second.send(b"", body=upload)
    assert second.wire.received == body


def test_only_the_gateway_says_that_a_request_is_a_copy(tmp_path: Path) -> None:
    """A client that says so itself is not believed: its service would take the request for one that does not count."""
    copies = 'copies: {targets: ["http://127.0.0.1:9007"]}'
    world = world_of(tmp_path, "", route=", mirror: {service: copies, share: 100%}", more=copies)
    client = world.client()
    client.send(get(b"/", b"X-Gateway-Mirrored: 1\r\n", b"X_Gateway_Mirrored: 1\r\n"))
    assert b"mirrored" not in world.at(9005).written.lower()
    assert world.at(9007).written.lower().count(b"mirrored") == 1
