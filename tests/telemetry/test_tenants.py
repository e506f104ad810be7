"""Requests by tenant: series for the heavy ones, that count exactly and never fall."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gatewayd.telemetry.collector import Labels
from gatewayd.telemetry.tenants import HALVE_EVERY, OTHER, REVIEW_EVERY, TenantMetrics


class Books:
    """A gateway's tenants, with `most` series."""

    def __init__(self, most: int) -> None:
        self.capped = 0
        self.left: list[str] = []
        self.tenants = TenantMetrics(most, self._cap, self.left.append)

    def _cap(self, times: int) -> None:
        self.capped += times

    def ask(self, tenant: str, times: int) -> None:
        """So many requests of a tenant."""
        for _ in range(times):
            self.tenants.seen(tenant)

    def review(self, times: int = 1) -> None:
        """Let so many minutes pass."""
        for _ in range(REVIEW_EVERY * times):
            self.tenants.tick()

    def rows(self) -> dict[Labels, float]:
        """A scrape."""
        return {row[0]: row[1] for row in self.tenants.rows() if isinstance(row[1], int)}


def test_the_first_tenants_have_series() -> None:
    """The others are counted together, and each of their requests as one that had no label of its own."""
    books = Books(2)
    for tenant, times in (("a", 2), ("b", 1), ("c", 3), ("d", 4)):
        books.ask(tenant, times)
    assert books.rows() == {("a",): 2, ("b",): 1, (OTHER,): 7}
    assert books.capped == 7


def test_few_tenants_make_no_others() -> None:
    """There is no such series before it is needed."""
    books = Books(2)
    books.ask("a", 1)
    assert books.rows() == {("a",): 1}


def test_a_heavier_tenant_takes_over() -> None:
    """Within a minute: the lightest loses its series; the heavier one's begins at 0, since the rest is counted."""
    books = Books(2)
    books.ask("a", 10)
    books.ask("b", 4)
    books.ask("c", 6)
    books.review()
    assert books.rows() == {("a",): 10, ("c",): 0, (OTHER,): 6}
    assert books.left == ["b"]
    books.ask("c", 3)
    books.ask("b", 2)
    assert books.rows() == {("a",): 10, ("c",): 3, (OTHER,): 8}


def test_about_as_heavy_is_not_enough() -> None:
    """Or two alike would take turns, with a new series each time."""
    books = Books(1)
    books.ask("a", 8)
    books.ask("b", 10)
    books.review()
    assert books.left == []
    books.ask("b", 1)
    books.review()
    assert books.left == ["a"]


def test_what_lies_back_weighs_less() -> None:
    """A tenant that was heavy and is silent is overtaken after some hours, not after as many requests."""
    books = Books(1)
    books.ask("then", 1000)
    books.tenants.fold()
    for _ in range(HALVE_EVERY * 8):
        if books.left:
            break
        books.tenants.tick()
        if books.tenants._ticks % HALVE_EVERY == 1:
            books.ask("now", 20)
    assert books.left == ["then"]


def test_no_series_at_all() -> None:
    """Whoever wants none has one for all."""
    books = Books(0)
    books.ask("a", 3)
    books.review()
    assert books.rows() == {(OTHER,): 3}
    assert books.tenants.label("a") == OTHER


def test_a_tenant_called_other_is_one_of_the_others() -> None:
    """Two series of one name would spoil the scrape."""
    books = Books(1)
    books.ask(OTHER, 3)
    books.review()
    books.ask("a", 1)
    assert books.rows() == {("a",): 1, (OTHER,): 3}


def test_a_label_takes_a_series() -> None:
    """A tenant whose first trace is a refusal has one from then on, at 0."""
    books = Books(1)
    assert (books.tenants.label("a"), books.tenants.label("b")) == ("a", OTHER)
    assert books.rows() == {("a",): 0}


@given(st.integers(0, 4), st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 40)))))
def test_no_series_ever_falls(most: int, events: list[tuple[str, int] | None]) -> None:
    """From one scrape to the next a series grows, stays or goes, and together they grow by what was asked."""
    books, before = Books(most), dict[Labels, float]()
    for event in events:
        asked = 0
        if event is None:
            books.review()
        else:
            books.ask(*event)
            asked = event[1]
        after = books.rows()
        assert all(after.get(labels, count) >= count for labels, count in before.items())
        grown = Counter({labels: count - before.get(labels, 0) for labels, count in after.items()})
        assert grown.total() == asked
        assert len(after.keys() - {(OTHER,)}) <= most
        before = after
