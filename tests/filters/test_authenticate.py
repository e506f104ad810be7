"""Credentials of requests: every one against every way a route takes, and what is remembered of them."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.authenticate import Authenticate
from gatewayd.filters.authentication import Authentication, Mode
from tests.core.tokens import forge
from tests.filters.asked import Asked, ended, outcome, started
from tests.filters.door import (
    EXPIRED,
    FORGED,
    GOOD,
    KEY,
    LOST_KEY,
    NEW_KEY,
    OLD_KEY,
    WRONG_KEY,
    Door,
    bearer,
    cookie,
    key,
)

METHODS = ("jwt", "api_key", "introspection", "jwt introspection", "jwt api_key introspection")
NONE = "unauthenticated"
TWICE = ("invalid-credential",) * 5
TABLE = {
    "nothing": ([], (NONE,) * 5),
    "another scheme": ([b"Authorization: Basic YTpi\r\n"], (NONE,) * 5),
    "another cookie": ([b"Cookie: sessions=a; Session=b\r\n"], (NONE,) * 5),
    "a token": ([bearer(GOOD)], ("ada", "invalid-token", "remote", "ada", "ada")),
    "an expired token": ([bearer(EXPIRED)], ("expired-token", "invalid-token", "remote", *["expired-token"] * 2)),
    "a forged token": ([bearer(FORGED)], ("forged-token", "invalid-token", "remote", *["forged-token"] * 2)),
    "an opaque token": ([bearer(b"opaque")], ("invalid-token", "invalid-token", "remote", "remote", "remote")),
    "one not active": ([bearer(b"bad")], ("invalid-token",) * 5),
    "a cookie": ([cookie(GOOD)], ("ada", "invalid-token", "remote", "ada", "ada")),
    "an empty cookie": ([cookie(b"")], TWICE),
    "a key": ([key(KEY)], (NONE, "robot", NONE, NONE, "robot")),
    "a wrong key": ([key(WRONG_KEY)], (NONE, "invalid-api-key", NONE, NONE, "invalid-api-key")),
    "an expired key": ([key(OLD_KEY)], (NONE, "invalid-api-key", NONE, NONE, "invalid-api-key")),
    "an unknown key": ([key(LOST_KEY)], (NONE, "invalid-api-key", NONE, NONE, "invalid-api-key")),
    "no key at all": ([key(b"x")], (NONE, "invalid-api-key", NONE, NONE, "invalid-api-key")),
    "a scheme alone": ([b"Authorization: Bearer\r\n"], TWICE),
    "two tokens": ([bearer(GOOD), bearer(GOOD)], TWICE),
    "a token and another scheme": ([bearer(GOOD), b"Authorization: Basic YTpi\r\n"], TWICE),
    "a token and a cookie": ([bearer(GOOD), cookie(GOOD)], TWICE),
    "a cookie and another scheme": ([cookie(GOOD), b"Authorization: Basic YTpi\r\n"], TWICE),
    "two cookies": ([cookie(GOOD), cookie(GOOD)], TWICE),
    "a token and a key": ([bearer(GOOD), key(KEY)], TWICE),
    "a cookie and a key": ([cookie(GOOD), key(KEY)], TWICE),
    "two keys": ([key(KEY), key(KEY)], TWICE),
}


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("column", range(5), ids=METHODS)
@pytest.mark.parametrize("given", TABLE)
def test_every_credential(given: str, column: int, mode: Mode) -> None:
    """Who is let in as whom; where it is optional, only those who say nothing pass besides."""
    lines, row = TABLE[given]
    door, asked = Door(), Asked(*lines)
    said = outcome(door.filter(METHODS[column], mode), asked)
    expected = row[column]
    if expected == NONE and mode == "optional":
        assert (said, asked.caller, asked.tenant, asked.identity) == ("", None, b"", b"")
    elif expected in ("ada", "remote", "robot"):
        assert said == ""
        assert asked.caller is not None
        assert asked.caller.identity.subject == expected
        assert asked.tenant == b"acme"
        assert b"X-Tenant-Id: acme\r\nX-User-Id: %b\r\n" % expected.encode() == asked.identity
        assert door.metrics.auth.successes == 1
    else:
        assert (said, asked.caller, asked.identity) == (expected, None, b"")
        assert sum(door.metrics.auth.failures.values()) == 1
        assert door.metrics.auth.successes == 0


def test_by_cookie() -> None:
    """It is noted: browsers add cookies by themselves. Also of a token that is refused."""
    for line, by_cookie in ((bearer(GOOD), False), (cookie(GOOD), True), (cookie(FORGED), True)):
        asked = Asked(line)
        outcome(Door().filter(), asked)
        assert asked.by_cookie is by_cookie


def test_a_key_that_is_named_in_vain() -> None:
    """Without the section `api_keys` there is no header for keys, whatever a route says."""
    door = Door()
    shared = Authentication(
        **{
            name: getattr(door.shared, name)
            for name in Authentication.__slots__
            if name not in ("key_header", "api_keys")
        }
    )
    assert outcome(Authenticate(shared, "required", frozenset({"api_key"}), None), Asked(key(KEY))) == NONE


def test_a_token_is_verified_once() -> None:
    """And then believed, as a hit, until it expires; what is remembered is the same caller."""
    door = Door()
    first, second = Asked(bearer(GOOD)), Asked(bearer(GOOD))
    assert [outcome(door.filter(), one) for one in (first, second)] == ["", ""]
    assert first.caller is second.caller
    auth = door.metrics.auth
    assert (auth.misses, auth.hits, auth.successes) == (1, 1, 2)
    assert list(door.metrics.tenants.rows()) == [(("acme",), 2)]
    door.now = forge.NOW + 700
    assert outcome(door.filter(), Asked(bearer(GOOD))) == "expired-token"
    assert (auth.failures["expired"], auth.errors["expired"]) == (1, 1)
    assert (auth.key_hits, auth.key_misses) == (1, 0)


def test_a_bad_token_of_a_tenant_counts_for_it() -> None:
    """Where its issuer signed it, and said whose it is; the first time, and from memory. A forged one is nobody's."""
    door = Door()
    door.now = forge.NOW + 700
    for _ in range(2):
        assert outcome(door.filter(), Asked(bearer(GOOD))) == "expired-token"
    assert outcome(door.filter(), Asked(bearer(FORGED))) == "forged-token"
    assert list(door.metrics.auth.tenant_failures()) == [(("acme", "expired"), 2)]


def test_a_refusal_is_remembered() -> None:
    """For five seconds here, with the same answer and the same counters each time."""
    door = Door()
    for _ in range(3):
        assert outcome(door.filter(), Asked(bearer(FORGED))) == "forged-token"
    auth = door.metrics.auth
    assert (auth.misses, auth.hits, auth.failures["failure"], auth.errors["invalid"]) == (1, 2, 3, 3)
    assert [kind for kind, _ in door.told.events] == ["audit.token_forged"] * 3
    assert FORGED.decode() not in str(door.told.events)
    door.now += 5
    outcome(door.filter(), Asked(bearer(FORGED)))
    assert auth.misses == 2


def test_what_was_asked_for_is_remembered() -> None:
    """A verdict of the authorization server as well: its own cache is looked at first."""
    door = Door()
    known = door.shared.callers(Identity("known", method="introspection", expires=forge.NOW + 60.0))
    door.server.cache.keep(b"known", known, door.now)
    asked = Asked(bearer(b"known"))
    assert outcome(door.filter("introspection"), asked) == ""
    assert asked.caller is known
    assert door.server.asked == []


def test_nobody_to_ask() -> None:
    """503, and when to come again; nothing is known of the token."""
    door = Door()
    door.server.away = True
    waiting = door.filter("introspection")(Asked(bearer(b"opaque")))
    assert waiting is not None
    assert ended(started(waiting)) == "introspection-unavailable"
    assert (sum(door.metrics.auth.failures.values()), door.metrics.auth.successes) == (0, 0)


@pytest.mark.parametrize(
    ("issuers", "methods", "said"),
    [
        (None, "jwt", ""),
        (frozenset({"main"}), "jwt", ""),
        (frozenset({"other", "main"}), "jwt", ""),
        (frozenset({"other"}), "jwt", "invalid-token"),
        (frozenset(), "jwt", "invalid-token"),
        (None, "api_key", "invalid-token"),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_issuers_of_a_route(issuers: frozenset[str] | None, methods: str, said: str, *, known: bool) -> None:
    """A token of an issuer that a route does not take is refused there, also if another route has verified it."""
    door = Door()
    if known:
        assert outcome(door.filter(), Asked(bearer(GOOD))) == ""
    asked = Asked(bearer(GOOD))
    assert outcome(door.filter(methods, issuers=issuers), asked) == said
    assert (asked.caller is None) == bool(said)


def test_revocation_holds_at_once() -> None:
    """A remembered token is refused in the very next request, for its tenant's count and in the log."""
    door = Door()
    assert outcome(door.filter(), Asked(bearer(GOOD))) == ""
    door.revocations.revoke_token("main", "j1", forge.NOW + 700.0, door.now)
    asked = Asked(bearer(GOOD))
    assert outcome(door.filter(), asked) == "revoked-token"
    assert (asked.caller, asked.identity) == (None, b"")
    assert list(door.metrics.auth.tenant_failures()) == [(("acme", "revoked"), 1)]
    assert door.metrics.auth.errors["invalid"] == 1
    assert door.told.events == [("audit.revoked_token_used", {"tenant": "acme", "user": "ada"})]
    assert outcome(door.filter(), Asked(bearer(forge.good(jti="j2")))) == ""
    door.revocations.revoke_subject("main", "ada", float(forge.NOW), forge.NOW + 700.0, door.now)
    assert outcome(door.filter(), Asked(bearer(forge.good(jti="j2")))) == "revoked-token"
    assert outcome(door.filter("api_key"), Asked(key(KEY))) == ""


# Keys that are not there.


def waiting_for_keys(door: Door, token: bytes = GOOD) -> tuple[Asked, Deferred[None]]:
    """A request that waits for a fetch."""
    asked = Asked(bearer(token))
    waiting = door.filter()(asked)
    assert waiting is not None
    return asked, started(waiting)


def test_a_cold_start() -> None:
    """The first token waits for the keys, and is then verified."""
    door = Door(keys=False)
    asked, waiting = waiting_for_keys(door)
    assert ended(waiting) == "waits"
    door.install("HS256")
    door.source.settle()
    assert ended(waiting) == ""
    assert asked.caller is not None
    assert len(door.cache) == 1


@pytest.mark.parametrize("willing", [True, False])
def test_no_keys_come(*, willing: bool) -> None:
    """503 and never 401: nobody can say that the token is bad. It is not remembered as such."""
    door = Door(keys=False)
    door.source.willing = willing
    _, waiting = waiting_for_keys(door)
    if willing:
        door.source.settle()
    assert ended(waiting) == "keys-unavailable"
    assert sum(door.metrics.auth.failures.values()) == 0
    door.install("HS256")
    assert outcome(door.filter(), Asked(bearer(GOOD))) == ""


@pytest.mark.parametrize(
    ("kids", "said"), [(("HS256", "new"), ""), (("HS256",), "invalid-token"), ((), "invalid-token")]
)
def test_a_key_that_is_not_known_yet(kids: tuple[str, ...], said: str) -> None:
    """One fetch decides; what it does not bring is unknown."""
    door = Door()
    asked, waiting = waiting_for_keys(door, NEW_KEY)
    door.install(*kids)
    door.source.settle()
    assert ended(waiting) == said
    assert (asked.caller is None) == bool(said)
    assert door.metrics.auth.errors["unknown_key"] == bool(said)
    assert door.metrics.auth.key_misses == 1


def test_an_unknown_key_within_the_cooldown() -> None:
    """Refused at once, and remembered as refused."""
    door = Door()
    door.source.willing = False
    for _ in range(2):
        assert outcome(door.filter(), Asked(bearer(NEW_KEY))) == "invalid-token"
    assert door.metrics.auth.hits == 1


def test_an_identity_that_cannot_be_told() -> None:
    """A role that would be read as two is a bad token, not an error of ours."""
    assert outcome(Door().filter(), Asked(bearer(forge.good(roles=["a,b"])))) == "invalid-token"
