"""How long most of the last answers took."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.quantiles import LEAST, MOST, WIDTH, Quantile

SHARES = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999])
SECONDS = st.one_of(st.floats(LEAST, MOST), st.sampled_from([0.001, 0.0011, 0.01, 0.05, 1.0, 30.0]))


def true_quantile(share: float, answers: list[float]) -> float:
    """The least time within which the share came (nearest rank)."""
    return sorted(answers)[ceil(share * len(answers)) - 1]


def remembered(answers: list[float], recent: int) -> list[float]:
    """Those that a quantile still knows of: the window that is filling, and the whole one before it."""
    filling = (len(answers) - 1) % recent + 1
    return answers[max(0, len(answers) - filling - recent) :]


def test_nothing_at_first() -> None:
    """Too few answers tell nothing; from one on that is enough they do."""
    quantile = Quantile(0.95, recent=10, warm=5)
    for _ in range(4):
        quantile.observe(0.1)
        assert quantile.value() is None
    quantile.observe(0.1)
    assert quantile.value() is not None


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.050), (0.9, 0.090), (0.95, 0.095), (0.99, 0.099)])
def test_percentiles(share: float, expected: float) -> None:
    """Of answers between 1 and 100 ms, in whatever order: the percentile, or up to a tenth more."""
    for answers in (range(1, 101), range(100, 0, -1)):
        quantile = Quantile(share)
        for milliseconds in answers:
            quantile.observe(milliseconds / 1000)
        value = quantile.value()
        assert value is not None
        assert expected <= value * (1 + 1e-9) <= expected * (1 + WIDTH) * (1 + 1e-9)


def test_extremes() -> None:
    """What is quicker or slower than can be told apart is counted at the end of the scale."""
    quick, slow = Quantile(0.5, recent=4, warm=1), Quantile(0.5, recent=4, warm=1)
    for _ in range(20):
        for seconds in (0.0, LEAST / 2, LEAST):
            quick.observe(seconds)
        for seconds in (MOST, 1e6):
            slow.observe(seconds)
    assert quick.value() == LEAST
    value = slow.value()
    assert value is not None
    assert MOST <= value <= MOST * (1 + WIDTH)


def test_old_answers_are_forgotten() -> None:
    """After twice as many answers as are recent nothing of what was before counts, whichever way it changed."""
    quantile = Quantile(0.95, recent=50, warm=10)
    for seconds in (1.0, 0.01, 5.0):
        for _ in range(100):
            quantile.observe(seconds)
        value = quantile.value()
        assert value is not None
        assert seconds <= value * (1 + 1e-9) <= seconds * (1 + WIDTH) * (1 + 1e-9)


@given(share=SHARES, recent=st.integers(1, 40), answers=st.lists(SECONDS, min_size=1, max_size=150))
def test_within_a_bucket(share: float, recent: int, answers: list[float]) -> None:
    """At every moment the value is the true one of what is remembered, or up to the width of a bucket more."""
    quantile = Quantile(share, recent=recent, warm=1)
    for number, seconds in enumerate(answers, 1):
        quantile.observe(seconds)
        value = quantile.value()
        assert value is not None
        true = true_quantile(share, remembered(answers[:number], recent))
        assert true * (1 - 1e-9) <= value <= true * (1 + WIDTH) * (1 + 1e-9)
