"""API keys: at hand, asked for, remembered for a while."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred, succeed

from gatewayd.core.apikeys import ApiKey, BadKey, hash_key, make_key
from gatewayd.core.proof import IdentityNames
from gatewayd.filters.apikeys import KeyRing
from gatewayd.filters.caller import Caller, Callers

PEPPER = b"pepper, at least 16 bytes"
KEY = make_key(bytes(range(28))).encode()
ID = KEY[3:16].decode()
ENTRY = ApiKey(ID, hash_key(KEY, PEPPER), "acme", "robot", frozenset({"staff"}), frozenset({"a:b"}), expires=1000.0)
CALLERS = Callers(IdentityNames())


class Elsewhere:
    """Another place that has keys, and how often it was asked."""

    def __init__(self, *entries: ApiKey) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self.asked: list[str] = []

    def __call__(self, key_id: str) -> Awaitable[ApiKey | None]:
        """The entry of a key."""
        self.asked.append(key_id)
        return succeed(self.entries.get(key_id))


def found(ring: KeyRing, key: bytes = KEY, now: float = 0.0) -> Caller | str:
    """Whose key it is, or why it is refused."""

    async def find() -> Caller:
        answer = ring.find(key, now)
        return answer if isinstance(answer, Caller) else await answer

    results: list[Caller | str] = []
    Deferred.fromCoroutine(find()).addCallbacks(results.append, lambda failure: results.append(failure.value.why))
    return results[0]


def test_what_a_key_says() -> None:
    """Everything that its entry has, and that it was a key."""
    caller = found(KeyRing([ENTRY], PEPPER, CALLERS))
    assert isinstance(caller, Caller)
    identity = caller.identity
    assert (identity.subject, identity.tenant, identity.method) == ("robot", "acme", "api_key")
    assert (identity.roles, identity.scopes) == ({"staff"}, {"a:b"})
    assert (identity.key_id, identity.expires, identity.issuer) == (ID, 1000.0, None)
    assert KEY.decode() not in repr(caller)


def test_a_caller_is_made_once() -> None:
    """As long as the entry is the same; a replaced one makes another."""
    ring = KeyRing([ENTRY], PEPPER, CALLERS)
    first = found(ring)
    assert found(ring) is first
    ring.replace([replace(ENTRY, user="other")])
    second = found(ring)
    assert isinstance(second, Caller)
    assert (second is first, second.identity.subject) == (False, "other")


def test_expiry() -> None:
    """Judged at every request, also of a caller that was made before."""
    ring = KeyRing([ENTRY], PEPPER, CALLERS)
    assert [isinstance(found(ring, now=now), Caller) for now in (0.0, 999.9, 1000.0)] == [True, True, False]
    assert found(ring, now=1000.0) == "expired"


@pytest.mark.parametrize("elsewhere", [None, Elsewhere()])
def test_replaced(elsewhere: Elsewhere | None) -> None:
    """A key that is taken away lets nobody in from then on."""
    ring = KeyRing([ENTRY], PEPPER, CALLERS, elsewhere)
    assert isinstance(found(ring), Caller)
    ring.replace([])
    assert found(ring) == "unknown"
    ring.replace([ENTRY])
    assert isinstance(found(ring), Caller)


def test_at_hand_is_not_asked_for() -> None:
    """Nor is what is misspelt."""
    elsewhere = Elsewhere()
    ring = KeyRing([ENTRY], PEPPER, CALLERS, elsewhere)
    assert isinstance(ring.find(KEY, 0.0), Caller)
    assert found(ring, KEY[:-1] + b"x") == "malformed"
    assert elsewhere.asked == []


def test_asked_for_and_believed() -> None:
    """For five seconds: then a key that was taken away is gone."""
    elsewhere = Elsewhere(ENTRY)
    ring = KeyRing([], PEPPER, CALLERS, elsewhere)
    assert [isinstance(found(ring, now=now), Caller) for now in (0.0, 1.0, 4.9)] == [True] * 3
    assert elsewhere.asked == [ID]
    elsewhere.entries.clear()
    assert isinstance(found(ring, now=4.99), Caller)
    assert found(ring, now=5.0) == "unknown"
    elsewhere.entries[ID] = ENTRY
    assert found(ring, now=9.9) == "unknown"
    assert isinstance(found(ring, now=10.0), Caller)
    assert elsewhere.asked == [ID] * 3


def test_a_wrong_secret_of_a_key_elsewhere() -> None:
    """Refused, and the entry is remembered for the right one."""
    elsewhere = Elsewhere(ENTRY)
    ring = KeyRing([], PEPPER, CALLERS, elsewhere)
    wrong = make_key(bytes(range(8)) + bytes(20)).encode()
    assert found(ring, wrong) == "wrong"
    assert found(ring, wrong) == "wrong"
    assert isinstance(found(ring), Caller)
    assert elsewhere.asked == [ID]


def test_a_flood_of_invented_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is bounded, and the oldest goes."""
    monkeypatch.setattr("gatewayd.filters.apikeys._MOST_ANSWERS", 3)
    elsewhere = Elsewhere(ENTRY)
    ring = KeyRing([], PEPPER, CALLERS, elsewhere)
    found(ring)
    for number in range(3):
        assert found(ring, make_key(bytes([number]) * 28).encode()) == "unknown"
    assert isinstance(found(ring), Caller)
    assert elsewhere.asked.count(ID) == 2


def test_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The callers that are kept are bounded as well."""
    monkeypatch.setattr("gatewayd.filters.apikeys._MOST_ANSWERS", 1)
    other = make_key(bytes(28)).encode()
    ring = KeyRing([ENTRY, ApiKey(other[3:16].decode(), hash_key(other, PEPPER))], PEPPER, CALLERS)
    first = found(ring)
    assert isinstance(found(ring, other), Caller)
    again = found(ring)
    assert isinstance(again, Caller)
    assert again is not first


def test_refusals_of_keys_name_no_key() -> None:
    """The id only."""
    ring = KeyRing([], PEPPER, CALLERS)
    with pytest.raises(BadKey) as caught:
        ring.find(KEY, 0.0)
    assert (caught.value.key_id, KEY.decode() in str(caught.value)) == (ID, False)
