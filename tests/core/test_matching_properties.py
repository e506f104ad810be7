"""The tree gives the answers of the written rules, for any table and request."""

from __future__ import annotations

from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.matching import Candidate, Entry, Table, build_table
from gatewayd.core.reasons import NO_ROUTE, Refused
from tests.routes.tables import METHODS, VALUES, Asked, Routes, entries, every_path, expected, requests, tables


def answer(table: Table[Candidate[int]], asked: Asked) -> int | frozenset[str]:
    """The table's answer as `expected` gives it."""
    try:
        return table.locate(asked.head()).payload
    except Refused as refused:
        if refused.reason is NO_ROUTE:
            return frozenset()
        return frozenset(refused.headers.decode().removeprefix("Allow: ").strip().split(", "))


@given(tables, st.lists(requests(), min_size=1, max_size=12))
def test_follows_the_rules(routes: Routes, asked: list[Asked]) -> None:
    """The route, the 404 or the 405 with its methods is that of the rules followed one by one."""
    table = build_table(routes)
    for one in asked:
        assert answer(table, one) == expected(routes, one)


@given(tables, st.randoms(use_true_random=False), st.lists(requests(), min_size=1, max_size=8))
def test_order_of_the_file(routes: Routes, random: Random, asked: list[Asked]) -> None:
    """The order of the configuration does not matter between routes that differ in specificity."""
    last = {rank: entry for entry in routes for rank in _ranks(entry)}
    distinct = [entry for entry in routes if all(last[rank] is entry for rank in _ranks(entry))]
    mixed = list(distinct)
    random.shuffle(mixed)
    ordered, other = build_table(distinct), build_table(mixed)
    for one in asked:
        assert answer(ordered, one) == answer(other, one)


@given(tables, requests())
def test_explanation_agrees(routes: Routes, asked: Asked) -> None:
    """The explanation names the winner that the tree finds."""
    table = build_table(routes)
    winner = table.explain(asked.head()).winner
    found = answer(table, asked)
    assert (winner.payload if winner else None) == (found if isinstance(found, int) else None)


@settings(max_examples=50)
@given(st.lists(entries(2), min_size=1, max_size=6))
def test_unreachable_is_exact(made: list[Entry[int]]) -> None:
    """The unreachable routes are those that win none of all requests that the table can tell apart."""
    routes = [Entry(e.path, at, (), e.methods, e.headers, e.query) for at, e in enumerate(made)]
    winners = {
        expected(routes, Asked("any.test", path, method, header, query))
        for path, method, header, query in product(every_path(3), METHODS, (*VALUES, "2"), VALUES)
    }
    found = {one.candidate.payload for one in build_table(routes).unreachable()}
    assert found == {entry.payload for entry in routes} - winners


@settings(max_examples=50)
@given(tables)
def test_unreachable_on_hosts(routes: Routes) -> None:
    """A route with hosts is unreachable if it is so on each: hosts no table names stand for all a suffix matches."""
    hosts = ("h.org", "new.h.org", "new.org", "other.net", "any.test")
    found = {one.candidate.payload for one in build_table(routes).unreachable()}
    for host, path, method in product(hosts, every_path(2), METHODS):
        for value in VALUES:
            assert expected(routes, Asked(host, path, method, value, value)) not in found


def _ranks(entry: Entry[int]) -> list[tuple[str, str, int]]:
    """What decides between two routes before their place in the file does, for each host."""
    kinds = "/".join("{}" if segment.startswith("{") else segment for segment in entry.path.split("/"))
    conditions = (entry.methods is not None) + len(entry.headers) + len(entry.query)
    return [(host, kinds, conditions) for host in entry.hosts or ("",)]
