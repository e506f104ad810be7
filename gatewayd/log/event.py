"""One row of the vocabulary: something that happens, under a name that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import Literal

Level = Literal["debug", "info", "warn", "error", "critical"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warn", "error", "critical")


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is what machines go by: what it is about, a dot, and what happened. `text` is the message for people.

    `meaning` says when it is told and what to do about it. `fields` are those that lines have besides those of the
    text. Lines repeat one another if their `key` fields are the same: see `gatewayd.core.repeats`. A `failure` comes
    with an exception.
    """

    name: str
    level: Level
    text: str
    meaning: str
    fields: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    failure: bool = False

    @property
    def all_fields(self) -> tuple[str, ...]:
        """What a line of it has besides what every line has: first what its text shows."""
        shown = (name for _, name, _, _ in Formatter().parse(self.text) if name)
        return tuple(dict.fromkeys([*shown, *self.fields]))
