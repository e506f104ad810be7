"""Revocations: who is believed no more, for how long, and what happens when the list is full."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tokens.identity import Identity
from gatewayd.core.tokens.revocation import Revocations, Snapshot
from tests.core.tokens.forge import NOW

ADA = Identity("ada", issuer="main", token_id="j1", issued_at=NOW - 10, expires=NOW + 50)
END = NOW + 110.0


def test_nothing_is_revoked_at_first() -> None:
    """An empty list revokes nobody, named or not."""
    assert not Revocations(10).revoked(ADA)
    assert not Revocations(10).revoked(Identity(None))


def test_tokens() -> None:
    """One token of one issuer, and no other."""
    revocations = Revocations(10)
    assert revocations.revoke_token("main", "j1", END, NOW)
    assert revocations.revoked(ADA)
    for other in ({"token_id": "j2"}, {"token_id": None}, {"issuer": "other"}, {"issuer": None}):
        assert not revocations.revoked(replace(ADA, **other))


@pytest.mark.parametrize(
    ("issued_at", "revoked"), [(NOW - 10, True), (NOW, True), (NOW + 0.5, False), (NOW + 1, False), (None, True)]
)
def test_subjects(issued_at: float | None, revoked: bool) -> None:
    """What was issued up to then; a token that does not say when may be from before."""
    revocations = Revocations(10)
    assert revocations.revoke_subject("main", "ada", NOW, END, NOW)
    assert revocations.revoked(replace(ADA, issued_at=issued_at)) is revoked
    for other in ({"subject": "bob"}, {"subject": None}, {"issuer": "other"}):
        assert not revocations.revoked(replace(ADA, issued_at=issued_at, **other))


def test_later_revocations_do_not_weaken_earlier_ones() -> None:
    """The later time of issue counts, and the longer memory."""
    revocations = Revocations(10)
    revocations.revoke_subject("main", "ada", NOW, END, NOW)
    revocations.revoke_subject("main", "ada", NOW - 100, END - 50, NOW)
    revocations.revoke_token("main", "j1", END, NOW)
    revocations.revoke_token("main", "j1", END - 50, NOW)
    assert revocations.snapshot() == Snapshot({("main", "j1"): END}, {("main", "ada"): (NOW, END)})


def test_sweeping() -> None:
    """What has expired by itself needs no revocation; until then it does."""
    revocations = Revocations(10)
    revocations.revoke_token("main", "j1", END, NOW)
    revocations.revoke_subject("main", "bob", NOW, END + 10, NOW)
    revocations.sweep(END - 0.1)
    assert len(revocations) == 2
    assert revocations.revoked(ADA)
    revocations.sweep(END)
    assert (len(revocations), revocations.revoked(ADA)) == (1, False)
    revocations.sweep(END + 10)
    assert len(revocations) == 0


def test_full() -> None:
    """One more than there is room for is refused, and nothing is forgotten for it."""
    revocations = Revocations(2)
    assert revocations.revoke_token("main", "j1", END, NOW)
    assert revocations.revoke_subject("main", "bob", NOW, END + 10, NOW)
    assert not revocations.revoke_token("main", "j2", END, NOW)
    assert not revocations.revoke_subject("main", "eve", NOW, END, NOW)
    assert revocations.revoke_token("main", "j1", END, NOW)  # those on the list stay there
    assert revocations.revoke_subject("main", "bob", NOW + 1, END + 10, NOW)
    assert revocations.revoked(ADA)
    assert revocations.revoke_token("main", "j2", END + 50, END)  # the first has expired
    assert not revocations.revoked(ADA)
    assert len(revocations) == 2


def test_merging() -> None:
    """What another gateway revoked is revoked here, what has expired meanwhile is not taken up."""
    there = Revocations(10)
    there.revoke_token("main", "j1", END, NOW)
    there.revoke_token("main", "old", NOW - 1, NOW - 10)
    there.revoke_subject(None, "ada", NOW, END, NOW)
    there.revoke_subject("main", "old", NOW - 100, NOW, NOW - 50)
    here = Revocations(10)
    assert here.merge(there.snapshot(), NOW) == 0
    assert here.snapshot() == Snapshot({("main", "j1"): END}, {(None, "ada"): (NOW, END)})
    assert here.revoked(ADA)
    assert here.merge(Snapshot(), NOW) == 0
    assert Revocations(1).merge(there.snapshot(), NOW) == 1


def test_a_snapshot_is_a_copy() -> None:
    """What is revoked later is not in it."""
    revocations = Revocations(10)
    before = revocations.snapshot()
    revocations.revoke_token("main", "j1", END, NOW)
    assert before == Snapshot()


names = st.tuples(st.sampled_from([None, "main"]), st.sampled_from("abc"))
times = st.integers(NOW + 1, NOW + 5).map(float)
snapshots = st.builds(
    Snapshot, st.dictionaries(names, times, max_size=4), st.dictionaries(names, st.tuples(times, times), max_size=4)
)


@given(first=snapshots, second=snapshots)
def test_merging_in_any_order(first: Snapshot, second: Snapshot) -> None:
    """Gateways that exchange what they know come to know the same."""
    one, two = Revocations(100), Revocations(100)
    for snapshot in (first, second, first):
        one.merge(snapshot, NOW)
    for snapshot in (second, first):
        two.merge(snapshot, NOW)
    assert one.snapshot() == two.snapshot()


@given(snapshot=snapshots, most=st.integers(0, 5))
def test_bounds(snapshot: Snapshot, most: int) -> None:
    """Never more than there is room for, and whatever had none is counted."""
    revocations = Revocations(most)
    refused = revocations.merge(snapshot, NOW)
    assert len(revocations) <= most
    assert len(revocations) + refused == len(snapshot.tokens) + len(snapshot.subjects)
