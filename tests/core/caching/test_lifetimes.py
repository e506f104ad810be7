"""For how long answers are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatewayd.core.caching import Entry, Outcome, Pass, Policy, Scope, Store, on_response
from tests.core.caching.world import DATE, EARLIER, LATER, NOW, PUBLIC, answer, asked

TENANT, USER = replace(PUBLIC, scope=Scope.TENANT), replace(PUBLIC, scope=Scope.USER)
KEPT = "Cache-Control: max-age=60"


def outcome(
    *lines: str, request: tuple[str, ...] = (), status: int = 200, policy: Policy = PUBLIC, method: str = "GET"
) -> Outcome:
    """What becomes of an answer with these lines."""
    return on_response(asked(*request, method=method, policy=policy), answer(*lines, status=status), NOW, NOW, policy)


def stored(*lines: str, status: int = 200, policy: Policy = PUBLIC, took: float = 0.0) -> Entry:
    """The entry of an answer with these lines, that took some seconds to come."""
    found = on_response(asked(policy=policy), answer(*lines, status=status), NOW - took, NOW, policy)
    assert isinstance(found, Store), found
    return found.entry


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["Cache-Control: max-age=60"], 60),
        (["Cache-Control: max-age=60, s-maxage=5"], 5),
        (["Cache-Control: max-age=0, s-maxage=60"], 60),
        (["Cache-Control: max-age=60", f"Expires: {EARLIER}"], 60),
        ([f"Expires: {LATER}"], 3600),
        (["Cache-Control: max-age=60", "Age: 10"], 50),
        (["Cache-Control: max-age=60", "Age: 10, 50"], 50),
        (["Cache-Control: max-age=60", "Age: 10", "Age: 50"], 50),
        (["Cache-Control: max-age=60", "Age: -10"], 60),
        (["Cache-Control: max-age=60", "Age: 10.5"], 60),
        (["Cache-Control: max-age=60", "Age: old, 10"], 60),
        (["Cache-Control: max-age=99999999999"], 1 << 31),
        (["Expires: Fri, 31 Dec 9999 23:59:59 GMT"], 1 << 31),
    ],
)
def test_fresh_for(lines: list[str], seconds: float) -> None:
    """The most specific word counts, less the age that the answer had already."""
    assert stored(*lines).fresh_until == NOW + seconds


def test_age_on_the_way() -> None:
    """An answer ages from when it was asked for, and by its Date, whichever says more."""
    assert stored(KEPT, "Age: 10", took=5.0).fresh_until == NOW + 45
    late = on_response(
        asked(), answer(f"Date: {EARLIER}", "Cache-Control: max-age=4000", dated=False), NOW, NOW, PUBLIC
    )
    assert isinstance(late, Store)
    assert late.entry.born == NOW - 3600
    assert late.entry.age(NOW + 1.9) == 3601
    ahead = on_response(asked(), answer(f"Date: {LATER}", KEPT, dated=False), NOW, NOW, PUBLIC)
    assert isinstance(ahead, Store)
    assert ahead.entry.fresh_until == NOW + 60
    assert ahead.entry.age(NOW - 5) == 0


def test_no_date() -> None:
    """An answer without a Date gets that of its arrival, once and for all; one that is none counts as that."""
    undated = on_response(asked(), answer(f"Expires: {LATER}", dated=False), NOW, NOW, PUBLIC)
    assert isinstance(undated, Store)
    assert undated.entry.head.section.date == f"{DATE}\r\n".encode()
    assert undated.entry.fresh_until == NOW + 3600
    wrong = on_response(asked(), answer("Date: today", f"Expires: {LATER}", dated=False), NOW, NOW, PUBLIC)
    assert isinstance(wrong, Store)
    assert wrong.entry.head.section.date == b"Date: today\r\n"
    assert wrong.entry.fresh_until == NOW + 3600


@pytest.mark.parametrize(
    ("status", "seconds"),
    [(200, 30), (203, 30), (204, 30), (301, 30), (308, 30), (404, 7), (405, 7), (410, 7), (414, 7), (501, 7)]
    + [(status, None) for status in (201, 202, 302, 307, 400, 401, 403, 429, 500, 502, 503, 599)],
)
def test_silent(status: int, seconds: float | None) -> None:
    """Where a service says nothing the route's time counts, one for what there is and one for what there is not."""
    said = outcome(status=status, policy=replace(PUBLIC, ttl=30.0, negative=7.0))
    if seconds is None:
        assert said == Pass("silent")
    else:
        assert isinstance(said, Store)
        assert said.entry.fresh_until == NOW + seconds
    assert outcome(status=status) == Pass("silent")
    if status >= 400:
        assert outcome(status=status, policy=replace(PUBLIC, ttl=30.0)) == Pass("silent")


def test_word_over_silence() -> None:
    """What a service says counts, and not the route's time."""
    policy = replace(PUBLIC, ttl=30.0, negative=7.0)
    assert stored("Cache-Control: max-age=60", policy=policy).fresh_until == NOW + 60
    assert stored("Cache-Control: max-age=60", status=404, policy=policy).fresh_until == NOW + 60
    assert outcome("Cache-Control: no-store", policy=policy) == Pass("no-store")


@pytest.mark.parametrize(
    ("status", "lines", "seconds"),
    [
        (200, [f"Last-Modified: {EARLIER}"], 360),
        (404, [f"Last-Modified: {EARLIER}"], 360),
        (599, [f"Last-Modified: {EARLIER}", "Cache-Control: public"], 360),
        (200, ["Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT"], 86400),
        (200, [f"Last-Modified: {LATER}"], 0),
    ],
)
def test_heuristics(status: int, lines: list[str], seconds: float) -> None:
    """Where a route wants it, an answer is fresh for a part of the time that it has not been modified for."""
    policy = replace(PUBLIC, heuristic=0.1)
    assert stored(*lines, status=status, policy=policy).fresh_until == NOW + seconds


@pytest.mark.parametrize(("status", "lines"), [(200, ["Last-Modified: then"]), (403, [f"Last-Modified: {EARLIER}"])])
def test_no_heuristics(status: int, lines: list[str]) -> None:
    """Not without a date, and not for statuses that say nothing of that."""
    assert outcome(*lines, status=status, policy=replace(PUBLIC, heuristic=0.1)) == Pass("silent")


def test_stale_times() -> None:
    """How long an answer is used stale: the service's word, else the route's; never where it is not to be."""
    policy = replace(PUBLIC, while_revalidate=5.0, if_error=9.0)
    plain = stored(KEPT, policy=policy)
    assert (plain.usable_until, plain.error_until, plain.strict) == (NOW + 65, NOW + 69, False)
    said = stored("Cache-Control: max-age=60, stale-while-revalidate=1, stale-if-error=2", policy=policy)
    assert (said.usable_until, said.error_until) == (NOW + 61, NOW + 62)
    none = stored(KEPT)
    assert (none.usable_until, none.error_until) == (NOW + 60, NOW + 60)
    for directive in ("must-revalidate", "proxy-revalidate", "s-maxage=60"):
        strict = stored(f"{KEPT}, stale-if-error=9, {directive}", policy=policy)
        assert (strict.usable_until, strict.error_until, strict.strict) == (NOW + 60, NOW + 60, True)


def test_stale_from_the_start() -> None:
    """What is stale when it comes is kept if it can be validated, or is of use stale."""
    assert stored("Cache-Control: max-age=0", 'ETag: "a"').etag == b'"a"'
    assert stored("Cache-Control: max-age=0", f"Last-Modified: {EARLIER}").last_modified == EARLIER.encode()
    assert stored("Cache-Control: max-age=0, stale-if-error=5").error_until == NOW + 5
    assert outcome("Cache-Control: max-age=0", "Last-Modified: then") == Pass("useless")
