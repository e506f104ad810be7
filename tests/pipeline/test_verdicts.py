"""Keys in a store, and clients that leave, or whose bodies come, while a verdict is waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from gatewayd.stores.interface import Unavailable
from gatewayd.stores.memory import MemoryStore
from tests.app.conftest import log as log
from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, PEPPER, Gate, bearer, configured
from tests.pipeline.test_authentication import ACTIVE, ASKING, JWKS, published, signed
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import START, ok

ALL = "path: '/**', service: main"
REDIS = configured(ALL, f"api_keys: {{pepper: '{PEPPER}', redis: true}}", "redis: {address: 127.0.0.1}")

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
def test_junk_in_a_store(tmp_path: Path, entry: object, log: list[str]) -> None:
    """What is no entry lets nobody in, and is no error of ours either; the log says which key it is about."""
    gate = stored(tmp_path, entry)
    assert gate.call(KEY_LINE) == "invalid-api-key"
    warned = [line for line in log if "in the store" in line]
    assert len(warned) == 1
    assert f"the API key {KEY_ID} in the store lets nobody in" in warned[0]
    assert KEY_HASH not in warned[0]
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
