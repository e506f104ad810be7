"""Who is calling, from the client's bytes to the service's: also while keys, servers and stores are away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from gatewayd.stores.interface import Unavailable
from gatewayd.stores.memory import MemoryStore
from tests.core.tokens.forge import SIGNERS, private_key
from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, PEPPER, Gate, bearer, configured, token
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import START, get, ok

ALL = "path: '/**', service: main"
KEYS = f"api_keys: {{pepper: '{PEPPER}', keys: [{{id: {KEY_ID}, hash: {KEY_HASH}, tenant: acme, user: robot}}]}}"
REDIS = configured(ALL, f"api_keys: {{pepper: '{PEPPER}', redis: true}}", "redis: {address: 127.0.0.1}")
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


# Credentials that services do not see.

STRIPPED = "strip_credentials: true, cookie: session".replace(", ", "\n  ")


@pytest.mark.parametrize(
    ("lines", "cookies"),
    [
        ((b"Cookie: a=1; b=2\r\n", bearer()), [b"a=1; b=2"]),
        ((b"cookie: session=%b\r\n" % token(),), []),
        ((b"Cookie: session=%b; a=1\r\n" % token(),), [b"a=1"]),
        ((b"Cookie: a=1; session=%b; b=2\r\n" % token(),), [b"a=1; b=2"]),
        ((b"Cookie: a=1;session =%b;;b=2\r\n" % token(),), [b"a=1; b=2"]),
        ((b"Cookie: a=1\r\n", b"Cookie: session=%b\r\n" % token()), [b"a=1"]),
        ((b"Cookie: sessions=1; Session=2; a=session\r\n", bearer()), [b"sessions=1; Session=2; a=session"]),
        ((b"Connection: cookie\r\nCookie: a=1; session=%b\r\n" % token(),), []),
        ((b"X-API-Key: %b\r\n" % KEY, b"Cookie: a=1\r\n"), [b"a=1"]),
    ],
)
def test_stripped_credentials(tmp_path: Path, lines: tuple[bytes, ...], cookies: list[bytes]) -> None:
    """Token, key and the one cookie are gone, everything else is there, and so is who is calling."""
    gate = Gate(tmp_path, configured(ALL, f"{STRIPPED}\n  {KEYS}"))
    for _ in range(2):
        assert gate.call(*lines, b"Accept: x\r\n") == "served"
        assert fields(gate.sent, b"Authorization") == fields(gate.sent, b"X-API-Key") == []
        assert fields(gate.sent, b"Cookie") == cookies
        assert fields(gate.sent, b"Accept") == [b"x"]
        assert fields(gate.sent, b"X-Tenant-Id") == [b"acme"]
        assert KEY not in gate.sent
        assert token() not in gate.sent


def test_stripping_goes_with_a_routes_own_changes(tmp_path: Path) -> None:
    """A route may have a credential of its own for the service, or take every cookie away."""
    own = "path: /own, service: main, request_headers: {set: {Authorization: Basic YTpi}, add: {Cookie: c=3}}"
    none = "path: /none, service: main, request_headers: {remove: [Cookie]}"
    gate = Gate(tmp_path, configured(f"{own}\n{none}", STRIPPED))
    cookie = b"Cookie: a=1; session=%b\r\n" % token()
    assert gate.call(cookie, path=b"/own") == "served"
    assert fields(gate.sent, b"Authorization") == [b"Basic YTpi"]
    assert fields(gate.sent, b"Cookie") == [b"a=1", b"c=3"]
    assert gate.call(cookie, path=b"/none") == "served"
    assert fields(gate.sent, b"Cookie") == []


def test_public_routes_keep_credentials(tmp_path: Path) -> None:
    """Nobody but the service looks at them there; and without the option services see everything."""
    lines = (b"Authorization: Basic YTpi\r\n", b"Cookie: session=x; a=1\r\n")
    gate = Gate(tmp_path, configured("path: '/**', service: main, auth: public", STRIPPED))
    assert gate.call(*lines) == "served"
    assert all(line in gate.sent for line in lines)
    gate = Gate(tmp_path, configured(ALL))
    assert gate.call(bearer(), lines[1]) == "served"
    assert bearer() + lines[1] in gate.sent


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


# A store.


class Slow(MemoryStore):
    """A store that answers when the test says so, or says that it cannot."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.waiting: list[Deferred[bytes | None]] = []
        self.away = False

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """See `Store`."""
        if self.away:
            return fail(Unavailable("timeout", "it is away"))
        self.waiting.append(Deferred())
        return self.waiting[-1]


ENTRY = {"hash": KEY_HASH, "tenant": "acme", "user": "robot", "roles": ["staff"], "scopes": ["a:b"]}
KEY_LINE = b"X-API-Key: %b\r\n" % KEY


def stored(folder: Path, entry: object) -> Gate:
    """A gateway whose store has this for the key."""
    store = MemoryStore(Clock())
    gate = Gate(folder, REDIS, store)
    store.set(b"apikey:" + KEY_ID.encode(), entry if isinstance(entry, bytes) else json.dumps(entry).encode())
    return gate


@pytest.mark.parametrize("expires", [None, "1994-11-06T09:00:00Z", START + 60])
def test_keys_in_a_store(tmp_path: Path, expires: object) -> None:
    """Entries look as they do in the configuration."""
    gate = stored(tmp_path, {**ENTRY, "expires": expires} if expires else ENTRY)
    assert gate.call(KEY_LINE) == "served"
    assert fields(gate.sent, b"X-User-Id") == [b"robot"]
    gate.pass_time(900)
    assert gate.call(KEY_LINE) == ("invalid-api-key" if expires else "served")


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff",
        b"null",
        b"[]",
        b'"text"',
        {},
        {**ENTRY, "hash": "junk"},
        {**ENTRY, "tenant": 5},
        {**ENTRY, "tenant": "caf\u00e9"},
        {**ENTRY, "tenant": "a\r\nX-Admin-Token: 1"},
        {**ENTRY, "user": ["a"]},
        {**ENTRY, "roles": "admin"},
        {**ENTRY, "roles": ["a,b"]},
        {**ENTRY, "roles": [5]},
        {**ENTRY, "expires": "tomorrow"},
        {**ENTRY, "expires": []},
        {**ENTRY, "limits": 5},
        {**ENTRY, "rolls": ["admin"]},
    ],
)
def test_junk_in_a_store(tmp_path: Path, entry: object, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no entry lets nobody in, and is no error of ours either; the log says which key it is about."""
    gate = stored(tmp_path, entry)
    assert gate.call(KEY_LINE) == "invalid-api-key"
    assert gate.call() == "unauthenticated"
    gate.settled()


def test_a_store_that_is_away(tmp_path: Path) -> None:
    """503: the key may be good. It is asked again for the next request."""
    store = Slow()
    store.away = True
    gate = Gate(tmp_path, REDIS, store)
    assert gate.call(KEY_LINE) == "keys-unavailable"
    store.away = False
    client = gate.begin(KEY_LINE)
    assert gate.outcome(client) == ""
    store.waiting.pop().callback(json.dumps(ENTRY).encode())
    assert gate.outcome(client) == "served"
    assert gate.call(KEY_LINE) == "served"
    assert store.waiting == []


# Clients that leave.


def waiting_for_keys(folder: Path) -> tuple[Gate, Callable[[], object], bytes]:
    """The keys are being fetched."""
    gate = Gate(folder, JWKS)
    gate.start()
    return gate, lambda: gate.answer(published("k1")), signed()


def waiting_for_introspection(folder: Path) -> tuple[Gate, Callable[[], object], bytes]:
    """A server was asked."""
    gate = Gate(folder, ASKING)
    return gate, lambda: gate.answer(ACTIVE), bearer(b"opaque")


def waiting_for_a_store(folder: Path) -> tuple[Gate, Callable[[], object], bytes]:
    """A store was asked."""
    store = Slow()
    gate = Gate(folder, REDIS, store)

    def answer() -> None:
        for one in store.waiting:
            one.callback(json.dumps(ENTRY).encode())

    return gate, answer, KEY_LINE


@pytest.mark.parametrize("moment", [waiting_for_keys, waiting_for_introspection, waiting_for_a_store])
@pytest.mark.parametrize("how", ["hang_up", "reset", "expel"])
def test_a_client_leaves(
    tmp_path: Path, moment: Callable[[Path], tuple[Gate, Callable[[], object], bytes]], how: str
) -> None:
    """The books say so, no service is asked, and others who wait for the same get it."""
    gate, answer, line = moment(tmp_path)
    leaver, stayer = gate.begin(line), gate.begin(line)
    if how == "expel":
        (channel,) = [one for one in gate.listener.channels if one.transport is leaver]
        channel.expel()
        leaver.turn()
    else:
        getattr(leaver, how)()
    slug = "shutting-down" if how == "expel" else "client-closed"
    assert [record["reason"] for record in gate.records] == [slug]
    assert gate.dials == []
    answer()
    assert (gate.outcome(stayer), leaver.take()) == ("served", b"")
    assert len(gate.records) == 2
    gate.keeper.stop()
    gate.settled()


@pytest.mark.parametrize("moment", [waiting_for_keys, waiting_for_introspection, waiting_for_a_store])
def test_a_body_that_comes_meanwhile(
    tmp_path: Path, moment: Callable[[Path], tuple[Gate, Callable[[], object], bytes]]
) -> None:
    """It waits, whole or in part, for whoever will take it; one that does not come is answered with 408."""
    gate, answer, line = moment(tmp_path)
    length = b"Content-Length: 4\r\n"
    whole = gate.begin(line, length, method=b"POST", body=b"body")
    half = gate.begin(line, length, method=b"POST", body=b"bo")
    answer()
    half.send(b"dy")
    for _ in (whole, half):
        assert gate.service.ending == ""
    assert {wire.take()[-4:] for wire in (dial.wire for dial in gate.dials)} == {b"body"}
    for dial in gate.dials:
        dial.wire.send(ok())
    assert [gate.outcome(client) for client in (whole, half)] == ["served"] * 2
    gate.keeper.stop()
    gate.settled()


def test_a_body_that_does_not_come(tmp_path: Path) -> None:
    """The wait for a verdict is no excuse."""
    gate, _, line = waiting_for_a_store(tmp_path)
    client = gate.begin(line, b"Content-Length: 4\r\n", method=b"POST", body=b"bo")
    gate.pass_time(31)
    assert gate.outcome(client) == "body-timeout"
    gate.settled()
