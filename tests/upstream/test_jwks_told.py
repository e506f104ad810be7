"""What an issuer says of itself, and what operators are told of its keys."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gatewayd.core.tokens.claims import Rules
from gatewayd.upstream.jwks import Source
from tests.core.tokens.forge import ISS
from tests.upstream.keeping import ISSUER, PACE, URL, World, jwk, jwks
from tests.upstream.logs import logged


def test_discovery() -> None:
    """Without a URL the issuer is asked where its keys are, each time."""
    world = World(Source(None, PACE))
    where = f"{ISS}/.well-known/openid-configuration"
    world.publish(json.dumps({"issuer": ISS, "jwks_uri": "https://keys.example/1"}).encode(), where)
    world.publish(jwks("a"), "https://keys.example/1")
    assert world.keeper.start().called
    assert world.kids() == {"a"}
    world.publish(json.dumps({"issuer": ISS, "jwks_uri": "https://keys.example/2"}).encode(), where)
    world.publish(jwks("b"), "https://keys.example/2")
    world.again()
    assert world.kids() == {"b"}
    assert world.asked == [where, "https://keys.example/1", where, "https://keys.example/2"]


@pytest.mark.parametrize("uri", ["http://127.0.0.1/", "http://keys.example/", "file:///etc/passwd", None])
def test_discovery_leads_nowhere_else(uri: str | None) -> None:
    """Where the issuer's description is no good, nothing else is asked."""
    world = World(Source(None, PACE))
    world.publish(
        json.dumps({"issuer": ISS, "jwks_uri": uri}).encode(), where := f"{ISS}/.well-known/openid-configuration"
    )
    world.keeper.start()
    assert world.asked == [where]
    assert world.keeper.failure.startswith("the ")


def test_nowhere_to_ask() -> None:
    """Without a URL, and without an issuer's name, there is nothing to be discovered."""
    with pytest.raises(ValueError, match="nobody knows where to ask for the keys of main"):
        World(Source(None, PACE), replace(ISSUER, rules=Rules()))


def test_log() -> None:
    """One line for each change: keys that come and go, failures that begin, differ and end, keys that grow too old."""
    with logged() as log:
        world = World()
        world.keeper.start()
        world.again()
        assert log.told() == [
            f"warn: main: its keys cannot be fetched: {URL}: no connection; its tokens are refused with 503"
        ]
        world.publish(jwks("a", None))
        world.again()
        assert log.told() == ["info: main: its keys can be fetched again", "info: main: keys new 'a', without a name"]
        world.again()
        assert log.told() == []
        world.publish(b"", status=500)
        world.again()
        world.again()
        assert log.told() == [f"warn: main: its keys cannot be fetched: {URL}: status 500; the 2 it had stay"]
        for _ in range(20):
            world.again()
        assert log.told() == [
            f"warn: main: its keys cannot be fetched: {URL}: status 500; the 2 it had stay, although they should have "
            "been replaced by now"
        ]
        world.publish(json.dumps({"keys": [*(jwk(f"k{number}") for number in range(9)), {"kty": "oct"}]}).encode())
        world.again()
        world.again()
        assert log.told() == [
            "info: main: its keys can be fetched again",
            "info: main: keys new 'k0', 'k1', 'k2', 'k3', 'k4' and 4 more; gone 'a', without a name",
            "warn: main: keys are left out: keys[9]: a symmetric key is not taken from a published set",
        ]
