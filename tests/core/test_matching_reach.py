"""Routes that no request reaches."""

from __future__ import annotations

import pytest

from gatewayd.core.matching import Entry, build_table

GET = frozenset({b"GET"})
POST = frozenset({b"POST"})
BOTH = GET | POST


def found(*entries: Entry[str]) -> list[tuple[str, list[str], bool]]:
    """The payload of each unreachable route, those of its shadows, and whether it is a duplicate."""
    return [
        (one.candidate.payload, [shadow.payload for shadow in one.shadowed_by], one.duplicate)
        for one in build_table(entries).unreachable()
    ]


def test_duplicate() -> None:
    """Of two equal routes the second is unreachable, whatever their parameters are called."""
    assert found(Entry("/a/{x}", "1", methods=GET), Entry("/a/{y}", "2", methods=GET)) == [("2", ["1"], True)]


def test_duplicate_on_all_hosts() -> None:
    """A route with several hosts is unreachable only if it is on each of them."""
    here, there = Entry("/a", "1", hosts=("h.org",)), Entry("/a", "2", hosts=("*.org",))
    both = Entry("/a", "3", hosts=("h.org", "*.org"))
    assert found(here, both) == []
    assert found(here, there, both) == [("3", ["1", "2"], True)]


def test_other_hosts_shadow_nothing() -> None:
    """A route for any host is reached by hosts that no other route names."""
    assert found(Entry("/**", "1", hosts=("h.org",)), Entry("/**", "2", hosts=("*.org",)), Entry("/**", "3")) == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([Entry("/a/*", "1"), Entry("/a/{x}", "2")], [("1", ["2"], False)]),
        ([Entry("/a", "1"), Entry("/a/**", "2")], []),
        ([Entry("/**", "1"), Entry("/**", "2", methods=GET)], []),
        ([Entry("/**", "1"), Entry("/", "2"), Entry("/*/**", "3")], [("1", ["2", "3"], False)]),
        (
            [Entry("/a/**", "1"), Entry("/a", "2"), Entry("/a/", "3"), Entry("/a/*/**", "4")],
            [("1", ["3", "4", "2"], False)],
        ),
        ([Entry("/{x}/b", "1"), Entry("/a/**", "2"), Entry("/*/b", "3", methods=GET)], [("3", ["2", "1"], False)]),
    ],
)
def test_paths(entries: list[Entry[str]], expected: list[tuple[str, list[str], bool]]) -> None:
    """A route is unreachable if each path it matches goes to others without conditions."""
    assert found(*entries) == expected


@pytest.mark.parametrize(
    ("first", "second", "unreachable"),
    [
        ({"methods": BOTH}, {"methods": POST}, True),
        ({"methods": GET}, {"methods": BOTH}, False),
        ({"methods": GET}, {"methods": frozenset({b"HEAD"})}, True),
        ({"headers": ((b"x", None),)}, {"headers": ((b"x", b"1"),)}, True),
        ({"headers": ((b"x", b"1"),)}, {"headers": ((b"x", None),)}, False),
        ({"headers": ((b"x", b"1"),)}, {"headers": ((b"x", b"2"),)}, False),
        ({"query": ((b"x", b"1"),)}, {"headers": ((b"x", b"1"),)}, False),
        ({"methods": GET}, {"headers": ((b"x", None),)}, False),
    ],
)
def test_conditions(first: dict[str, frozenset[bytes]], second: dict[str, frozenset[bytes]], unreachable: bool) -> None:
    """A route is unreachable behind one whose conditions follow from its own."""
    entries = [Entry("/a/{x}", "1", **first), Entry("/a/*", "2", **second)]  # type: ignore[arg-type]
    assert found(*entries) == ([("2", ["1"], False)] if unreachable else [])


def test_methods_together() -> None:
    """Several routes can shadow one together, each for some of its methods."""
    assert found(
        Entry("/a/{x}", "get", methods=GET), Entry("/a/{x}", "post", methods=POST), Entry("/a/*", "both", methods=BOTH)
    ) == [("both", ["get", "post"], False)]
