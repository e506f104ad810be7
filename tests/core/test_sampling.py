"""Which requests are recorded where only a share of them is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.sampling import chosen


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9])
def test_ids_that_are_counted_up_are_chosen_evenly(share: float) -> None:
    """Request ids are a random part and a count; the share comes out whatever the random part is."""
    for prefix in (b"0000000000000000", b"9f86d081884c7d65"):
        hits = sum(chosen(b"%b%016x" % (prefix, number), share) for number in range(100_000))
        assert hits / 100_000 == pytest.approx(share, rel=0.1)


@given(st.binary(max_size=64), st.floats(0, 1), st.floats(0, 1))
def test_it_depends_on_the_id_alone(identity: bytes, one: float, other: float) -> None:
    """The same id is chosen again, at every larger share too; all of them at 1 and none at 0."""
    less, more = sorted((one, other))
    assert not chosen(identity, less) or chosen(identity, more)
    assert chosen(identity, 1.0)
    assert not chosen(identity, 0.0)
