"""What plain scalars are: YAML 1.2, not 1.1."""

from __future__ import annotations

import math

import pytest

from gatewayd.config.source.nodes import Value
from gatewayd.config.source.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Text in YAML 1.2, something else in YAML 1.1.
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("22:22", "22:22"),
        ("1_000", "1_000"),
        ("0b101", "0b101"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        # Not octal.
        ("010", 10),
        ("0777", 777),
        # The core schema.
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("true", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("False", False),
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("0o10", 8),
        ("0x1F", 31),
        ("0o9", "0o9"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("inf", "inf"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("10s", "10s"),
        ("\u0661", "\u0661"),
    ],
)
def test_core_schema(text: str, value: Value) -> None:
    """A plain scalar is null, a switch, a number or text by section 10.3.2 of YAML 1.2.2, and by nothing else."""
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_not_a_number() -> None:
    """`.nan` is a float."""
    value = resolve(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_endless_digits_are_text() -> None:
    """More digits than Python would convert are text, not an exception."""
    assert resolve("9" * 5000) == "9" * 5000
