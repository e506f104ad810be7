"""A revocation list that several gateways share by a store."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from gatewayd.core.tokens.identity import Identity
from gatewayd.core.tokens.revocation import Revocations
from gatewayd.stores.interface import Unavailable
from gatewayd.stores.memory import MemoryStore
from gatewayd.stores.revocations import SUBJECTS, TOKENS, SharedRevocations
from tests.app.conftest import log as log

UNTIL = 1000.0


class Flaky(MemoryStore):
    """A store that can be away."""

    away = False

    def above(self, key: bytes, score: float, most: int, skip: int = 0) -> Deferred[list[tuple[bytes, float]]]:
        """See `Store`."""
        return fail(Unavailable("connection", "gone")) if self.away else super().above(key, score, most, skip)

    def add(self, key: bytes, member: bytes, score: float, ttl: float) -> Deferred[None]:
        """See `Store`."""
        return fail(Unavailable("connection", "gone")) if self.away else super().add(key, member, score, ttl)


class World:
    """Some gateways that share a store, and a clock."""

    def __init__(self, most: int = 100) -> None:
        self.clock = Clock()
        self.store = Flaky(self.clock)
        self.lists = [Revocations(most) for _ in range(2)]
        self.gateways = [
            SharedRevocations(self.store, one, 5.0, most, self.clock, self.clock.seconds) for one in self.lists
        ]
        for gateway in self.gateways:
            gateway.start()

    def revoke_token(self, name: str, until: float = UNTIL, issuer: str | None = "main") -> bool | str:
        """At the first gateway."""
        return _result(self.gateways[0].revoke_token(issuer, name, until))

    def revoke_subject(self, name: str, issued: float, until: float = UNTIL) -> bool | str:
        """At the first gateway."""
        return _result(self.gateways[0].revoke_subject("main", name, issued, until))

    def revoked(self, **said: object) -> list[bool]:
        """Whether each gateway refuses a caller."""
        identity = Identity(**{"subject": "ada", "issuer": "main", "token_id": "j", "issued_at": 50.0, **said})  # type: ignore[arg-type]
        return [one.revoked(identity) for one in self.lists]

    def stop(self) -> None:
        """Nothing goes on after it."""
        for gateway in self.gateways:
            gateway.stop()
        assert not self.clock.getDelayedCalls()


def _result(calling: object) -> bool | str:
    """What a call answered, or how it failed."""
    results: list[bool | str] = []
    Deferred.fromCoroutine(calling).addCallbacks(results.append, lambda failure: results.append(failure.value.kind))  # type: ignore[arg-type]
    return results[0]


@pytest.fixture
def world() -> Iterator[World]:
    """Two gateways."""
    one = World()
    yield one
    one.stop()


def test_a_token(world: World) -> None:
    """Is revoked here at once, and by the others when they read: that is how late they may be."""
    assert world.revoke_token("j") is True
    assert world.revoked() == [True, False]
    world.clock.advance(4.9)
    assert world.revoked() == [True, False]
    world.clock.advance(0.2)
    assert world.revoked() == [True, True]
    assert world.revoked(token_id="k") == [False, False]
    assert world.revoked(issuer="other") == [False, False]


@pytest.mark.parametrize(("issued_at", "revoked"), [(49.0, True), (50.0, True), (50.1, False), (None, True)])
def test_a_subject(world: World, issued_at: float | None, *, revoked: bool) -> None:
    """By the time up to which its tokens are not believed; of several, the latest."""
    world.revoke_subject("ada", 50.0)
    world.revoke_subject("ada", 20.0)
    world.clock.advance(5)
    assert world.revoked(issued_at=issued_at) == [revoked, revoked]


def test_what_is_over(world: World) -> None:
    """Is not read any more."""
    world.revoke_token("j", until=3.0)
    world.clock.advance(5)
    assert len(world.lists[1]) == 0


def test_without_an_issuer(world: World) -> None:
    """What API keys and introspection say has none."""
    world.revoke_token("j", issuer=None)
    world.clock.advance(5)
    assert world.revoked(issuer=None) == [True, True]
    assert world.revoked() == [False, False]


def test_a_gateway_that_starts_later(world: World) -> None:
    """Reads at once what there is."""
    world.revoke_token("j")
    late = Revocations(100)
    shared = SharedRevocations(world.store, late, 5.0, 100, world.clock, world.clock.seconds)
    shared.start()
    assert len(late) == 1
    shared.stop()


def test_a_store_that_is_away(world: World, log: list[str]) -> None:
    """What is known stays; whoever revokes hears of it, and has revoked it here; two lines are logged."""
    world.revoke_token("j")
    world.clock.advance(5)
    world.store.away = True
    assert world.revoke_token("k") == "connection"
    for _ in range(3):
        world.clock.advance(5)
    assert world.revoked() == [True, True]
    assert world.revoked(token_id="k") == [True, False]
    world.store.away = False
    for _ in range(2):
        world.clock.advance(5)
    assert log == [
        *["warn: revocations of other gateways cannot be read: gone"] * 2,
        *["info: revocations of other gateways are read again"] * 2,
    ]


JUNK: list[object] = [
    b"",
    b"{",
    b"\xff",
    b"[" * 100_000,
    {"a": 1},
    "text",
    5,
    None,
    [],
    ["main"],
    ["main", 5],
    [["main"], "j"],
    [{}, "j"],
    ["main", ["j"]],
    ["main", "ada", "soon"],
    ["main", "ada", None],
    ["main", "ada", True],
    ["main", "ada", 1, 2],
]


@pytest.mark.parametrize("key", [TOKENS, SUBJECTS])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_the_store(world: World, key: bytes, junk: object) -> None:
    """Is passed over, and what is none of it is still read, now and later."""
    member = junk if isinstance(junk, bytes) else json.dumps(junk).encode()
    world.store.add(key, member, UNTIL - 1, 2000.0)
    world.revoke_token("j")
    world.revoke_subject("bob", 50.0)
    world.clock.advance(5)
    assert len(world.lists[1]) == 2
    world.revoke_token("k")
    world.clock.advance(5)
    assert world.revoked(token_id="k") == [True, True]


def test_more_than_one_call_brings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is read in several."""
    monkeypatch.setattr("gatewayd.stores.revocations._AT_ONCE", 3)
    for number in range(8):
        world.revoke_token(f"j{number}", until=UNTIL + number)
    world.clock.advance(5)
    assert len(world.lists[1]) == 8


def test_no_room(log: list[str]) -> None:
    """Is told to whoever revokes, and logged by who reads."""
    world = World(most=2)
    assert [world.revoke_token(name) for name in "abc"] == [True, True, False]
    world.lists[1].revoke_token("main", "own", UNTIL, 0.0)
    world.clock.advance(5)
    assert len(world.lists[1]) == 2
    assert log == ["error: 1 revocations have no room; make authentication.revocations.most larger"]
    world.stop()


def test_stopped_twice(world: World) -> None:
    """Is stopped."""
    for gateway in world.gateways:
        gateway.stop()
    world.revoke_token("j")
    world.clock.advance(50)
    assert world.revoked() == [True, False]
