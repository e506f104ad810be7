"""What a request gets: every row of the table, and that nobody gets what is too old."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.caching import (
    TABLE,
    WHOLE,
    Action,
    Fetch,
    Held,
    Part,
    Refuse,
    Revalidate,
    Serve,
    Store,
    Verdict,
    decide,
    on_response,
    stands_in,
)
from gatewayd.core.caching.deciding import held
from tests.core.caching.world import EARLIER, NOW, PUBLIC, answer, asked, entry

SOME = entry("Cache-Control: max-age=60, stale-while-revalidate=30, stale-if-error=90", 'ETag: "a"')
_SINCE = f"If-Modified-Since: {EARLIER}\r\n".encode()
TIMES = {Held.FRESH: NOW + 59.9, Held.USABLE: NOW + 60, Held.STALE: NOW + 90}


def verdict(*lines: str, at: float = NOW, method: str = "GET", others: bool = False) -> Verdict:
    """What is decided of a request for `SOME`."""
    return decide(asked(*lines, method=method), SOME, at, others=others)


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("how", Held)
def test_table(how: Held, only: bool) -> None:
    """Each row leads to the verdict that it names."""
    request = asked("Cache-Control: only-if-cached") if only else asked()
    kept, now = (None, NOW) if how is Held.NOTHING else (SOME, TIMES[how])
    assert held(request, kept, now) is how
    expected: dict[Action, Verdict] = {
        Action.SERVE: Serve(SOME, WHOLE),
        Action.SERVE_AND_REVALIDATE: Serve(SOME, WHOLE, revalidate=True),
        Action.REVALIDATE: Revalidate(SOME, b'If-None-Match: "a"\r\n', "stale"),
        Action.FETCH: Fetch("uri-miss"),
        Action.REFUSE: Refuse(),
    }
    assert decide(request, kept, now) == expected[TABLE[how, only]]


def test_table_is_whole() -> None:
    """There is a row for everything."""
    assert set(TABLE) == {(how, only) for how in Held for only in (False, True)}
    assert set(TABLE.values()) == set(Action)


@pytest.mark.parametrize(
    ("wanted", "age", "how"),
    [
        ("", 0, Held.FRESH),
        ("no-cache", 0, Held.STALE),
        ("max-age=0", 0, Held.FRESH),
        ("max-age=0", 1, Held.STALE),
        ("max-age=10", 10, Held.FRESH),
        ("max-age=10", 11, Held.STALE),
        ("min-fresh=50", 10, Held.FRESH),
        ("min-fresh=50", 11, Held.STALE),
        ("min-fresh=0", 60, Held.USABLE),
        ("min-fresh=0", 61, Held.STALE),
        ("max-stale", 10_000, Held.USABLE),
        ("max-stale=100", 160, Held.USABLE),
        ("max-stale=100", 161, Held.STALE),
        ("max-stale=100, max-age=150", 155, Held.STALE),
        ("unheard-of", 10, Held.FRESH),
    ],
)
def test_wishes(wanted: str, age: float, how: Held) -> None:
    """What a client asks for is heard, at both sides of every bound; and is not where the route does not listen."""
    lines = [f"Cache-Control: {wanted}"] if wanted else []
    assert held(asked(*lines), SOME, NOW + age) is how
    deaf = asked(*lines, policy=replace(PUBLIC, ignore_client=True))
    assert held(deaf, SOME, NOW + age) is held(asked(), SOME, NOW + age)


def test_pragma() -> None:
    """Pragma counts where there is no Cache-Control (RFC 9111 section 5.4)."""
    assert held(asked("Pragma: no-cache"), SOME, NOW) is Held.STALE
    assert held(asked("Pragma: other"), SOME, NOW) is Held.FRESH
    assert held(asked("Pragma: no-cache", "Cache-Control: max-age=5"), SOME, NOW) is Held.FRESH


@pytest.mark.parametrize("directive", ["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"])
def test_never_stale(directive: str) -> None:
    """No client can have stale what its service does not want used stale, and no error makes it good."""
    strict = entry(f"Cache-Control: max-age=60, stale-if-error=60, {directive}", 'ETag: "a"')
    assert held(asked("Cache-Control: max-stale"), strict, NOW + 61) is Held.STALE
    assert not stands_in(strict, None, NOW + 61)


def test_proven_each_time() -> None:
    """What is to be validated before use is, however fresh."""
    proven = entry("Cache-Control: max-age=60, no-cache", 'ETag: "a"')
    assert decide(asked(), proven, NOW) == Revalidate(proven, b'If-None-Match: "a"\r\n', "stale")
    assert not stands_in(proven, None, NOW)


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        (['ETag: "a"'], b'If-None-Match: "a"\r\n'),
        (['ETag: W/"a"'], b'If-None-Match: W/"a"\r\n'),
        ([f"Last-Modified: {EARLIER}"], _SINCE),
        (
            ['ETag: "a"', f"Last-Modified: {EARLIER}"],
            f'If-None-Match: "a"\r\nIf-Modified-Since: {EARLIER}\r\n'.encode(),
        ),
        (["ETag: a"], b""),
        ([], b""),
    ],
)
def test_validators(lines: list[str], sent: bytes) -> None:
    """The service is told what is kept by all that it is known by; by nothing, it is asked for all of it."""
    stale = entry("Cache-Control: max-age=60", *lines)
    assert decide(asked(), stale, NOW + 60) == Revalidate(stale, sent, "stale")


def test_why_it_is_asked() -> None:
    """A fresh answer that a client does not want is asked about because of its request."""
    asking = verdict("Cache-Control: no-cache")
    assert isinstance(asking, Revalidate)
    assert asking.why == "request"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get"])
def test_other_methods(method: str) -> None:
    """Only GET and HEAD are answered by the cache."""
    assert verdict(method=method) == Fetch("method", store=False)


@pytest.mark.parametrize(
    "lines",
    [
        ['If-Match: "a"'],
        [f"If-Unmodified-Since: {EARLIER}"],
        ["Content-Length: 5"],
        ["Transfer-Encoding: chunked"],
        ["Connection: upgrade", "Upgrade: websocket"],
    ],
)
def test_bypass(lines: list[str]) -> None:
    """What only a service can answer goes there."""
    assert verdict(*lines) == Fetch("bypass", store=False)
    assert decide(asked(*lines), None, NOW) == Fetch("bypass", store=False)


def test_parts() -> None:
    """What is served is what the client needs."""
    assert verdict("Range: bytes=1-2") == Serve(SOME, Part(206, 1, 2))
    assert verdict('If-None-Match: "a"', at=NOW + 60) == Serve(SOME, Part(304), revalidate=True)
    assert verdict(method="HEAD") == Serve(SOME, WHOLE)


@pytest.mark.parametrize(
    ("lines", "method"),
    [
        (["Range: bytes=1-2"], "GET"),
        (['If-None-Match: "a"'], "GET"),
        ([f"If-Modified-Since: {EARLIER}"], "GET"),
        ([], "HEAD"),
    ],
)
def test_misses_apart(lines: list[str], method: str) -> None:
    """Nobody waits for an answer that is none for them."""
    assert decide(asked(*lines, method=method), None, NOW) == Fetch("uri-miss", store=False)
    assert decide(asked(*lines, method=method), None, NOW, others=True) == Fetch("vary-miss", store=False)


def test_misses() -> None:
    """What is not there, or only for others, is fetched."""
    assert decide(asked(), None, NOW) == Fetch("uri-miss")
    assert decide(asked(), None, NOW, others=True) == Fetch("vary-miss")


@pytest.mark.parametrize(
    ("status", "at", "good"),
    [
        (None, NOW + 149.9, True),
        (503, NOW + 149.9, True),
        (500, NOW + 100, True),
        (None, NOW + 150, False),
        (404, NOW + 100, False),
        (501, NOW + 100, False),
        (200, NOW + 100, False),
    ],
)
def test_stands_in(status: int | None, at: float, good: bool) -> None:
    """A stale answer stands in for errors, and for as long as it may."""
    assert stands_in(SOME, status, at) is good


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, 100),
    st.integers(0, 100) | st.none(),
    st.integers(0, 100) | st.none(),
    st.integers(0, 50),
    st.floats(0, 300),
    st.booleans(),
    st.sampled_from(["", "no-cache", "max-age=20", "min-fresh=10", "only-if-cached", "max-age=5, min-fresh=9"]),
)
def test_never_too_old(
    lifetime: int, swr: int | None, sie: int | None, before: int, waited: float, strict: bool, wanted: str
) -> None:
    """Nothing is served past its lifetime and what it may be used stale for, nor older than the client wants it."""
    said = [f"max-age={lifetime}"]
    said += [] if swr is None else [f"stale-while-revalidate={swr}"]
    said += [] if sie is None else [f"stale-if-error={sie}"]
    said += ["must-revalidate"] if strict else []
    kept = on_response(
        asked(), answer(f"Cache-Control: {', '.join(said)}", 'ETag: "a"', f"Age: {before}"), NOW, NOW, PUBLIC
    )
    assert isinstance(kept, Store)
    kept.entry.complete(b"")
    age = before + waited
    found = decide(asked(f"Cache-Control: {wanted}") if wanted else asked(), kept.entry, NOW + waited)
    slack = 1e-6  # of seconds since 1970 in a float
    if isinstance(found, Serve):
        assert age < lifetime + (0 if strict or swr is None else swr) + slack
        assert found.revalidate or age < lifetime + slack
        assert "no-cache" not in wanted
        if "max-age=20" in wanted:
            assert age < 21
        if "min-fresh=10" in wanted:
            assert lifetime - age >= 10 - slack
    if stands_in(kept.entry, None, NOW + waited):
        assert age < lifetime + (0 if strict or sie is None else sie) + slack
