"""Which text format and coding a scraper gets (RFC 9110 sections 12.4.2, 12.5.1 and 12.5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gatewayd.telemetry.collector import Format
from gatewayd.telemetry.exposition import OPENMETRICS, TEXT


@dataclass(frozen=True, slots=True)
class _Choice:
    """One element of Accept or Accept-Encoding: what it names, its `version` parameter, its weight."""

    name: str
    version: str | None
    weight: float


def choose_format(accept: str) -> Format:
    """The format for the value of Accept, "" where there is none.

    OpenMetrics only where it is named, in the version written here, with at least the weight of plain text. Who accepts
    neither gets plain text all the same: a person with a browser wants to read it.
    """
    choices = list(_choices(accept))
    openmetrics = max(
        (one.weight for one in choices if one.name == "application/openmetrics-text" and _written(one)), default=0
    )
    text = _weight(choices, "text/plain", "text/*", "*/*")
    return OPENMETRICS if openmetrics > 0 and openmetrics >= text else TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the value of Accept-Encoding, "" where there is none, allows gzip."""
    choices = list(_choices(accept_encoding))
    return max(_weight(choices, "gzip", "*"), _weight(choices, "x-gzip")) > 0


def _written(choice: _Choice) -> bool:
    return choice.version in (None, "1.0.0")


def _weight(choices: list[_Choice], *names: str) -> float:
    """The weight of the first of `names`, the most specific first, that was mentioned; 0 where none was."""
    for name in names:
        weights = [one.weight for one in choices if one.name == name]
        if weights:
            return max(weights)
    return 0.0


def _choices(value: str) -> Iterator[_Choice]:
    for element in value.lower().split(","):
        name, *rest = (part.strip() for part in element.split(";"))
        parameters = dict(part.partition("=")[::2] for part in rest)
        if name:
            yield _Choice(name, parameters.get("version"), _number(parameters.get("q", "1")))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0  # a weight that is none: as little as may be
