"""What one gateway fetches the other serves, what is changed by way of one both forget, and a Redis that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.harness import PATIENCE, GatewayProcess, RecordingUpstream, Request, Response, UpstreamConnection, reply
from tests.harness.redis import RedisServer
from tests.resilience.world import ask, service, world
from tests.wire.world import route

SECRET = b"hush-hush"


class Shop:
    """Answers every request with a number of its own, and a tag."""

    def __init__(self) -> None:
        self.sold = 0

    def __call__(self, connection: UpstreamConnection, request: Request) -> None:
        """Read the request, and answer it."""
        connection.read_body(request)
        self.sold += 1
        lines = b"Cache-Control: max-age=600, stale-if-error=600", b"Cache-Tag: shop", b'ETag: "%d"' % self.sold
        connection.send(reply(b"%d" % self.sold, *lines))


@dataclass
class Scene:
    """Two gateways before one service, and what they share."""

    here: GatewayProcess
    there: GatewayProcess
    redis: RedisServer
    shop: Shop

    def kept(self, gateway: GatewayProcess, path: bytes) -> Response | None:
        """What a gateway has kept, if it has."""
        answer = ask(gateway, path, b"Cache-Control: only-if-cached")
        return None if answer.status == 504 else answer

    def wait_shared(self) -> None:
        """Wait until each serves what the other fetches."""
        for one, other in ((self.here, self.there), (self.there, self.here)):
            until(lambda: self._passes(one, other), "answers are shared")  # noqa: B023 - called at once

    def _passes(self, one: GatewayProcess, other: GatewayProcess) -> bool:
        """Whether `other` has what `one` fetches."""
        path = b"/passes/%d" % self.shop.sold
        ask(one, path)
        return self.kept(other, path) is not None

    def fails(self, gateway: GatewayProcess) -> bool:
        """Whether a gateway answers although Redis does not."""
        assert ask(gateway, b"/fails/%d" % self.shop.sold).status == 200
        return self.errors(gateway, "get") > 0

    def errors(self, gateway: GatewayProcess, operation: str) -> float:
        """How often the cache failed to do this in Redis."""
        return gateway.metric("cache_errors_total", cache_type="response", operation=operation)


def until(condition: Callable[[], object], what: str) -> None:
    """Look again and again until `condition` holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Both gateways, ready and connected to Redis."""
    shop = Shop()
    with RecordingUpstream() as upstream, RedisServer(tmp_path_factory.mktemp("redis")) as redis:
        upstream.answer = shop
        cached = {"scope": "public", "ignore_client": False}
        config = world(
            {"shop": service(upstream)},
            [route("shop", "/**", "shop", cache=cached)],
            cache={"redis": True},
            redis={"address": redis.address, "prefix": "shop:"},
        )
        with GatewayProcess(config) as here, GatewayProcess(config) as there:
            made = Scene(here, there, redis, shop)
            made.wait_shared()
            yield made
        assert upstream.garbled == []


def test_shared(scene: Scene) -> None:
    """The second gateway serves what the first has fetched, and tells so; what Redis has tells no names."""
    path = b"/a?token=" + SECRET
    fetched = ask(scene.here, path)
    assert fetched.get(b"cache-status") == b"gatewayd; fwd=uri-miss; stored"
    assert fetched.get(b"cache-tag") is None
    until(lambda: scene.kept(scene.there, path), "what one has fetched the other has")
    sold = scene.shop.sold
    answer = ask(scene.there, path)
    assert (answer.status, answer.body, answer.get(b"etag")) == (200, fetched.body, fetched.get(b"etag"))
    assert ask(scene.there, path, b"Range: bytes=0-0").status == 206
    assert ask(scene.there, path, b"If-None-Match: " + (fetched.get(b"etag") or b"")).status == 304
    assert scene.shop.sold == sold
    names = scene.redis.ask("--raw", "keys", "*").splitlines()
    assert all(name.startswith("shop:{cache:") for name in names)
    assert not any(SECRET.decode() in name or "gw.test" in name for name in names)


@pytest.mark.parametrize("kept_there", [True, False])
def test_changed(scene: Scene, kept_there: bool) -> None:
    """A POST by way of one gateway is seen at the other within a second or so, in memory as well as in Redis."""
    path = b"/changed/%d" % kept_there
    old = ask(scene.here, path).body
    if kept_there:
        until(lambda: scene.kept(scene.there, path), "what one has fetched the other has")
    ask(scene.here, path, method=b"POST", body=b"new")
    new = ask(scene.here, path).body
    assert new != old
    until(lambda: (found := scene.kept(scene.there, path)) is None or found.body == new, "the old answer is forgotten")
    answer = ask(scene.there, path)
    assert answer.body != old
    assert ask(scene.here, path).body == new  # it forgets nothing of its own again


def test_redis_hangs(scene: Scene) -> None:
    """While Redis hangs both go on, each for itself; what was changed meanwhile is known to both afterwards."""
    old = ask(scene.here, b"/hung").body
    until(lambda: scene.kept(scene.there, b"/hung"), "what one has fetched the other has")
    scene.redis.suspend()
    try:
        assert ask(scene.there, b"/hung").body == old
        until(lambda: scene.fails(scene.there), "reads fail, and are counted")
        ask(scene.here, b"/hung", method=b"DELETE")
        until(lambda: scene.errors(scene.here, "delete"), "the other cannot be told")
        assert ask(scene.here, b"/hung").body != old
        assert ask(scene.there, b"/hung").status == 200
    finally:
        scene.redis.resume()
    until(lambda: (found := scene.kept(scene.there, b"/hung")) is None or found.body != old, "it is told afterwards")
    scene.wait_shared()


def test_redis_comes_back_empty(scene: Scene) -> None:
    """A Redis that has forgotten everything is filled again; nobody serves what was changed meanwhile."""
    old = ask(scene.here, b"/lost").body
    until(lambda: scene.kept(scene.there, b"/lost"), "what one has fetched the other has")
    scene.redis.kill()
    assert ask(scene.here, b"/lost").body == old
    ask(scene.here, b"/lost", method=b"PUT", body=b"new")
    new = ask(scene.here, b"/lost").body
    assert new != old
    scene.redis.start()
    until(lambda: (found := scene.kept(scene.there, b"/lost")) is None or found.body != old, "it is told afterwards")
    scene.wait_shared()
