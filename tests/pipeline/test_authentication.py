"""Who is calling, from the client's bytes to the service's: with keys that are fetched and servers that are asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.tokens.forge import SIGNERS, private_key
from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, PEPPER, Gate, bearer, configured, token
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import START, get

ALL = "path: '/**', service: main"
KEYS = f"api_keys: {{pepper: '{PEPPER}', keys: [{{id: {KEY_ID}, hash: {KEY_HASH}, tenant: acme, user: robot}}]}}"
JWKS = """
services:
  main: {targets: ["http://127.0.0.1:9005"], breaker: {mode: off}, retries: {attempts: 0}}
authentication:
  issuers:
    far: {issuer: "https://id.test", audiences: [api], algorithms: [ES256], jwks: {url: "http://127.0.0.1:81/keys"}}
routes:
  - {path: "/**", service: main}
"""
ASKING = configured(
    ALL, "introspection: {url: 'http://127.0.0.1:82/ask', client_id: gw, client_secret: hush, at_once: 2}"
)


def published(*kids: str) -> dict[str, object]:
    """A key set with the test's key under each of these names."""
    key = json.loads(SIGNERS["ES256"].to_jwk(private_key("P-256").public_key()))
    return {"keys": [{**key, "kid": kid, "alg": "ES256", "use": "sig"} for kid in kids]}


def signed(kid: str = "k1") -> bytes:
    """A line with a token that the far issuer signed."""
    return bearer(token(private_key("P-256"), "ES256", kid))


# What services are told.


def test_what_a_service_is_told(tmp_path: Path) -> None:
    """Who is calling, by the gateway's word only, whatever the client writes and in whatever spelling."""
    gate = Gate(tmp_path, configured(ALL))
    forged = (b"X-Tenant-Id: rival\r\n", b"x_tenant_id: rival\r\n", b"X-USER-ID: root\r\n")
    assert gate.call(bearer(), *forged, b"Connection: x-tenant-id, X-User-Id\r\n") == "served"
    assert fields(gate.sent, b"X-Tenant-Id") == [b"acme"]
    assert fields(gate.sent, b"X-User-Id") == [b"ada"]
    assert b"rival" not in gate.sent
    assert b"root" not in gate.sent
    assert gate.tells("auth_attempts_total", status="success") == 1
    assert gate.tells("tenant_requests_total", tenant_id="acme") == 1
    assert gate.tells("security_violations_total", violation_type="header_manipulation") == 1
    gate.settled()


@pytest.mark.parametrize("first", [None, "ada"])
def test_a_connection_of_several_callers(tmp_path: Path, first: str | None) -> None:
    """Each request of a connection is its own caller's: nothing of the one before stays."""
    gate = Gate(tmp_path, configured("path: '/**', service: main, auth: optional"))
    client = gate.client()
    callers = [first, "bob", None, "ada", "bob", None]
    for who in callers:
        client.send(get(b"/", *([] if who is None else [bearer(token(sub=who, tenant_id=f"of-{who}"))])))
        assert gate.outcome(client) == "served"
        assert fields(gate.sent, b"X-User-Id") == ([] if who is None else [who.encode()])
        assert fields(gate.sent, b"X-Tenant-Id") == ([] if who is None else [f"of-{who}".encode()])


ROUTES = """path: /public, service: main, auth: public
path: /optional, service: main, auth: optional
path: /keys, service: main, auth: {methods: [api_key]}
path: /**, service: main"""


@pytest.mark.parametrize(
    ("path", "nothing", "tokens", "keys", "bad"),
    [
        (b"/public", "served", "served", "served", "served"),
        (b"/optional", "served", "served", "served", "forged-token"),
        (b"/keys", "unauthenticated", "invalid-token", "served", "invalid-token"),
        (b"/rest", "unauthenticated", "served", "served", "invalid-token"),
    ],
)
def test_routes(tmp_path: Path, path: bytes, nothing: str, tokens: str, keys: str, bad: str) -> None:
    """What each route takes; a public one does not look, and tells its service of nobody."""
    gate = Gate(tmp_path, configured(ROUTES, KEYS))
    forged = token("another secret of enough bytes, as it is")
    wanted = {(): nothing, (bearer(),): tokens, (b"X-API-Key: %b\r\n" % KEY,): keys, (bearer(forged),): bad}
    for lines, said in wanted.items():
        # The truth about a forged token stands in the log; its sender reads of an invalid one.
        assert gate.call(*lines, path=path) == ("invalid-token" if said == "forged-token" else said)
        told = fields(gate.sent, b"X-Tenant-Id") if said == "served" else []
        assert told == ([b"acme"] if said == "served" and lines and path != b"/public" else [])
        gate.sent = b""
    assert ("forged-token" in {record["reason"] for record in gate.records}) == (path in (b"/optional", b"/rest"))


# Keys that are fetched.


def test_a_cold_start(tmp_path: Path) -> None:
    """Without keys 503; requests that come meanwhile wait for the one fetch."""
    gate = Gate(tmp_path, JWKS)
    assert gate.call(signed()) == "keys-unavailable"
    gate.start()
    waiting = [gate.begin(signed()) for _ in range(3)]
    assert ([gate.outcome(client) for client in waiting], gate.calls) == ([""] * 3, 1)
    assert gate.answer(published("k1")).startswith(b"GET /keys HTTP/1.1\r\n")
    assert [gate.outcome(client) for client in waiting] == ["served"] * 3
    assert gate.call(signed()) == "served"
    assert gate.tells("jwks_refreshes_total", issuer="far", result="success") == 1
    gate.keeper.stop()
    gate.settled()


def test_an_issuer_that_is_away(tmp_path: Path) -> None:
    """503 with a reason and never 401, until it is back."""
    gate = Gate(tmp_path, JWKS)
    gate.start()
    client = gate.begin(signed())
    gate.answer({}, status=500)
    assert gate.outcome(client) == "keys-unavailable"
    assert b"Retry-After: 5\r\n" in _answered(gate, signed())
    assert gate.tells("auth_attempts_total", status="failure") == 0
    gate.wait_for_a_call(60)
    gate.answer(published("k1"))
    assert gate.call(signed()) == "served"
    gate.keeper.stop()


def _answered(gate: Gate, *lines: bytes) -> bytes:
    """What a client hears."""
    return gate.begin(*lines).take()


def test_an_unknown_kid(tmp_path: Path) -> None:
    """One fetch for all who come with it, then it is verified; a thousand invented ones make no more fetches."""
    gate = Gate(tmp_path, JWKS)
    gate.start()
    gate.answer(published("k1"))
    assert gate.call(signed("k1")) == "served"
    gate.pass_time(60)
    waiting = [gate.begin(signed("k2")) for _ in range(2)]
    assert gate.calls == 1
    gate.answer(published("k1", "k2"))
    assert [gate.outcome(client) for client in waiting] == ["served", "served"]
    for number in range(50):
        assert gate.call(signed(f"x{number}")) == "invalid-token"
    assert gate.calls == 0
    assert gate.tells("jwt_validation_errors_total", error_type="unknown_key") == 50
    gate.keeper.stop()


def test_a_key_that_is_gone(tmp_path: Path) -> None:
    """A token that was verified with it is not believed any longer, remembered or not."""
    gate = Gate(tmp_path, JWKS)
    gate.start()
    gate.answer(published("k1", "k2"))
    assert [gate.call(signed(kid)) for kid in ("k1", "k2")] == ["served"] * 2
    gate.pass_time(60)
    client = gate.begin(signed("k3"))
    gate.answer(published("k2"))
    assert gate.outcome(client) == "invalid-token"
    assert [gate.call(signed(kid)) for kid in ("k1", "k2")] == ["invalid-token", "served"]
    gate.keeper.stop()


# Servers that are asked.

ACTIVE = {"active": True, "sub": "remote", "tenant_id": "acme", "exp": int(START) + 600}


def test_introspection(tmp_path: Path) -> None:
    """An opaque token is asked about once, together for all who come with it, and believed for a while."""
    gate = Gate(tmp_path, ASKING)
    waiting = [gate.begin(bearer(b"opaque")) for _ in range(3)]
    assert ([gate.outcome(client) for client in waiting], gate.calls) == ([""] * 3, 1)
    asked = gate.answer(ACTIVE)
    assert asked.startswith(b"POST /ask HTTP/1.1\r\n")
    assert [gate.outcome(client) for client in waiting] == ["served"] * 3
    assert fields(gate.sent, b"X-User-Id") == [b"remote"]
    assert (gate.call(bearer(b"opaque")), gate.calls) == ("served", 0)
    gate.pass_time(31)
    client = gate.begin(bearer(b"opaque"))
    gate.answer({"active": False})
    assert gate.outcome(client) == "invalid-token"
    gate.settled()


def test_introspection_that_fails(tmp_path: Path) -> None:
    """503 where the server is wrong, late, or has too many questions already; never 401."""
    gate = Gate(tmp_path, ASKING)
    client = gate.begin(bearer(b"a"))
    gate.answer({}, status=500)
    assert gate.outcome(client) == "introspection-unavailable"
    late = [gate.begin(bearer(one)) for one in (b"b", b"c")]
    assert gate.call(bearer(b"d")) == "introspection-unavailable"
    gate.pass_time(2.1)
    assert [gate.outcome(client) for client in late] == ["introspection-unavailable"] * 2
    assert gate.tells("auth_attempts_total", status="failure") == 0
    gate.settled()
