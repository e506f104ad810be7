"""Requests divided between services by weight, and clients that stay with a service or a target."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import GatewayProcess, RecordingUpstream, Response

from .scripts import FAILED
from .world import ask, service, targets, world

STICKY = {"sticky": {"cookie": "stay", "ttl": "1h", "secure": False}}


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, other: RecordingUpstream) -> Iterator[GatewayProcess]:
    """A gateway with a service for each upstream, and one for both of them."""
    old, new = service(upstream), service(other)
    both = service(upstream, other, balance=STICKY, ejection={"consecutive": 1, "time": "60s"})

    def split(name: str, *weights: int, **options: str) -> dict[str, object]:
        parts = [{"service": part, "weight": weight} for part, weight in zip(("old", "new"), weights, strict=True)]
        return {"name": name, "path": f"/{name}/**", "split": parts, **options}

    routes = [
        split("never", 1, 0),
        split("even", 1, 1),
        split("user", 1, 1, split_by="header:X-User"),
        split("mostly", 3, 1, split_by="header:X-User"),
    ]
    with GatewayProcess(world({"old": old, "new": new, "both": both}, routes)) as process:
        yield process


def test_nothing_for_weight_0(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """A service of weight 0 gets no request."""
    assert {ask(gateway, b"/never/x").status for _ in range(50)} == {200}
    assert len(upstream.requests(b"/never/x")) == 50
    assert other.requests(b"/never/x") == []


def test_by_chance(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """Both services get some."""
    assert {ask(gateway, b"/even/x").status for _ in range(100)} == {200}
    assert min(len(upstream.requests(b"/even/x")), len(other.requests(b"/even/x"))) > 10


def test_by_user(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """A user stays with a service; a share that shrinks from a half to a quarter keeps nobody who was not in it."""

    def users(path: bytes, server: RecordingUpstream) -> list[bytes | None]:
        return [request.get(b"x-user") for request in server.requests(path)]

    for _ in range(2):
        for user in range(40):
            for route in (b"user", b"mostly"):
                assert ask(gateway, b"/%b/x" % route, b"X-User: u%d" % user).status == 200
    for path in (b"/user/x", b"/mostly/x"):
        old, new = users(path, upstream), users(path, other)
        assert set(old).isdisjoint(new)
        assert len(old) == 2 * len(set(old))
        assert len(old) + len(new) == 80
        assert old
        assert new
    assert set(users(b"/mostly/x", other)) < set(users(b"/user/x", other))


def crumb(answer: Response) -> bytes:
    """The cookie that an answer sets, as a client sends it back."""
    cookie = answer.get(b"set-cookie")
    assert cookie is not None
    pair, *attributes = cookie.split(b"; ")
    assert pair.startswith(b"stay=")
    assert attributes == [b"Path=/", b"Max-Age=3600", b"HttpOnly", b"SameSite=Lax"]
    return b"Cookie: a=b; " + pair


def test_sticky_cookie(gateway: GatewayProcess, upstream: RecordingUpstream, other: RecordingUpstream) -> None:
    """A client stays with the target that its cookie names; when that is ejected it gets another one, and a cookie."""
    cookies = [crumb(ask(gateway, b"/both/first")) for _ in range(2)]
    assert len(set(cookies)) == 2
    for turn, cookie in enumerate(cookies):
        for _ in range(5):
            assert ask(gateway, b"/both/%d" % turn, cookie).get(b"set-cookie") is None
    seen = [len(server.requests(b"/both/%d" % turn)) for server in (upstream, other) for turn in range(2)]
    assert sorted(seen) == [0, 0, 5, 5]
    at_upstream = cookies[0] if upstream.requests(b"/both/0") else cookies[1]
    at_other = next(cookie for cookie in cookies if cookie != at_upstream)

    upstream.on(b"/both/x", FAILED)
    assert ask(gateway, b"/both/x", at_upstream).status == 500
    assert targets(gateway, "both") == (1, 1, 0)
    moved = ask(gateway, b"/both/x", at_upstream)
    assert moved.status == 200
    assert crumb(moved) == at_other
    assert ask(gateway, b"/both/x", at_other).get(b"set-cookie") is None
    assert crumb(ask(gateway, b"/both/x", b"Cookie: stay=made-up")) == at_other
