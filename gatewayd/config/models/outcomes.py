"""What an attempt at a service can come to, as types of fields: statuses, classes of them, and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal

from pydantic import PlainValidator, WithJsonSchema

from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.values import REFERENCE_PATTERN, Kind

_Error = Literal["connect", "timeout", "reset", "protocol", "tls"]
ERRORS: tuple[_Error, ...] = ("connect", "timeout", "reset", "protocol", "tls")

_CLASS = re.compile(r"[1-9]xx")


def codes(outcomes: Iterable[int | str]) -> frozenset[int]:
    """Every status that `outcomes` name, alone or by its class; errors are passed over."""
    found: set[int] = set()
    for outcome in outcomes:
        if isinstance(outcome, int):
            found.add(outcome)
        elif _CLASS.fullmatch(outcome):
            first = int(outcome[0]) * 100
            found.update(range(first, first + 100))
    return frozenset(found)


def _outcome(least: int, errors: Sequence[str] = ()) -> Callable[[object], int | str]:
    """Reads a status from `least` on, a class of them, or one of `errors`."""
    example = ", ".join([*errors, "503", "5xx"] if errors else ["204", "2xx"] if least < 400 else ["503", "5xx"])

    def read(value: object) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool):
            if not least <= value <= 599:
                raise Complaint("{value} is not a status that counts here", f"use one from {least} to 599")
            return value
        if not isinstance(value, str):
            raise Complaint("{value} is not a status", f"write one such as {example}")
        if value in errors:
            return value
        if _CLASS.fullmatch(value.lower()):
            if value != value.lower():
                raise Complaint("{value} is not written in small letters", f"write {value.lower()}")
            if not least <= int(value[0]) * 100 <= 599:
                raise Complaint("{value} is not a class that counts here", f"use one from {least // 100}xx to 5xx")
            return value
        known = [f"{first}xx" for first in range(least // 100, 6)]
        raise Complaint(
            "{value} is neither a status nor a class" + (" nor an error" if errors else ""),
            suggestion(value, [*errors, *known]),
        )

    return read


def _schema(*words: str) -> WithJsonSchema:
    """The schema of a status, a class of them, or one of `words`."""
    pattern = "|".join(["[2-5]xx", *words])
    return WithJsonSchema({"type": ["integer", "string"], "pattern": f"^({pattern})$|{REFERENCE_PATTERN}"})


_STATUS = Kind("status or class, as `5xx`", "statuses and classes, as `5xx`")
# Any final status; those that can be a failure; and a failure of any kind.
AnyStatus = Annotated[int | str, PlainValidator(_outcome(200)), _schema(), _STATUS]
BadStatus = Annotated[int | str, PlainValidator(_outcome(400)), _schema(), _STATUS]
Failing = Annotated[
    int | str,
    PlainValidator(_outcome(400, ERRORS)),
    _schema(*ERRORS),
    Kind("error, status or class", f"{', '.join(f'`{error}`' for error in ERRORS)}, statuses, classes, as `5xx`"),
]
ErrorKind = Annotated[
    _Error,
    Kind("error", ", ".join(f"`{error}`" for error in ERRORS)),
]
