"""What is told of things that happen again and again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.repeats import MOST_KEYS, Repeats


def test_the_first_few_are_told_and_the_others_counted() -> None:
    """`most` of an interval, both sides of its end; then the count, once, and everything begins anew."""
    repeats = Repeats(2, 60.0)
    assert [repeats.admit("a", 1, 100.0) is not None for _ in range(5)] == [True, True, False, False, False]
    assert repeats.over(159.9) == []
    assert repeats.admit("a", 1, 159.9) is None
    (ended,) = repeats.over(160.0)
    assert (ended.name, ended.suppressed) == ("a", 4)
    assert repeats.over(160.0) == []
    assert repeats.admit("a", 1, 160.0) is not None


def test_what_was_all_told_has_no_sum() -> None:
    """Nothing was left out, so there is nothing to say; and nothing is remembered."""
    repeats = Repeats(2, 60.0)
    repeats.admit("a", 1, 0.0)
    assert repeats.over(60.0) == []
    assert repeats.rest() == []


def test_names_and_keys_do_not_hide_one_another() -> None:
    """Each name and key has its own count, and its own interval."""
    repeats = Repeats(1, 10.0)
    assert all(repeats.admit(name, key, 0.0) for name in "ab" for key in (1, 2))
    assert repeats.admit("c", 1, 5.0)
    assert not repeats.admit("c", 1, 6.0)
    assert not repeats.admit("a", 1, 6.0)
    assert [ended.name for ended in repeats.over(10.0)] == ["a"]
    assert [ended.name for ended in repeats.over(15.0)] == ["c"]


def test_keys_without_end_are_one() -> None:
    """Beyond the bound all further keys of a name count as one; another name is not touched."""
    repeats = Repeats(1, 60.0)
    assert sum(repeats.admit("a", key, 0.0) is not None for key in range(MOST_KEYS * 4)) == MOST_KEYS + 1
    assert repeats.admit("b", 1, 0.0) is not None
    (ended,) = repeats.over(60.0)
    assert ended.suppressed == MOST_KEYS * 3 - 1


def test_no_limit() -> None:
    """With 0 everything is told."""
    repeats = Repeats(0, 60.0)
    assert all(repeats.admit("a", 1, 0.0) for _ in range(1000))
    assert repeats.over(60.0) == repeats.rest() == []


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.floats(0, 30)), max_size=200),
)
def test_nothing_is_lost_uncounted(most: int, steps: list[tuple[str, int, float]]) -> None:
    """Whatever happens when: told and counted together are what happened, and an interval has no more than `most`."""
    repeats, now, told, counted = Repeats(most, 60.0), 0.0, 0, 0
    times: dict[tuple[str, int], list[float]] = {}
    for name, key, later in steps:
        now += later
        counted += sum(ended.suppressed for ended in repeats.over(now))
        if repeats.admit(name, key, now):
            told += 1
            times.setdefault((name, key), []).append(now)
    counted += sum(left.suppressed for left in repeats.rest())
    assert told + counted == len(steps)
    for moments in times.values():
        assert all(later - earlier >= 30.0 for earlier, later in zip(moments, moments[2 * most :], strict=False))
