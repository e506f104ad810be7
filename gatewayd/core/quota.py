"""Quotas: how much may be used in a day or month of the calendar, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Span = Literal["day", "month"]

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` permits in each `span`."""

    limit: int
    span: Span


class Window(NamedTuple):
    """A day or month: its `number` as people write it (20261125, 202611), from `begins` until `ends`, since 1970."""

    number: int
    begins: float
    ends: float

    @property
    def seconds(self) -> int:
        """How long it is."""
        return int(self.ends - self.begins)


def window_at(span: Span, wall: float) -> Window:
    """The window that `wall` is in, in seconds since 1970. A leap second belongs to the day that it ends."""
    moment = datetime.fromtimestamp(wall, UTC)
    year, month = moment.year, moment.month
    if span == "day":
        begins = wall // _DAY * _DAY
        return Window((year * 100 + month) * 100 + moment.day, begins, begins + _DAY)
    begins = datetime(year, month, 1, tzinfo=UTC).timestamp()
    ends = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
    return Window(year * 100 + month, begins, ends)


class Calendar:
    """The current window of one span, worked out anew only when it is over."""

    __slots__ = ("_span", "_window")

    def __init__(self, span: Span) -> None:
        self._span: Span = span
        self._window = Window(0, 0.0, 0.0)

    def at(self, wall: float) -> Window:
        """The window that `wall` is in."""
        window = self._window
        if not window.begins <= wall < window.ends:
            window = self._window = window_at(self._span, wall)
        return window
