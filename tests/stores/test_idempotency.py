"""Keys in this process, and what becomes of them while a shared store is away."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from gatewayd.core.idempotency import Event, Found
from gatewayd.stores import MemoryStore, Reply, Script
from gatewayd.stores.idempotency import Claim, Keys, OnFailure
from gatewayd.stores.idempotency.keys import PREFIX
from gatewayd.stores.idempotency.local import ROUND
from gatewayd.stores.interface import Argument, Unavailable
from tests.stores.limits import HeldStore

LEASE, TTL = 30.0, 3600.0
SAME, DIFFERENT = b"s" * 32, b"d" * 32


class Gateway:
    """One process that keeps keys; several of them may share a clock and a store."""

    def __init__(
        self, store: Any = None, clock: Clock | None = None, most_bytes: int = 1 << 20, most: int = 100
    ) -> None:
        self.clock = Clock() if clock is None else clock
        self.keys = Keys(store, self.clock, self.clock.seconds, most_bytes, most)

    def ask(
        self, key: bytes = b"k", fingerprint: bytes = SAME, on_failure: OnFailure = "local"
    ) -> tuple[str, Claim, Found]:
        """What a request finds, which is known at once."""
        claim = Claim(key, fingerprint, LEASE, on_failure)
        found = self.keys.claim(claim)
        if not isinstance(found, Found):
            results: list[Found] = []
            found.addCallback(results.append)
            (found,) = results
        return found.kind, claim, found

    def kind(self, key: bytes = b"k", fingerprint: bytes = SAME, on_failure: OnFailure = "local") -> str:
        """What kind of thing it finds; who is to go comes to nothing and says so."""
        kind, claim, _ = self.ask(key, fingerprint, on_failure)
        if kind == "go":
            self.keys.settle(claim, Event.RELEASE, 0.0)
        return kind

    def answered(self, key: bytes = b"k", data: bytes = b"answer") -> None:
        """A request is answered."""
        kind, claim, _ = self.ask(key)
        assert kind == "go"
        self.keys.settle(claim, Event.ANSWER, TTL, data)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, a second at a time."""
        self.clock.pump([1.0] * int(seconds))


@pytest.fixture(params=["alone", "shared"])
def gateways(request: pytest.FixtureRequest) -> tuple[Gateway, Gateway]:
    """One gateway under two names, or two that share a store."""
    if request.param == "alone":
        one = Gateway()
        return one, one
    clock = Clock()
    store = MemoryStore(clock)
    return Gateway(store, clock), Gateway(store, clock)


def test_answered(gateways: tuple[Gateway, Gateway]) -> None:
    """What one was answered every other one finds, until it expires."""
    one, other = gateways
    one.answered()
    assert other.ask()[2] == Found("answer", 0.0, b"answer")
    assert other.kind(fingerprint=DIFFERENT) == "other"
    assert other.kind(b"another") == "go"
    one.clock.advance(TTL - 1)
    assert other.kind() == "answer"
    one.clock.advance(1)
    assert other.kind() == "go"


@pytest.mark.parametrize(("event", "found"), [(Event.FORGO, "unkept"), (Event.LOSE, "lost"), (Event.RELEASE, "go")])
def test_not_answered(gateways: tuple[Gateway, Gateway], event: Event, found: str) -> None:
    """Nor is anybody in doubt about what else became of it."""
    one, other = gateways
    _, claim, _ = one.ask()
    assert other.kind() == "busy"
    one.keys.settle(claim, event, LEASE)
    assert other.kind() == found
    one.clock.advance(LEASE)
    assert other.kind() == "go"


def test_renewed(gateways: tuple[Gateway, Gateway]) -> None:
    """A request that takes long keeps its key for as long as its gateway lives; afterwards nothing is renewed."""
    one, other = gateways
    _, claim, _ = one.ask()
    one.pass_time(10 * LEASE)
    assert other.kind() == "busy"
    assert repr(claim) == f"<Claim {claim.holder.hex()}>"
    one.keys.settle(claim, Event.LOSE, LEASE)
    one.pass_time(LEASE)
    assert other.kind() == "go"
    assert one.clock.getDelayedCalls() == []


def test_died(gateways: tuple[Gateway, Gateway]) -> None:
    """A gateway that dies keeps the key for the rest of its lease; who comes back too late changes nothing."""
    one, other = gateways
    _, claim, _ = one.ask()
    claim.forget()
    one.clock.advance(LEASE)
    kind, second, _ = other.ask()
    assert kind == "go"
    one.keys.settle(claim, Event.ANSWER, TTL, b"late")
    assert other.kind() == "busy"
    other.keys.settle(second, Event.ANSWER, TTL, b"second")
    assert one.ask()[2].data == b"second"


def test_too_many() -> None:
    """What is under way makes room for nobody; and what was is forgotten."""
    gateway = Gateway(most=3)
    gateway.keys.start()
    claims = [gateway.ask(b"%d" % number)[1] for number in range(3)]
    assert gateway.kind(b"3") == "unavailable"
    gateway.keys.settle(claims[0], Event.ANSWER, TTL, b"answer")
    assert gateway.kind(b"3") == "go"
    for claim in claims[1:]:
        claim.forget()
    for seconds, left in ((LEASE, 1), (TTL, 0)):
        gateway.clock.advance(seconds)
        gateway.clock.pump([0.125] * int(ROUND * 8))
        assert len(gateway.keys.local.claims) == 0
        assert len(gateway.keys.local.answers) == left
    gateway.keys.stop()
    gateway.keys.stop()
    assert gateway.clock.getDelayedCalls() == []


def test_memory_is_bounded() -> None:
    """The answers that were kept first make room; what is under way does not."""
    gateway = Gateway(most_bytes=100_000)
    _, claim, _ = gateway.ask(b"under way")
    for number in range(50):
        gateway.answered(b"%d" % number, b"x" * 10_000)
    assert gateway.keys.local.answers.size <= 100_000
    assert gateway.kind(b"0") == "go"
    assert gateway.kind(b"49") == "answer"
    assert gateway.kind(b"under way") == "busy"
    gateway.keys.settle(claim, Event.ANSWER, TTL, b"x" * 20_000)  # too large to be kept
    assert gateway.kind(b"under way") == "unkept"


class Failing(HeldStore):
    """A store that does what it is asked for, and cannot say so."""

    mute = False

    def run(self, script: Script, key: bytes, *args: Argument) -> Deferred[Reply]:
        """See `Store`."""
        done = super().run(script, key, *args)
        if self.mute:
            done.addErrback(lambda _: None)
            return fail(Unavailable("timeout", "no answer"))
        return done


@pytest.fixture
def pair() -> tuple[Gateway, Gateway, Failing]:
    """Two gateways, and the store that they share."""
    clock = Clock()
    store = Failing(clock)
    return Gateway(store, clock), Gateway(store, clock), store


@pytest.mark.parametrize("how", ["down", "failing"])
@pytest.mark.parametrize(("on_failure", "found"), [("local", "go"), ("allow", "pass"), ("deny", "unavailable")])
def test_away(pair: tuple[Gateway, Gateway, Failing], how: str, on_failure: OnFailure, found: str) -> None:
    """While the store is away it is as the route says."""
    one, _, store = pair
    if how == "down":
        store.up = False
    else:
        store.failing = True
    assert one.kind(on_failure=on_failure) == found


def test_while_away(pair: tuple[Gateway, Gateway, Failing]) -> None:
    """What one gateway answered meanwhile it goes on answering; the others do not know of it."""
    one, other, store = pair
    store.up = False
    one.answered()
    assert one.kind() == "answer"
    assert other.kind() == "go"
    store.up = True
    assert one.kind() == "answer"
    assert one.kind(fingerprint=DIFFERENT) == "other"
    assert other.kind() == "go"
    one.clock.advance(TTL)
    assert one.kind() == "go"


def test_back_in_time(pair: tuple[Gateway, Gateway, Failing]) -> None:
    """What began while it was away, and ends when it is back, all may know."""
    one, other, store = pair
    store.up = False
    _, claim, _ = one.ask()
    store.up = True
    one.keys.settle(claim, Event.ANSWER, TTL, b"answer")
    assert other.ask()[2].data == b"answer"
    assert one.ask()[2].data == b"answer"


@pytest.mark.parametrize("how", ["down", "failing"])
def test_gone_meanwhile(pair: tuple[Gateway, Gateway, Failing], how: str) -> None:
    """An answer that the store could not be told is kept here; the others find the key taken until the lease ends."""
    one, other, store = pair
    _, claim, _ = one.ask()
    if how == "down":
        store.up = False
    else:
        store.failing = True
    told = one.keys.settle(claim, Event.ANSWER, TTL, b"answer")
    assert told is None or told.called
    store.up, store.failing = True, False
    assert one.ask()[2].data == b"answer"
    assert other.kind() == "busy"
    one.clock.advance(LEASE)
    assert other.kind() == "go"


def test_done_in_silence(pair: tuple[Gateway, Gateway, Failing]) -> None:
    """A claim that the store has without having said so is this gateway's own, and is settled there as well."""
    one, other, store = pair
    store.mute = True
    kind, claim, _ = one.ask()
    assert kind == "go"
    store.mute = False
    assert other.kind() == "busy"
    one.keys.settle(claim, Event.RELEASE, 0.0)
    assert other.kind() == "go"
    assert one.kind() == "go"


def test_garbled(pair: tuple[Gateway, Gateway, Failing]) -> None:
    """What somebody else wrote into the store is as good as no store."""
    one, _, store = pair
    store.set(PREFIX + b"k", b"nonsense")
    assert one.kind(on_failure="deny") == "unavailable"
    assert one.kind(on_failure="local") == "go"


def test_given_up(pair: tuple[Gateway, Gateway, Failing]) -> None:
    """Who waits for the store no longer has claimed nothing, and asks nobody else."""
    one, _, store = pair
    store.holding = True
    found = one.keys.claim(Claim(b"k", SAME, LEASE, "local"))
    assert isinstance(found, Deferred)
    results: list[Found] = []
    found.addCallback(results.append)
    found.cancel()
    assert results == [Found("unavailable")]
    assert one.clock.getDelayedCalls() == []
