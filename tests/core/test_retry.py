"""Whether a failed request is sent again, and when."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.retry import Failure, Retries, decide, retry_after

NEVER = float("inf")
DAY = 86400.0
THEN = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples
SETTINGS = Retries(attempts=3, statuses=frozenset({503}), backoff=0.1, backoff_most=0.3)
RESET, REFUSED, BUSY = Failure("reset", sent=True), Failure("connect", sent=False), Failure(503, sent=True)


def wait(
    failure: Failure,
    made: int = 0,
    method: bytes = b"GET",
    *,
    settings: Retries = SETTINGS,
    keyed: bool = False,
    replayable: bool = True,
    left: float = NEVER,
    elsewhere: bool = False,
    random: float = 0.5,
) -> float | None:
    """What is decided where nothing else is said."""
    return decide(
        settings,
        made,
        method,
        failure,
        keyed=keyed,
        replayable=replayable,
        left=left,
        elsewhere=elsewhere,
        random=random,
    )


@pytest.mark.parametrize(
    ("method", "keyed", "replayable", "sent"),
    list(product([b"GET", b"HEAD", b"POST", b"DELETE", b"get"], *[[False, True]] * 3)),
)
def test_who_may_be_sent_again(method: bytes, keyed: bool, replayable: bool, sent: bool) -> None:
    """Whoever was not sent; else safe methods and idempotent requests; in any case only with the whole body."""
    again = replayable and (not sent or keyed or method in (b"GET", b"HEAD"))
    failure = Failure("reset" if sent else "connect", sent)
    assert (wait(failure, 0, method, keyed=keyed, replayable=replayable) is not None) is again


@pytest.mark.parametrize(
    ("on", "failure", "again"),
    [
        ({"connect"}, REFUSED, True),
        ({"connect"}, RESET, False),
        ({"connect"}, Failure("timeout", sent=False), True),  # no connection in time
        ({"connect"}, Failure("reset", sent=False), True),  # closed before anything was sent
        ({"connect"}, Failure("timeout", sent=True), False),
        ({"timeout"}, Failure("timeout", sent=True), True),
        ({"timeout"}, Failure("timeout", sent=False), True),
        ({"timeout"}, REFUSED, False),
        ({"reset"}, RESET, True),
        ({"reset"}, REFUSED, False),
        ({"protocol"}, Failure("protocol", sent=True), True),
        ({"protocol"}, RESET, False),
        ({"connect", "reset", "timeout", "protocol"}, Failure(500, sent=True), False),
        (set(), BUSY, True),
        (set(), Failure(502, sent=True), False),
        (set(), RESET, False),
        (set(), REFUSED, False),
    ],
)
def test_what_is_tried_again(on: set[str], failure: Failure, again: bool) -> None:
    """What the settings name, error or status; `connect` is whatever happened before anything was sent."""
    settings = Retries(on=frozenset(on), statuses=frozenset({503}))
    assert (wait(failure, settings=settings) is not None) is again


def test_how_often() -> None:
    """As many further attempts as there may be."""
    assert [wait(RESET, made) is not None for made in range(5)] == [True, True, True, False, False]
    assert wait(RESET, settings=Retries(attempts=0)) is None


def test_how_long() -> None:
    """Any time up to the backoff, which doubles from attempt to attempt up to its most."""
    assert [wait(RESET, made, random=0.5) for made in range(3)] == pytest.approx([0.05, 0.1, 0.15])
    assert wait(RESET, random=0.0) == 0.0
    assert wait(RESET, settings=Retries(backoff=0.0)) == 0.0


def test_another_target_at_once() -> None:
    """Where nothing was sent there is nothing to wait for, if somebody else can be asked."""
    assert wait(REFUSED, elsewhere=True) == 0.0
    assert wait(REFUSED) == pytest.approx(0.05)
    assert wait(RESET, elsewhere=True) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("after", "left", "expected"),
    [
        (0.0, NEVER, 0.05),
        (0.1, NEVER, 0.15),
        (0.28, NEVER, 0.3),
        (0.3, NEVER, 0.3),
        (0.3000001, NEVER, None),
        (120.0, NEVER, None),
        (0.1, 0.16, 0.15),
        (0.1, 0.14, None),
    ],
)
def test_retry_after_is_honoured(after: float, left: float, expected: float | None) -> None:
    """Never sooner than the service wants, nor all at once; where that is too late its answer stands."""
    seconds = wait(Failure(503, sent=True, retry_after=after), left=left)
    assert seconds == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("left", "again"), [(0.0500001, True), (0.05, False), (0.0, False), (-1.0, False)])
def test_deadline(left: float, again: bool) -> None:
    """Where the time is over before the next attempt there is none."""
    assert (wait(RESET, left=left) is not None) is again


def test_no_time_and_no_pause() -> None:
    """An attempt that could be made at once, were there time for it."""
    assert wait(REFUSED, elsewhere=True, left=0.0) is None
    assert wait(REFUSED, elsewhere=True, left=0.001) == 0.0


@given(
    made=st.integers(0, 12),
    method=st.sampled_from([b"GET", b"POST"]),
    failure=st.builds(
        Failure,
        st.sampled_from(["connect", "reset", "timeout", "protocol", 500, 503]),
        st.booleans(),
        st.none() | st.floats(0, 2),
    ),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    left=st.floats(0, 5),
    random=st.floats(0, 1, exclude_max=True),
)
def test_bounds(
    made: int, method: bytes, failure: Failure, flags: tuple[bool, bool, bool], left: float, random: float
) -> None:
    """A pause ends before the deadline, is no longer than the longest, and no shorter than the service asks for."""
    keyed, replayable, elsewhere = flags
    seconds = wait(
        failure, made, method, keyed=keyed, replayable=replayable, left=left, elsewhere=elsewhere, random=random
    )
    if seconds is not None:
        assert made < SETTINGS.attempts
        assert replayable
        assert not failure.sent or keyed or method == b"GET"
        assert (failure.retry_after or 0.0) <= seconds < left
        assert seconds <= SETTINGS.backoff_most


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"120", 120.0),
        (b"0120", 120.0),
        (b"86400", DAY),
        (b"86401", DAY),
        (b"9" * 5000, DAY),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 100.0),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", 100.0),
        (b"Sun Nov  6 08:49:37 1994", 100.0),
        (b"Sun, 06 Nov 1994 08:47:57 GMT", 0.0),
        (b"Sun, 06 Nov 1994 08:47:56 GMT", 0.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        (b"Sun, 99 Nov 99999 08:49:37 GMT", None),
        (b"Sun, 06 Foo 1994 08:49:37 GMT", None),
        *((value, None) for value in (b"", b"-1", b"+1", b"1.5", b"1 2", b"soon", b"1e3", b"0x1", b"\xb2", b"1\n")),
        *((value, None) for value in (b"Sun, 06 Nov 1994", b"Sun, 06 Nov 1994 08:49:37 GMT" * 9, b"Sun, " * 5)),
    ],
)
def test_retry_after(value: bytes, seconds: float | None) -> None:
    """Seconds or a date in any of the three forms, a day at most; what is neither says nothing."""
    assert retry_after(value, THEN - 100) == seconds


@given(
    value=st.binary(max_size=40)
    | st.text("SunMonNovFeb0123456789:-, GMT", min_size=15, max_size=36).map(lambda text: b"Sun" + text.encode()),
    now=st.floats(0, 1e11),
)
def test_any_retry_after(value: bytes, now: float) -> None:
    """Whatever a service sends is a time up to a day, or nothing."""
    seconds = retry_after(value, now)
    assert seconds is None or 0.0 <= seconds <= DAY
