"""What is kept in Redis: tokens and subjects that are believed no more, and API keys; and a Redis that is away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from gatewayd.core.apikeys import hash_key
from tests.harness import PATIENCE, GatewayProcess, RecordingUpstream, Response
from tests.harness.redis import RedisServer
from tests.resilience.world import ask, verdict

from .minting import DAY, NOW, api_key, bearer, claims, token
from .world import PEPPER, Ledger, world


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """What the gateways of a platform share."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def sharing(
    upstream: RecordingUpstream, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """The gateway of the attack table, with Redis."""
    config = world(upstream, tmp_path_factory.mktemp("sharing"))
    config["redis"] = {"address": redis.address, "timeout": "1s"}
    config["authentication"]["revocations"] = {"redis": True, "every": "100ms"}
    config["authentication"]["api_keys"]["redis"] = True
    with GatewayProcess(config) as process:
        yield process


def _once(gateway: GatewayProcess, path: bytes, line: bytes, status: int) -> Response:
    """The first answer with this status; each question is a turn of the gateway's reactor at least."""
    deadline = time.monotonic() + PATIENCE
    while (answer := ask(gateway, path, line)).status != status:
        assert time.monotonic() < deadline, verdict(answer)
    return answer


def _revoke(redis: RedisServer, kind: str, *parts: object) -> None:
    """As another gateway does it."""
    redis.ask("ZADD", f"gw:{{revoked:{kind}}}", str(NOW + 2 * DAY), json.dumps(parts, separators=(",", ":")))


def test_a_revoked_token_is_refused(sharing: GatewayProcess, upstream: RecordingUpstream, redis: RedisServer) -> None:
    """Although it was believed and remembered a moment ago; others of the same subject stay good."""
    line = bearer(token(claims(jti="lost", sub="ann")))
    assert ask(sharing, b"/users/before", line).status == 200
    _revoke(redis, "tokens", "platform", "lost")
    answer = _once(sharing, b"/users/while", line, 401)
    assert answer.problem["reason"] == "revoked-token"
    assert b'error="invalid_token"' in (answer.get(b"www-authenticate") or b"")
    ledger = Ledger(sharing)
    assert verdict(ask(sharing, b"/users/after", line)) == (401, b"revoked-token")
    assert ledger.moved() == {
        "auth_attempts_total{status=failure}": 1,
        "jwt_validation_errors_total{error_type=invalid}": 1,
        "tenant_auth_failures_total{reason=revoked}{tenant_id=acme}": 1,
    }
    assert upstream.requests(b"/users/after") == []
    sharing.wait_log("revoked token used")
    for other in (claims(jti="found", sub="ann"), claims(sub="ann"), claims(jti="lost", iss="https://both.test")):
        header = {"kid": "hs-1"} if other["iss"] != "https://id.test" else {}
        assert ask(sharing, b"/users/other", bearer(token(other, **header))).status == 200


def test_a_revoked_subject_is_refused(sharing: GatewayProcess, redis: RedisServer) -> None:
    """With everything it was issued up to then, and what does not say when; what comes later is good."""
    before, unsaid, after = (claims(sub="bob", iat=iat) for iat in (NOW - 600, ..., NOW - 60))
    for said in (before, unsaid, after):
        assert ask(sharing, b"/users/1", bearer(token(said))).status == 200
    _revoke(redis, "subjects", "platform", "bob", NOW - 300)
    _once(sharing, b"/users/1", bearer(token(before)), 401)
    assert verdict(ask(sharing, b"/users/1", bearer(token(unsaid)))) == (401, b"revoked-token")
    assert ask(sharing, b"/users/1", bearer(token(after))).status == 200
    assert ask(sharing, b"/users/1", bearer(token(claims(sub="bobby", iat=NOW - 600)))).status == 200


def test_keys_in_redis(sharing: GatewayProcess, upstream: RecordingUpstream, redis: RedisServer) -> None:
    """A key is found there; one that is garbled, or somebody else's, lets nobody in."""
    key = api_key(b"r" * 13, b"s" * 32)
    entry = {"hash": hash_key(key, PEPPER.encode()), "tenant": "other", "user": "remote", "roles": ["door-staff"]}
    redis.ask("SET", f"gw:{{apikey:{'r' * 13}}}", json.dumps(entry))
    assert ask(sharing, b"/scan/remote", b"X-API-Key: " + key).status == 200
    request = upstream.wait_request(b"/scan/remote")
    assert (request.get(b"x-tenant-id"), request.get(b"x-auth-person")) == (b"other", b"remote")
    for name, value in {
        b"t": "{}",
        b"u": "no json",
        b"v": json.dumps({**entry, "user": "a\r\nX-Tenant-Id: acme"}),
        b"w": json.dumps({**entry, "tenant": ["acme"]}),
        b"x": json.dumps({**entry, "expires": 1}),
        b"y": json.dumps({**entry, "hash": key.decode()}),
    }.items():
        redis.ask("SET", f"gw:{{apikey:{(name * 13).decode()}}}", value)
        answer = ask(sharing, b"/scan/garbled", b"X-API-Key: " + api_key(name * 13, b"s" * 32))
        assert verdict(answer) == (401, b"invalid-api-key"), value
    assert upstream.requests(b"/scan/garbled") == []


def test_without_redis(sharing: GatewayProcess, upstream: RecordingUpstream, redis: RedisServer) -> None:
    """What was revoked stays revoked, known tokens stay good, and a key that nobody can look up is no wrong key."""
    revoked = bearer(token(claims(jti="gone", sub="eve")))
    _revoke(redis, "tokens", "platform", "gone")
    _once(sharing, b"/users/1", revoked, 401)
    redis.kill()
    try:
        sharing.wait_log("revocations of other gateways cannot be read")
        assert verdict(ask(sharing, b"/users/1", revoked)) == (401, b"revoked-token")
        assert ask(sharing, b"/users/1", bearer(token())).status == 200
        key = api_key(b"q" * 13, b"s" * 32)
        assert verdict(ask(sharing, b"/users/unsure", b"X-API-Key: " + key)) == (503, b"keys-unavailable")
        assert upstream.requests(b"/users/unsure") == []
    finally:
        redis.start()
