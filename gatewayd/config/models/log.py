"""The sections `log` and `audit`: what the gateway tells of itself, and what was tried against it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import file_path
from gatewayd.config.models.numbers import CountOrOff
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Frozen, FrozenDict, Kind

_NAMESPACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

LogLevel = Literal["debug", "info", "warn", "error", "critical"]


def _namespace(text: str) -> str:
    """A namespace, as lines of the log have it."""
    if _NAMESPACE.fullmatch(text) is None:
        raise Complaint("{value} is no namespace", "write what lines have as `namespace`, such as gatewayd.stores")
    return text


def _place(text: str) -> str:
    """`log` or a path from the root."""
    if text == "log":
        return text
    try:
        return file_path(text)
    except Complaint as wrong:
        raise Complaint(wrong.message, f"{wrong.hint}, or log") from None


Namespace = Annotated[str, AfterValidator(_namespace), Kind("namespace")]


class Repeats(Section):
    """How often the same is told; what is left out is counted, and the count is told."""

    most: CountOrOff = Field(default=20, description="Lines of one event about one thing in an `interval`.")
    interval: Duration = Field(default=60.0, description="How long they are counted together.")


class Log(Section):
    """The operational log. Where it goes is up to twistd and systemd: `--logfile`, `--syslog`, standard error."""

    level: LogLevel = Field(default="info", description="What is less important than this is not written.")
    levels: Annotated[Mapping[Namespace, LogLevel], Frozen, Kind("mapping of namespaces to levels")] = Field(
        default=FrozenDict(), description="Other levels for some namespaces and all below them."
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto",
        description="`auto` is text on a terminal, fields of its own in the journal, and JSON everywhere else.",
    )
    redact: tuple[str, ...] = Field(
        default=(),
        description="Names of fields, headers, query and path parameters whose values no log shows, besides those of "
        "credentials.",
    )
    repeats: Repeats = Field(default=Repeats(), description="How often the same is told.")


class Audit(Section):
    """The events about security and administration: every one of them named `audit.*`, none sampled."""

    path: Annotated[str, AfterValidator(_place), Kind("`log` or path")] = Field(
        default="log", description="A file of their own with its path from the root, or `log`, among all others."
    )
