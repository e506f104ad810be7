"""An issuer's keys, on a clock: when they are fetched, what stays while they cannot be, and who has to wait."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gatewayd.core.tokens.errors import BadToken, NoKeys
from gatewayd.upstream.answer import Answer
from tests.core.tokens.forge import NOW
from tests.upstream.keeping import ISSUER, PACE, URL, World, jwk, jwks, token
from tests.upstream.logs import logged


def test_fetched_before_serving() -> None:
    """The Deferred of the start fires when the keys are installed."""
    world = World()
    world.slow = []
    started = world.keeper.start()
    assert not started.called
    with pytest.raises(NoKeys):
        world.issuers.verify(token("a"), NOW)
    world.slow[0].callback(Answer(200, {}, jwks("a", "b")))
    assert started.called
    assert world.issuers.verify(token("a"), NOW).key_id == "a"
    assert (world.asked, world.refreshes) == ([URL], ["success"])
    assert repr(world.keeper) == "<JwksKeeper main ready>"


def test_started_without_keys() -> None:
    """An issuer that cannot be asked does not keep the gateway from starting; it is asked again, ever more seldom."""
    world = World()
    assert world.keeper.start().called
    assert world.keeper.failure == f"{URL}: no connection"
    waits = []
    for _ in range(8):
        waits.append(world.next())
        world.again()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    world.publish(jwks("a"))
    world.again()
    assert world.kids() == {"a"}
    assert world.keeper.failure == ""
    assert world.refreshes == ["failure"] * 9 + ["success"]


@pytest.mark.parametrize(
    ("fields", "random", "wait"),
    [
        ({}, 0.0, 900),
        ({}, 1.0, 800),
        ({"cache-control": "public, max-age=2000"}, 0.0, 1800),
        ({"cache-control": "max-age=2000", "age": "1000"}, 0.0, 900),
        ({"cache-control": "no-store"}, 0.0, 54),
        ({"cache-control": "max-age=999999"}, 0.0, 4500),
    ],
)
def test_ahead_of_expiry(fields: dict[str, str], random: float, wait: float) -> None:
    """Keys are fetched anew before they are too old, which their issuer may say within bounds."""
    world = World()
    world.random = random
    world.pages[URL] = Answer(200, fields, jwks("a"))
    world.keeper.start()
    world.clock.advance(wait - 1e-6)
    assert len(world.asked) == 1
    world.clock.advance(2e-6)
    assert len(world.asked) == 2


def test_rotation() -> None:
    """What vanished keys verified is forgotten, what others did is not; what was refused is judged again."""
    world = World().start("a", "b")
    world.believe("a")
    world.believe("b")
    world.cache.keep_refused(token("c"), BadToken("unknown_key", "", "main"), NOW)
    world.publish(jwks("b", "c"))
    world.again()
    assert world.kids() == {"b", "c"}
    assert not world.believed("a")
    assert world.believed("b")
    assert world.cache.get(token("c"), NOW) is None


def test_nothing_new() -> None:
    """The same keys in another document, and another order, change nothing."""
    world = World().start("a", "b")
    world.believe("a")
    world.cache.keep_refused(token("x"), BadToken("unknown_key", "", "main"), NOW)
    world.publish(jwks("b", "a", more=1))
    world.again()
    assert world.believed("a")
    assert isinstance(world.cache.get(token("x"), NOW), BadToken)


def test_another_key_of_a_name() -> None:
    """A name stands for another key from now on: what the old one verified is judged again."""
    issuer = replace(ISSUER, algorithms=frozenset({"ES256", "ES384"}))
    world = World(issuer=issuer).start("a", "b")
    world.believe("a")
    world.believe("b")
    world.publish(json.dumps({"keys": [jwk("a", "P-384"), jwk("b")]}).encode())
    world.again()
    assert not world.believed("a")
    assert world.believed("b")


def test_all_of_many_replaced() -> None:
    """Where many keys go at once, all of the issuer's tokens are judged again."""
    kids = [f"k{number}" for number in range(20)]
    world = World().start(*kids, "stays")
    world.believe("stays")
    world.publish(jwks("stays"))
    world.again()
    assert not world.believed("stays")
    assert world.kids() == {"stays"}


def test_kept_while_the_issuer_is_down() -> None:
    """The keys that were fetched last serve on, also when they should have been replaced."""
    world = World().start("a")
    world.pages.clear()
    for _ in range(20):
        world.again()
    assert world.keeper.state.stale(world.clock.seconds())
    assert world.issuers.verify(token("a"), NOW).key_id == "a"


BROKEN = {
    "status": (Answer(500, {}, jwks("b")), f"{URL}: status 500"),
    "redirect": (Answer(302, {"location": "http://169.254.169.254/"}, b""), f"{URL}: status 302"),
    "garbage": (Answer(200, {}, b"<html>"), "this is no JWKS document: it is no JSON object"),
    "other": (Answer(200, {}, b'{"error": "x"}'), "this is no JWKS document: it has no list of keys"),
    "empty": (Answer(200, {}, jwks()), "none of the keys can be used"),
    "useless": (
        Answer(200, {}, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'),
        "none of the keys can be used: keys[0]: a symmetric key is not taken from a published set",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case: str) -> None:
    """An answer that is no set of keys changes nothing; none of them is followed anywhere."""
    page, why = BROKEN[case]
    world = World().start("a")
    world.pages[URL] = page
    world.again()
    assert world.keeper.failure == why
    assert world.kids() == {"a"}
    assert set(world.asked) == {URL}
    assert world.refreshes == ["success", "failure"]


def test_unknown_key() -> None:
    """A token that needs a key which is not there makes one fetch, and waits for it."""
    world = World().start("a")
    world.clock.advance(100)
    world.publish(jwks("a", "b"))
    wanted = world.keeper.wanted()
    assert wanted is not None
    assert wanted.called
    assert world.issuers.verify(token("b"), NOW).key_id == "b"
    assert len(world.clock.getDelayedCalls()) == 1


def test_a_thousand_unknown_keys() -> None:
    """They share one fetch; after it there is none for a while, whoever asks."""
    world = World().start("a")
    world.clock.advance(100)
    world.slow = []
    waiting = [world.keeper.wanted() for _ in range(1000)]
    assert None not in waiting
    assert len(world.slow) == 1
    world.slow[0].callback(Answer(200, {}, jwks("a")))
    assert all(one is not None and one.called for one in waiting)
    for _ in range(1000):
        assert world.keeper.wanted() is None
    world.clock.advance(PACE.cooldown - 1e-6)
    assert world.keeper.wanted() is None
    world.clock.advance(1e-6)
    assert world.keeper.wanted() is not None
    assert len(world.asked) == 3


def test_wanted_while_the_issuer_is_down() -> None:
    """Nobody waits for a fetch that was tried just now; without any keys that is no verdict either."""
    world = World()
    world.keeper.start()
    assert world.keeper.wanted() is None
    with pytest.raises(NoKeys):
        world.issuers.verify(token("a"), NOW)
    world.publish(jwks("a"))
    world.again()
    assert world.issuers.verify(token("a"), NOW).key_id == "a"


def test_who_gives_up() -> None:
    """A client that goes away takes nothing from the others."""
    world = World()
    world.slow = []
    started = world.keeper.start()
    one, two = world.keeper.wanted(), world.keeper.wanted()
    assert one is not None
    assert two is not None
    one.addErrback(lambda _: None)
    one.cancel()
    world.slow[0].callback(Answer(200, {}, jwks("a")))
    assert started.called
    assert two.called
    assert world.kids() == {"a"}


def test_asked_for_by_one_who_waited() -> None:
    """Who finds after a fetch that the key is not there either may ask again at once, and is told no."""
    world = World().start("a")
    world.clock.advance(100)
    told: list[Deferred[None] | None] = []
    wanted = world.keeper.wanted()
    assert wanted is not None
    wanted.addCallback(lambda _: told.append(world.keeper.wanted()))
    assert told == [None]


@pytest.mark.parametrize("when", ["between", "fetching"])
def test_stopped(when: str) -> None:
    """Nothing is fetched any more, what is under way has no effect, and nobody is left waiting."""
    world = World().start("a")
    waiting = None
    if when == "fetching":
        world.clock.advance(100)
        world.slow = []
        waiting = world.keeper.wanted()
    world.keeper.stop()
    assert waiting is None or waiting.called
    assert world.clock.getDelayedCalls() == []
    assert world.keeper.wanted() is None
    assert world.refreshes == ["success"]


def test_our_own_mistake() -> None:
    """A fetch that fails as none may is logged in full, and made again like any other."""
    world = World().start("a")
    world.slow = []
    world.again()
    with logged() as log:
        world.slow[0].errback(Failure(ZeroDivisionError("x")))
        assert log.told()[0] == "error: a fetch of keys failed"
    world.slow = None
    world.publish(jwks("b"))
    world.again()
    assert world.kids() == {"b"}


def test_failures_that_are_cancelled() -> None:
    """What a cancelled call fails with is nobody's trouble."""
    world = World()
    world.slow = []
    world.keeper.start()
    with logged() as log:
        world.keeper.stop()
        world.slow[0].addErrback(lambda _: None)
        assert log.told() == []
    assert world.keeper.failure == ""
