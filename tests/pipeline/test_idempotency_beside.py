"""Keys beside everything else that a route may have: callers, limits, retries, fallbacks, caches, copies."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address

from tests.pipeline.once import SERVICES, a_world, asked, done, is_replay, post, repeated, send, why
from tests.pipeline.test_limits import CALLERS
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import World, get, ok

PUBLIC = ", auth: public"
OPTIONAL = ", auth: optional"


@pytest.mark.parametrize("route", [PUBLIC, OPTIONAL])
def test_unknown_callers(tmp_path: Path, route: str) -> None:
    """Keys of callers that nobody knows are not looked at."""
    world = a_world(tmp_path, route=route)
    for _ in range(2):
        done(world, request=post(b"no key", owner=""))


@pytest.mark.parametrize("route", [PUBLIC, OPTIONAL])
def test_by_address(tmp_path: Path, route: str) -> None:
    """Where they may use keys, callers of one address share them; and no answer that sets a cookie is shared."""
    world = a_world(tmp_path, ", anonymous: true", route)
    request = post(owner="")
    done(world, request=request)
    assert is_replay(repeated(world, request))
    other = world.client(IPv4Address("TCP", "192.0.2.8", 50000))
    other.send(request)
    world.service.send(ok(b"other"))
    assert other.take().endswith(b"other")
    cookie = post(b"k-2", owner="")
    assert fields(done(world, ok(b"x", b"Set-Cookie: a=b\r\n"), cookie), b"Set-Cookie") == [b"a=b"]
    sent = repeated(world, cookie)
    assert why(sent) == b"idempotency-answer-not-kept"
    assert fields(sent, b"Set-Cookie") == []


def test_known_and_unknown(tmp_path: Path) -> None:
    """Who is known has keys of its own, apart from those of its address."""
    world = a_world(tmp_path, ", anonymous: true", OPTIONAL)
    done(world, ok(b"unknown"), post(owner=""))
    done(world, ok(b"ann"))
    assert repeated(world).endswith(b"ann")
    assert repeated(world, post(owner="")).endswith(b"unknown")


def test_who_may_not_come_in(tmp_path: Path) -> None:
    """Credentials are judged before keys are looked at."""
    world = a_world(tmp_path)
    done(world)
    assert why(repeated(world, post(owner=""))) == b"unauthenticated"


def test_another_tenant_is_named(tmp_path: Path) -> None:
    """The field that names a tenant is a part of the request."""
    tenant = ", tenant: {header: X-Tenant}"
    world = a_world(tmp_path, route=tenant)
    own = post(b"k", b"x", b"X-Tenant: acme\r\n")
    done(world, request=own)
    assert is_replay(repeated(world, own))
    assert why(repeated(world, post(b"k", b"x"))) == b"idempotency-key-reused"


def test_limits_count_repetitions(tmp_path: Path) -> None:
    """A repetition is a request as well; its answer tells of its own limits."""
    limits = "rate_limits: {few: {limit: 3/1m, key: [user], headers: both}}"
    world = a_world(tmp_path, route=", rate_limits: [few]", rest=limits)
    first = done(world)
    assert fields(first, b"X-RateLimit-Remaining") == [b"2"]
    assert fields(repeated(world), b"X-RateLimit-Remaining") == [b"1"]
    repeated(world)
    assert why(repeated(world)) == b"rate-limited"
    world.clock.advance(60)
    assert is_replay(repeated(world))


def test_limits_leave_the_key_free(tmp_path: Path) -> None:
    """Who is refused by a limit has not used its key."""
    limits = "rate_limits: {few: {limit: 1/1m, key: [user]}}"
    world = a_world(tmp_path, route=", rate_limits: [few]", rest=limits)
    done(world)
    second = post(b"k-2")
    assert why(repeated(world, second)) == b"rate-limited"
    world.clock.advance(60)
    done(world, request=second)


@pytest.mark.parametrize(
    ("more", "times"), [("", 1), (", retry_safe: true", 2), (", retry_safe: true, header: X-Once", 2)]
)
def test_retries(tmp_path: Path, more: str, times: int) -> None:
    """A request that the service may have seen is sent again only where the service is said to know keys too."""
    world = a_world(tmp_path, more, route=", retries: {attempts: 1}")
    request = post().replace(b"Idempotency-Key", b"X-Once") if "X-Once" in more else post()
    client = send(world, request)
    world.service.reset()
    world.clock.advance(1)
    assert asked(world) == times
    if times == 2:
        world.service.send(ok(b"paid"))
        assert client.take().endswith(b"paid")
        assert is_replay(repeated(world, request))
    else:
        assert why(client.take()) == b"upstream-reset"
    world.settled()


def test_retry_of_what_was_not_sent(tmp_path: Path) -> None:
    """What never reached a service is tried elsewhere, with any key."""
    world = a_world(tmp_path, route=", retries: {attempts: 1}")
    world.accepting = False
    client = send(world)
    world.dials[-1].refuse()
    world.clock.advance(1)
    world.dials[-1].accept()
    world.clock.advance(0)
    world.service.send(ok(b"paid"))
    assert client.take().endswith(b"paid")
    assert is_replay(repeated(world))


def test_fallback(tmp_path: Path) -> None:
    """What a fallback answers is not remembered; whether the key is free depends on why it answered."""
    world = a_world(tmp_path, route=", fallback: {respond: {status: 203, body: spare}}")
    world.accepting = False
    client = send(world)
    world.dials[-1].refuse()
    assert client.take().endswith(b"spare")
    world.accepting = True
    client = send(world)
    world.service.reset()
    assert client.take().endswith(b"spare")
    assert why(repeated(world)) == b"idempotency-outcome-unknown"
    world.clock.advance(30)
    done(world)
    assert is_replay(repeated(world))


def test_fallback_of_a_client_that_left(tmp_path: Path) -> None:
    """Nobody falls back for a client that is gone."""
    world = a_world(tmp_path, route=", fallback: {respond: {status: 203, body: spare}}")
    client = send(world)
    client.hang_up()
    world.service.reset()
    assert client.take() == b""
    assert [(record["status"], record["fallback"]) for record in world.records] == [(499, None)]


def test_cache(tmp_path: Path) -> None:
    """A request that is carried out removes what it makes outdated; a repetition changes nothing."""
    world = a_world(tmp_path, route=", cache: {scope: user, ttl: 60s}")
    read = get(b"/pay", post().split(b"\r\n")[2] + b"\r\n")

    def kept(answer: bytes | None) -> bytes:
        before, client = asked(world), send(world, read)
        assert asked(world) - before == (answer is not None)
        if answer is not None:
            world.service.send(ok(answer))
        return client.take()

    kept(b"0 paid")
    assert kept(None).endswith(b"0 paid")
    sent = done(world)
    assert fields(sent, b"Cache-Status") == [b"gatewayd; fwd=method; detail=method"]
    kept(b"1 paid")
    assert is_replay(repeated(world))
    assert kept(None).endswith(b"1 paid")
    world.settled()


def test_split(tmp_path: Path) -> None:
    """A repetition needs no choice."""
    text = f"""{SERVICES.replace("BREAKER", "{mode: off}")}
  next: {{targets: ["http://127.0.0.1:9006"]}}
{CALLERS.replace("limits: {mine: 1/1m}", "")}
routes:
  - {{path: "/**", split: [{{service: main, weight: 1}}, {{service: next, weight: 1}}], idempotency: {{}}}}
"""
    world = World(tmp_path, text, draw=0.0)
    done(world)
    world.random = lambda: 0.9
    assert is_replay(repeated(world))
    done(world, request=post(b"k-2"))
    assert world.ports == [9005, 9006]


@pytest.mark.parametrize("most", [64, 4])
def test_mirror(tmp_path: Path, most: int) -> None:
    """The copy has the body, where it is small enough."""
    text = f"""{SERVICES.replace("BREAKER", "{mode: off}")}
  copy: {{targets: ["http://127.0.0.1:9006"]}}
{CALLERS.replace("limits: {mine: 1/1m}", "")}
routes:
  - {{path: "/**", service: main, idempotency: {{}}, mirror: {{service: copy, body: {most}B}}}}
"""
    world = World(tmp_path, text, draw=0.0)
    client = send(world, post(b"k", b"abcde").replace(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n")[:-5])
    client.send(b"5\r\nabcde\r\n0\r\n\r\n")
    world.at(9005).send(ok(b"paid"))
    assert client.take().endswith(b"paid")
    if most == 64:
        assert world.at(9006).written.endswith(b"5\r\nabcde\r\n0\r\n\r\n")
    else:
        assert world.ports == [9005]


def test_webhook(tmp_path: Path) -> None:
    """A body that was read to be judged is not read twice."""
    secret = "0123456789abcdef0123456789abcdef"
    world = a_world(tmp_path, ", anonymous: true", f"{PUBLIC}, webhook: {{form: plain, secrets: [{secret}]}}")
    signed = hmac.new(secret.encode(), b"event", hashlib.sha256).hexdigest().encode()
    request = post(b"k", b"event", b"X-Hub-Signature-256: sha256=%b\r\n" % signed, owner="")
    done(world, request=request)
    assert world.service.written.endswith(b"\r\n\r\nevent")
    assert is_replay(repeated(world, request))


def test_nothing_is_told(tmp_path: Path) -> None:
    """Neither keys nor bodies are in the access log, or in what the memory says of itself."""
    world = a_world(tmp_path)
    done(world, request=post(b'"telling-key"', b"telling-body"))
    repeated(world, post(b'"telling-key"', b"telling-body"))
    repeated(world, post(b'"telling-key"', b"another-body"))
    assert len(world.records) == 3
    assert "telling" not in f"{world.records}{world.keeper.access.memory}"
