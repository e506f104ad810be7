"""The arithmetic of error budgets, and the page that explains it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.monitoring import Settings
from gatewayd.monitoring.slo import PAGING, TICKETS, Burn, burning, minutes
from tests.monitoring.tools import ROOT, SETTINGS

PAGE = (ROOT / "docs" / "slo.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("burn", "spent"), [*zip((*PAGING, *TICKETS), map(Decimal, ("0.02", "0.05", "0.1", "0.1")), strict=True)]
)
def test_a_pair_tells_when_so_much_of_the_budget_is_gone(burn: Burn, spent: Decimal) -> None:
    """2 % and 5 % page, 10 % are a ticket; the short window is a twelfth of the long one."""
    assert burn.spent == spent
    assert minutes(burn.long) == 12 * minutes(burn.short)


def test_the_page_has_the_numbers_of_the_rules() -> None:
    """Its table is made of the pairs and the default objectives."""
    rows = []
    for what, pairs in (("page", PAGING), ("ticket", TICKETS)):
        for burn in pairs:
            failing, slow = (
                f"{(burn.rate * (1 - share) * 100).normalize():f} %" for share in (SETTINGS.availability, SETTINGS.fast)
            )
            spent = f"{(burn.spent * 100).normalize():f} % of the budget is gone"
            rate = f"{burn.rate.normalize():f}"
            rows.append(f"| {what} | {spent} | {burn.long} | {rate} | {failing} | {slow} | {burn.short} |")
    assert "\n".join(rows) in PAGE


@pytest.mark.parametrize("percentage", ["99", "99.5", "99.9", "99.95", "99.99"])
def test_the_page_says_how_long_everything_may_fail(percentage: str) -> None:
    """The budget of 30 days in minutes, or hours and minutes."""
    share = 1 - Decimal(percentage) / 100
    whole = share * 30 * 24 * 60
    text = f"{whole:.1f} min" if whole < 60 else f"{int(whole // 60)} h {int(whole % 60)} min"
    assert f"| {percentage} % | {(share * 100).normalize():f} % | {text} |" in PAGE


@given(st.decimals("0.5", "0.99999", places=5))
def test_limits_are_written_without_loss(availability: Decimal) -> None:
    """An objective of any share becomes limits that PromQL reads as exactly that."""
    settings = Settings(availability=availability)
    assert Decimal(settings.availability_budget) == 1 - availability
    assert "E" not in settings.availability_budget
    assert f"E1h > 14.4 * {settings.availability_budget} and" in burning(PAGING, "E", settings.availability_budget)
