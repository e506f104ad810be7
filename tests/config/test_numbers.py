"""Shares, windows, counts that can be off, statuses by class: what they read as, in files and in Python."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gatewayd.config import Window
from gatewayd.config.complaint import Complaint
from gatewayd.config.models.numbers import CallWindow, CountOrOff, FactorOrOff, Share, ShareOrOff
from gatewayd.config.models.outcomes import codes
from gatewayd.config.models.quantities import format_share, parse_share
from gatewayd.config.models.values import FROM_FILE


def adapted(kind: Any) -> TypeAdapter[object]:
    """What validates values of `kind`, and writes them."""
    return TypeAdapter(kind)


@pytest.mark.parametrize(
    ("text", "share"),
    [("0%", 0.0), ("1%", 0.01), ("50%", 0.5), ("0.5%", 0.005), ("99.9%", 0.999), ("100%", 1.0), ("020%", 0.2)],
)
def test_share(text: str, share: float) -> None:
    """A share is a percentage."""
    assert parse_share(text) == share


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "{value} is not a percentage", "write a number and '%', such as 50%"),
        ("50", "{value} has no '%'", "write 50%"),
        ("0.5", "{value} has no '%'", "write 50% (a share of 0.5), or 0.5%"),
        ("50 %", "{value} is not a percentage", "write 50%"),
        ("50 percent", "{value} is not a percentage", "write 50%"),
        ("half", "{value} is not a percentage", "write a number and '%', such as 50%"),
        ("-1%", "{value} is not a percentage", "write a number and '%', such as 50%"),
        ("100.1%", "{value} is more than all", "write 100% or less"),
        ("999%", "{value} is more than all", "write 100% or less"),
        ("\u0665%", "{value} is not a percentage", "write a number and '%', such as 50%"),
    ],
)
def test_not_a_share(text: str, message: str, hint: str) -> None:
    """What is no percentage is refused with the text that was probably meant."""
    with pytest.raises(Complaint) as caught:
        parse_share(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@given(st.integers(0, 10**9).map(lambda count: count / 10**9))
def test_shares_round_trip(share: float) -> None:
    """What is written of a share reads as the same float."""
    assert parse_share(format_share(share)) == share


@given(st.text(max_size=8) | st.from_regex(r"[0-9.% ]{1,8}", fullmatch=True))
def test_any_text_is_judged(text: str) -> None:
    """Whatever the text, parsing gives a share or a complaint."""
    with contextlib.suppress(Complaint):
        assert 0.0 <= parse_share(text) <= 1.0


@pytest.mark.parametrize(
    ("kind", "value", "read", "written"),
    [
        (Share, 0.25, 0.25, "25%"),
        (Share, 1, 1.0, "100%"),
        (ShareOrOff, None, None, "off"),
        (ShareOrOff, "off", None, "off"),
        (ShareOrOff, 0.005, 0.005, "0.5%"),
        (CountOrOff, 5, 5, 5),
        (CountOrOff, "off", None, "off"),
        (FactorOrOff, 2, 2.0, 2.0),
        (FactorOrOff, "off", None, "off"),
        (CallWindow, 100, Window(calls=100), 100),
        (CallWindow, "90s", Window(seconds=90.0), "90s"),
        (CallWindow, Window(seconds=0.25), Window(seconds=0.25), "250ms"),
    ],
)
def test_values_in_python(kind: object, value: object, read: object, written: object) -> None:
    """In Python a share is a plain number and None is off; all are written as a file has them."""
    assert adapted(kind).validate_python(value) == read
    assert adapted(kind).dump_python(read, mode="json") == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Share, 1.5), (Share, -0.1), (Share, True), (ShareOrOff, 0.0), (CountOrOff, 0), (CountOrOff, 10**10)],
)
def test_not_such_a_value(kind: object, value: object) -> None:
    """Bounds hold in Python as well."""
    with pytest.raises(ValidationError):
        adapted(kind).validate_python(value)


@pytest.mark.parametrize("number", [0, 1, 0.5, 50, float("nan"), float("inf")])
def test_a_number_alone_is_no_share(number: float) -> None:
    """In a file a number may be meant either way, so it is refused, whatever it is."""
    with pytest.raises(ValidationError, match="has no '%'"):
        adapted(Share).validate_python(number, context=FROM_FILE)


def test_windows_of_calls_and_seconds() -> None:
    """The text of a window is that of the file."""
    assert [str(Window(calls=100)), str(Window(seconds=60.0))] == ["100", "1m"]


def test_codes() -> None:
    """A class is its hundred statuses; an error is none."""
    assert codes(("5xx", 404, "connect")) == {404, *range(500, 600)}
    assert codes(()) == frozenset()
