"""What statuses and errors count as."""

from __future__ import annotations

import pytest

from gatewayd.core.outcomes import ERRORS, Outcome, Rules


@pytest.mark.parametrize("status", range(100, 600))
def test_statuses(status: int) -> None:
    """Unless configured: what a service says of itself fails, 4xx says nothing, all else succeeds.

    A client gets 501 and 505 by asking for nonsense, so they are not among the failures.
    """
    expected = Outcome.ANSWERED if status // 100 == 4 else Outcome.SUCCESS
    if status in (500, 502, 503, 504):
        expected = Outcome.FAILURE
    assert Rules().of_status(status) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, Outcome.FAILURE),
        (503, Outcome.FAILURE),
        (404, Outcome.ANSWERED),
        (500, Outcome.SUCCESS),
        (101, Outcome.SUCCESS),
        (304, Outcome.SUCCESS),
        (999, Outcome.SUCCESS),
    ],
)
def test_statuses_as_configured(status: int, expected: Outcome) -> None:
    """Those listed fail, of whatever class; a 5xx that is not listed is a success like any other."""
    assert Rules(frozenset({429, 503})).of_status(status) is expected


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_errors(kind: str) -> None:
    """One that is listed fails, and a timeout is one of its own; of one that is not, nothing is known."""
    expected = Outcome.TIMEOUT if kind == "timeout" else Outcome.FAILURE
    assert Rules(errors=frozenset({kind})).of_error(kind) is expected
    assert Rules(errors=ERRORS - {kind}).of_error(kind) is Outcome.ABANDONED


def test_errors_unless_configured() -> None:
    """Those that the configuration can name count."""
    assert Rules().errors == {"connect", "timeout", "reset", "protocol", "tls"}


def test_an_error_nobody_knows() -> None:
    """A rule about it is a mistake."""
    with pytest.raises(AssertionError):
        Rules(errors=frozenset({"bad-luck"}))


def test_rules_are_values() -> None:
    """Equal ones are equal, and share what they look statuses up in."""
    assert Rules(frozenset({500})) == Rules(frozenset({500}))
    assert Rules(frozenset({500})) != Rules(frozenset({501}))
    assert Rules(frozenset({500}))._table is Rules(frozenset({500}))._table
