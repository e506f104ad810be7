"""Membership: what changes when others are found, and when to look again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.membership import Found, next_lookup, plan, ranks, share

places = st.sampled_from(
    [Found("10.0.0.1", 80), Found("10.0.0.1", 81), Found("::1", 80), Found("api", 80), Found(path="/run/a")]
)
found = st.builds(replace, places, weight=st.integers(1, 3), priority=st.integers(0, 2))


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (Found("10.0.0.1", 80), "http://10.0.0.1:80"),
        (Found("fd00::1", 8080, weight=3), "http://[fd00::1]:8080"),
        (Found(path="/run/app.sock", priority=1), "unix:/run/app.sock"),
    ],
)
def test_url(target: Found, url: str) -> None:
    """The address alone, in one form."""
    assert target.url == url


def test_plan() -> None:
    """Who comes, goes, changes and stays."""
    stays, changes, goes, comes = (Found("10.0.0.1", port) for port in (1, 2, 3, 4))
    changed = replace(changes, weight=5)
    result = plan({one.url: one for one in (stays, changes, goes)}, [comes, changed, stays])
    assert (result.added, result.removed, result.changed, result.kept) == (
        (comes,),
        (goes,),
        ((changes, changed),),
        (stays,),
    )
    assert not result.nothing
    assert plan({stays.url: stays}, [stays, stays]).nothing


@pytest.mark.parametrize("new", [{"weight": 2}, {"priority": 1}])
def test_only_weight_or_priority(new: dict[str, int]) -> None:
    """Either is a change of the same target."""
    target = Found("10.0.0.1", 80)
    changed = replace(target, **new)  # type: ignore[arg-type]  # a name of a field and a number
    result = plan({target.url: target}, [changed])
    assert result.changed == ((target, changed),)
    assert not result.nothing
    assert not result.added
    assert not result.removed


@given(st.lists(found), st.lists(found))
def test_a_plan_leads_there(before: list[Found], after: list[Found]) -> None:
    """Carrying it out gives what was found, the first of each address, and touches no one twice."""
    current = {one.url: one for one in before}
    wanted = {one.url: one for one in reversed(after)}
    result = plan(current, after)
    carried_out = {one.url: one for one in (*result.kept, *result.added, *(new for _, new in result.changed))}
    assert carried_out == wanted
    gone = {one.url for one in result.removed}
    assert gone == set(current) - set(wanted)
    assert len(result.kept) + len(result.changed) + len(gone) == len(current)
    assert all(current[old.url] == old for old, _ in result.changed)
    assert result.nothing == (current == wanted)


def test_ranks() -> None:
    """The lowest SRV priority is the first group, whatever its number."""
    assert ranks([20, 10, 20, 65535, 10]) == {10: 0, 20: 1, 65535: 2}
    assert ranks([]) == {}


@pytest.mark.parametrize(("weight", "expected"), [(0, 1), (1, 1), (65535, 65535)])
def test_share(weight: int, expected: int) -> None:
    """A weight of 0 still gets a little."""
    assert share(weight) == expected


@pytest.mark.parametrize(
    ("ttls", "random", "seconds"),
    [
        ([30, 20, 60], 0.0, 20.0),
        ([30, 20, 60], 1.0, 18.0),
        ([30, 20, 60], 0.5, 19.0),
        ([0], 0.0, 5.0),
        ([4], 0.0, 5.0),
        ([5], 1.0, 5.0),
        ([86400], 0.0, 300.0),
        ([86400], 1.0, 270.0),
        ([], 0.0, 5.0),
    ],
)
def test_next_lookup(ttls: list[int], random: float, seconds: float) -> None:
    """The lowest TTL within bounds, a little earlier by chance."""
    assert next_lookup(ttls, least=5.0, most=300.0, random=random) == pytest.approx(seconds)
