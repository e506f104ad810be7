"""Shares, counts that can be switched off, and windows as types of fields.

In a file a share is a percentage. In Python plain numbers are accepted: from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.quantities import (
    DURATION_PATTERN,
    SHARE_PATTERN,
    format_duration,
    format_share,
    parse_duration,
    parse_share,
    share_hint,
)
from gatewayd.config.models.section import MOST
from gatewayd.config.models.values import REFERENCE_PATTERN, Kind, quantity, text_schema

LARGEST_WINDOW = 100_000  # calls; each takes a byte of memory in every process


@dataclass(frozen=True, slots=True)
class Window:
    """The calls a rate is worked out from: the last `calls`, or those of the last `seconds`; the other one is None."""

    calls: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        """The text a file would have."""
        return format_duration(self.seconds) if self.seconds is not None else str(self.calls)


def _share(value: object, info: ValidationInfo) -> float:
    """The share that `value` is, 0 to 1."""
    if isinstance(value, str):
        return parse_share(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Complaint("must be a percentage", "write a number and '%', such as 50%")
    if info.context:
        raise Complaint("{value} has no '%'", share_hint(value))
    if value > 1:
        raise Complaint("{value} is more than all", "write 1.0 or less")
    return float(value)


def _count(value: object, _info: ValidationInfo) -> int:
    """The whole number that `value` is."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Complaint("{value} is not a whole number", "write digits only, without quotes")
    if value > MOST:
        raise Complaint("{value} is too much", f"write {MOST} or less")
    return value


def _factor(value: object, _info: ValidationInfo) -> float:
    """The number that `value` is, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Complaint("{value} is not a number", "write one such as 1.25, without quotes")
    if not 1 <= value <= 1000:
        raise Complaint("{value} is out of range", "write a number from 1 to 1000")
    return float(value)


def _window(value: object) -> Window:
    """The window that `value` is: a number of calls, or text with a duration."""
    if isinstance(value, Window):
        return value
    if isinstance(value, str):
        seconds = parse_duration(value)
        if not seconds:
            raise Complaint("{value} is too little", "write a duration above zero, or a number of calls")
        return Window(seconds=seconds)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Complaint("must be a number of calls or a duration", "write one such as 100 or 30s")
    if not 1 <= value <= LARGEST_WINDOW:
        raise Complaint("{value} calls are no window", f"write a number from 1 to {LARGEST_WINDOW}, or a duration")
    return Window(calls=value)


def _number_schema(kind: str, pattern: str) -> WithJsonSchema:
    """The schema of a number of `kind`, of text that matches `pattern`, or of a reference to the environment."""
    return WithJsonSchema({"type": [kind, "string"], "pattern": f"^({pattern})$|{REFERENCE_PATTERN}"})


def _or_word(word: str) -> PlainSerializer:
    """Writes None as the `word` that a file has for it."""

    def write(value: Any) -> Any:
        return word if value is None else value

    return PlainSerializer(write)


Share = Annotated[
    float,
    quantity(_share, zero=True),
    text_schema(SHARE_PATTERN),
    PlainSerializer(format_share),
    Kind("percentage"),
]
ShareOrOff = Annotated[
    float | None,
    quantity(_share, {"off": None}),
    text_schema(SHARE_PATTERN, "off"),
    PlainSerializer(lambda share: "off" if share is None else format_share(share)),
    Kind("percentage or `off`"),
]
CountOrOff = Annotated[
    int | None,
    quantity(_count, {"off": None}),
    _number_schema("integer", "off"),
    _or_word("off"),
    Kind("number or `off`"),
]
CountOrUnlimited = Annotated[
    int | None,
    quantity(_count, {"unlimited": None}),
    _number_schema("integer", "unlimited"),
    _or_word("unlimited"),
    Kind("number or `unlimited`"),
]
FactorOrOff = Annotated[
    float | None,
    quantity(_factor, {"off": None}),
    _number_schema("number", "off"),
    _or_word("off"),
    Kind("number from 1, or `off`"),
]
CallWindow = Annotated[
    Window,
    PlainValidator(_window),
    _number_schema("integer", DURATION_PATTERN),
    PlainSerializer(lambda window: window.calls if window.calls is not None else str(window)),
    Kind("number of calls, or duration"),
]
