"""Tokens that somebody else has to be asked about: how, how often, and what becomes of the answers."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from gatewayd.core.tokens.errors import BadToken, NoVerdict
from gatewayd.core.tokens.identity import ClaimPaths, Identity
from gatewayd.upstream.answer import Answer, CallFailed
from gatewayd.upstream.introspection import Introspector, Settings
from tests.upstream.logs import logged

NOW = 1_800_000_000
URL = "https://id.example/introspect"
SETTINGS = Settings(URL, "gateway", "s3cret", at_once=3)
CLAIMS: dict[str, Any] = {
    "active": True, "sub": "ada", "tenant_id": "acme", "roles": ["venue-owner"], "scope": "read write",
    "exp": NOW + 600, "iat": NOW,
}  # fmt: skip

_results = SynchronousTestCase()


class World:
    """Asks, and answers when told."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.now = float(NOW)
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []
        self.answers: list[Deferred[Answer]] = []
        self.introspector = Introspector(settings, self._post, lambda: self.now, self._made)

    def _made(self, identity: Identity) -> Identity:
        if identity.tenant == "nobody":
            raise BadToken("invalid", "this tenant is nobody")
        return identity

    def _post(self, url: str, fields: Mapping[str, str], body: bytes) -> Deferred[Answer]:
        self.asked.append((url, fields, body))
        self.answers.append(Deferred())
        return self.answers[-1]

    def answer(self, said: Any, status: int = 200) -> None:
        """What is said about the token asked about first of those that are still open."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.answers.pop(0).callback(Answer(status, {}, body))

    def known(self, token: bytes) -> Identity | BadToken | None:
        """What is remembered."""
        return self.introspector.cache.get(token, self.now)


def identity_of(deferred: Deferred[Identity]) -> Identity:
    """The identity it has fired with."""
    found = _results.successResultOf(deferred)
    assert isinstance(found, Identity)
    return found


def error_of(deferred: Deferred[Identity], kind: type[Exception]) -> Exception:
    """What it has failed with."""
    error = _results.failureResultOf(deferred, kind).value
    assert isinstance(error, Exception)
    return error


def test_question() -> None:
    """A form, and the gateway's own credentials, each encoded (RFC 6749 section 2.3.1)."""
    world = World(Settings(URL, "gate:way", "s3 cret/ü"))
    world.introspector.ask(b"tok+en/~=")
    ((url, fields, body),) = world.asked
    assert url == URL
    assert fields == {
        "Authorization": "Basic " + b64encode(b"gate%3Away:s3+cret%2F%C3%BC").decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert parse_qs(body) == {b"token": [b"tok+en/~="], b"token_type_hint": [b"access_token"]}
    assert "s3" not in repr(world.introspector)
    assert "s3" not in repr(SETTINGS)


def test_active() -> None:
    """The answer says who the caller is, as the claims of a token would."""
    world = World()
    asking = world.introspector.ask(b"token")
    world.answer(CLAIMS)
    found = identity_of(asking)
    assert (found.subject, found.tenant, found.method, found.issuer) == ("ada", "acme", "introspection", None)
    assert (found.roles, found.scopes) == ({"venue-owner"}, {"read", "write"})
    assert world.known(b"token") is found


def test_paths() -> None:
    """What stands where is configured."""
    world = World(Settings(URL, "a", "b", paths=ClaimPaths.of("username", "ext.tenant", None, None)))
    asking = world.introspector.ask(b"token")
    world.answer({"active": True, "username": "bob", "ext": {"tenant": "beta"}, "roles": 7})
    found = identity_of(asking)
    assert (found.subject, found.tenant, found.roles) == ("bob", "beta", frozenset())


@pytest.mark.parametrize(("expires", "until"), [(NOW + 600, NOW + 30), (NOW + 10, NOW + 10), (None, NOW + 30)])
def test_believed_for_a_while(expires: float | None, until: float) -> None:
    """Until it expires, but no longer than configured."""
    world = World()
    world.introspector.ask(b"token")
    world.answer({**CLAIMS, "exp": expires})
    world.now = until - 1e-3
    assert isinstance(world.known(b"token"), Identity)
    world.now = until
    assert world.known(b"token") is None


REFUSED = {
    "inactive": ({"active": False}, "the token is not active"),
    "inactive with claims": ({**CLAIMS, "active": False}, "the token is not active"),
    "unfit": (
        {**CLAIMS, "tenant_id": "a,b"},
        "the claim tenant_id is of the wrong type or cannot stand in a header",
    ),
    "of nobody": ({**CLAIMS, "tenant_id": "nobody"}, "this tenant is nobody"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """A token that is not active, or says nothing that can be used, is refused for a short while without asking."""
    said, why = REFUSED[case]
    world = World()
    asking = world.introspector.ask(b"token")
    world.answer(said)
    error = error_of(asking, BadToken)
    assert isinstance(error, BadToken)
    assert (error.error_type, error.why) == ("invalid", why)
    world.now += 5 - 1e-3
    assert isinstance(world.known(b"token"), BadToken)
    world.now += 1e-3
    assert world.known(b"token") is None


NO_ANSWER = {
    "status": (b"{}", 500, "status 500"),
    "redirect": (b"", 302, "status 302"),
    "credentials": (b"", 401, "status 401: it does not take the gateway's client_id and client_secret"),
    "garbage": (b"<html>", 200, "the answer cannot be read: it is no JSON object"),
    "list": (b"[]", 200, "the answer cannot be read: it is no JSON object"),
    "twice": (b'{"active": false, "active": true}', 200, "the answer cannot be read: a member is named twice"),
    "silent": (b"{}", 200, "the answer does not say whether the token is active"),
    "text": (b'{"active": "true"}', 200, "the answer does not say whether the token is active"),
    "number": (b'{"active": 1}', 200, "the answer does not say whether the token is active"),
}


@pytest.mark.parametrize("case", NO_ANSWER)
def test_no_answer(case: str) -> None:
    """Whatever does not say yes or no is neither: the token is not believed, nor remembered as a bad one."""
    body, status, why = NO_ANSWER[case]
    world = World()
    asking = world.introspector.ask(b"token")
    world.answer(body, status)
    assert str(error_of(asking, NoVerdict)) == why
    assert world.known(b"token") is None
    assert world.introspector.failure == why


def test_asked_once() -> None:
    """Those who ask about one token share the question; who gives up takes nothing from the others."""
    world = World()
    askers = [world.introspector.ask(b"token") for _ in range(1000)]
    assert len(world.asked) == 1
    askers[0].cancel()
    askers[0].addErrback(lambda _: None)
    world.answer(CLAIMS)
    assert len({id(identity_of(one)) for one in askers[1:]}) == 1


@pytest.mark.parametrize(("said", "status", "kind"), [({"active": False}, 200, BadToken), ({}, 500, NoVerdict)])
def test_errors_of_their_own(said: Any, status: int, kind: type[Exception]) -> None:
    """Each of those who asked gets another exception, so that no frames pile up on a common one."""
    world = World()
    askers = [world.introspector.ask(b"token") for _ in range(3)]
    world.answer(said, status)
    assert len({id(error_of(one, kind)) for one in askers}) == 3


def test_not_too_many_at_once() -> None:
    """Beyond the bound nothing is asked; tokens that are asked about already may be waited for."""
    world = World()
    asking = [world.introspector.ask(b"token%d" % number) for number in range(3)]
    assert str(error_of(world.introspector.ask(b"another"), NoVerdict)) == "too many tokens are being asked about"
    asking.append(world.introspector.ask(b"token0"))
    assert len(world.asked) == 3
    world.answer(CLAIMS)
    assert identity_of(asking[0]) is identity_of(asking[3])
    world.introspector.ask(b"another")
    assert len(world.asked) == 4
    assert repr(world.introspector) == f"<Introspector {URL} 3 asked>"
    for _ in range(3):
        world.answer(CLAIMS)
    assert repr(world.introspector) == f"<Introspector {URL} 0 asked>"


def test_log() -> None:
    """One line when it begins to fail, one for each other reason, one when it works again; no token in any."""
    with logged() as log:
        world = World()
        for status in (500, 500, 502):
            error = world.introspector.ask(b"t0ken")
            world.answer({}, status)
            error_of(error, NoVerdict)
        assert log.told() == [
            f"warn: introspection at {URL} fails: status {status}; its tokens are refused with 503"
            for status in (500, 502)
        ]
        identity_of(_answered(world, CLAIMS))
        assert log.told() == [f"info: introspection at {URL} works again"]
        identity_of(_answered(world, CLAIMS))
        assert log.told() == []


def _answered(world: World, said: Any) -> Deferred[Identity]:
    """A question, and its answer."""
    asking = world.introspector.ask(b"t0ken")
    world.answer(said)
    return asking


def test_our_own_mistake() -> None:
    """A question that fails as none may is logged in full, and nobody is left waiting."""
    with logged() as log:
        world = World()
        asking = world.introspector.ask(b"t0ken")
        world.answers.pop().errback(Failure(ZeroDivisionError("x")))
        assert str(error_of(asking, NoVerdict)) == "asking about a token failed"
        assert log.told() == ["error: asking about a token failed"]


def test_call_that_fails() -> None:
    """Nobody there: fail closed."""
    world = World()
    asking = world.introspector.ask(b"token")
    world.answers.pop().errback(Failure(CallFailed("no connection")))
    assert str(error_of(asking, NoVerdict)) == "no connection"
