"""The hash ring: which keys move, how many a target has, and how load is bounded."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.balance import HashRing
from gatewayd.core.balance.ring import POINTS, place, points
from tests.core.test_balance import Dice, Target, targets

KEYS = [b"client-%d" % number for number in range(1000)]


def ring(candidates: list[Target], bounded: float | None = None) -> HashRing[Target]:
    """A ring of these."""
    made = HashRing[Target](Dice(0.0, 0.9), bounded)
    made.rebuild(candidates)
    return made


def owners(of: HashRing[Target]) -> dict[bytes, Target]:
    """Whom each key falls to."""
    return {key: of.pick(key, 0.0) for key in KEYS}


weights = st.lists(st.integers(1, 8), min_size=2, max_size=8)


def test_the_same_in_every_process() -> None:
    """Points and keys are hashed in a way that stays: restarts and other gateways agree."""
    of = ring([Target(f"http://10.0.0.{last}:8080") for last in range(1, 5)])
    assert "".join(of.pick(key, 0.0).name[14] for key in KEYS[:16]) == "1413134322422442"


def test_no_key_goes_anywhere() -> None:
    """Requests without one are divided at random, by weight."""
    of = ring(targets(1, 3))
    assert [of.pick(None, 0.0).name for _ in range(2)] == ["t0", "t1"]
    assert of.pick(b"", 0.0) is of.pick(b"", 0.0)


@settings(max_examples=25)
@given(weights, st.data())
def test_only_the_keys_of_one_that_leaves_move(given_weights: list[int], data: st.DataObject) -> None:
    """Whatever its weight, and in whatever order the others are."""
    candidates = targets(*given_weights)
    of = ring(candidates)
    before = owners(of)
    gone = data.draw(st.sampled_from(candidates))
    of.rebuild(data.draw(st.permutations([candidate for candidate in candidates if candidate is not gone])))
    assert all(after is before[key] for key, after in owners(of).items() if before[key] is not gone)
    of.rebuild(candidates)
    assert owners(of) == before


@settings(max_examples=25)
@given(weights)
def test_only_one_that_joins_gains(given_weights: list[int]) -> None:
    """As long as it is not the heaviest by far."""
    candidates = [*targets(*given_weights), Target("heaviest", 8)]
    of = ring(candidates)
    before = owners(of)
    new = Target("new", 8)
    of.rebuild([*candidates, new])
    after = owners(of)
    assert all(after[key] in (before[key], new) for key in KEYS)
    gained = sum(owner is new for owner in after.values()) / len(KEYS)
    assert gained == pytest.approx(8 / (sum(given_weights) + 16), rel=0.6)


@pytest.mark.parametrize("given_weights", [(1,) * 10, (1, 2, 3, 4), (50, 100), (1000, 1000)])
def test_shares(given_weights: tuple[int, ...]) -> None:
    """Each has about its share of the keys."""
    got = Counter(owner.name for owner in owners(ring(targets(*given_weights))).values())
    for index, weight in enumerate(given_weights):
        assert got[f"t{index}"] / len(KEYS) == pytest.approx(weight / sum(given_weights), rel=0.35)


def test_the_lightest_has_a_point() -> None:
    """However heavy the others are."""
    light, heavy = Target("light", 1), Target("heavy", 1000)
    assert light in owners(ring([light, heavy])).values()


def test_a_target_that_is_far_is_found() -> None:
    """A light target has few points, and may still be the only one with room."""
    light, heavy = Target("light", 1), Target("heavy", 1000)
    assert ring([light, heavy]).other((heavy,), b"key", 0.0) is light
    heavy.active = 1002
    assert ring([light, heavy], 1.0).pick(b"key", 0.0) is light


def test_the_ring_is_closed() -> None:
    """A key falls to the next point behind its place, one behind the last point to the first; so does the walk on."""
    first, second = targets(1, 1)
    all_points = {point: target for target in (first, second) for point in points(target.name, POINTS)}
    assert len(all_points) == 2 * POINTS
    of = ring([first, second])
    for key in KEYS:
        nearest = min(all_points, key=lambda point: (point - place(key) - 1) % 2**64)
        assert of.pick(key, 0.0) is all_points[nearest]
        assert of.other((first,), key, 0.0) is second
    assert any(place(key) > max(all_points) for key in KEYS)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=8),
    st.floats(1.0, 3.0),
    st.lists(st.sampled_from(KEYS[:5]), max_size=120),
)
def test_load_is_bounded(given_weights: list[int], bounded: float, keys: list[bytes]) -> None:
    """Few keys, many requests: nobody has more than its bounded share of them, rounded up."""
    candidates = targets(*given_weights)
    of = ring(candidates, bounded)
    for number, key in enumerate(keys, 1):
        picked = of.pick(key, 0.0)
        picked.active += 1
        fair = number * picked.weight / sum(given_weights)
        assert picked.active <= ceil(bounded * fair + 1e-9)
    assert sum(candidate.active for candidate in candidates) == len(keys)


@settings(max_examples=40)
@given(weights, st.lists(st.one_of(st.sampled_from(KEYS[:3]), st.none()), max_size=120), st.data())
def test_load_is_bounded_while_requests_end(
    given_weights: list[int], events: list[bytes | None], data: st.DataObject
) -> None:
    """A bound may be out of date by as many picks as there are targets, no more. None: a request ends."""
    candidates = targets(*given_weights)
    of = ring(candidates, 1.25)
    seen = [0]  # in flight at each pick
    for key in events:
        if key is not None:
            picked = of.pick(key, 0.0)
            picked.active += 1
            seen.append(sum(candidate.active for candidate in candidates))
            most = max(seen[-len(candidates) :]) + len(candidates)
            assert picked.active <= ceil(1.25 * most * picked.weight / sum(given_weights) + 1e-9)
        elif busy := [candidate for candidate in candidates if candidate.active]:
            data.draw(st.sampled_from(busy)).active -= 1


def test_a_full_target_passes_its_keys_on() -> None:
    """To the next on the ring, always the same; and has them back when there is room."""
    candidates = targets(1, 1, 1, 1)
    of = ring(candidates, 1.25)
    usual = of.pick(b"key", 0.0)
    usual.active = 10
    of.rebuild(candidates)
    second = of.pick(b"key", 0.0)
    assert second is not usual
    assert [of.pick(b"key", 0.0) for _ in range(8)] == [second] * 8
    assert second is ring(candidates).other((usual,), b"key", 0.0)
    usual.active = 0
    of.rebuild(candidates)
    assert of.pick(b"key", 0.0) is usual


def test_without_a_bound_load_does_not_matter() -> None:
    """A key stays with its target."""
    candidates = targets(1, 1)
    of = ring(candidates)
    usual = of.pick(b"key", 0.0)
    usual.active = 1000
    assert of.pick(b"key", 0.0) is usual


def test_where_nobody_has_room() -> None:
    """Requests that were placed elsewhere may have filled all: a key keeps its target then."""
    candidates = targets(1, 1)
    of = ring(candidates, 1.0)
    usual = of.pick(b"key", 0.0)
    for candidate in candidates:
        candidate.active = 5
    assert of.pick(b"key", 0.0) is usual
    assert of.other((usual,), b"key", 0.0) in set(candidates) - {usual}


def test_another_target_is_the_next_on_the_ring() -> None:
    """So that second attempts of one key meet again; rather one that has room."""
    candidates = targets(1, 1, 1, 1)
    of = ring(candidates, 1.25)
    usual = of.pick(b"key", 0.0)
    second = of.other((usual,), b"key", 0.0)
    assert second is not None
    assert of.other((usual,), b"key", 0.0) is second
    of.rebuild([candidate for candidate in candidates if candidate is not usual])
    assert of.pick(b"key", 0.0) is second
    second.active = 9
    of.rebuild(candidates)
    third = of.other((usual,), b"key", 0.0)
    assert third not in (usual, second, None)
