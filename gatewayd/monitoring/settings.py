"""What differs from one installation to the next in rules, dashboards and the files around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from prometheus_client.utils import floatToGoString

from gatewayd.telemetry.catalogue import DEFINITIONS

_JOB: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*")
_URL: Final = re.compile(r"https?://[^\s\"'\\{}]+")
LATENCY_BUCKETS: Final = next(one.buckets for one in DEFINITIONS if one.name == "http_request_duration_seconds")


@dataclass(frozen=True, slots=True)
class Settings:
    """The names and objectives that the files are written for.

    `job` is the scrape job of the gateway. `availability` is the share of requests that must not fail with 5xx within
    30 days, `fast` the share that must be answered within `latency` seconds; `latency` has to be an upper bound of the
    buckets of `http_request_duration_seconds`, since nothing between them is known. `runbooks` is where docs/runbooks
    can be read, without a slash at its end. A ValueError says what is wrong and what to write instead.
    """

    job: str = "gatewayd"
    availability: Decimal = Decimal("0.999")
    fast: Decimal = Decimal("0.95")
    latency: float = 1.0
    runbooks: str = "https://runbooks.example.org/gatewayd"

    def __post_init__(self) -> None:
        if not _JOB.fullmatch(self.job):
            raise ValueError(f"job {self.job!r} is no name of a scrape job; use letters, digits and _ . : / -")
        for name, share in (("availability", self.availability), ("fast", self.fast)):
            if not Decimal("0.5") <= share < 1:
                raise ValueError(f"{name} {share} is no objective; write a share from 0.5 to below 1, such as 0.999")
        if self.latency not in LATENCY_BUCKETS:
            bounds = " ".join(f"{bound:g}" for bound in LATENCY_BUCKETS)
            raise ValueError(f"latency {self.latency:g} s is no bound of a bucket; write one of {bounds}")
        if not _URL.fullmatch(self.runbooks) or self.runbooks.endswith("/"):
            raise ValueError(
                f"runbooks {self.runbooks!r} is no base URL; write https://host/path without a / at the end"
            )

    @property
    def availability_budget(self) -> str:
        """The share of requests that may fail, as PromQL has it: "0.001"."""
        return _plain(1 - self.availability)

    @property
    def latency_budget(self) -> str:
        """The share of requests that may be slow, as PromQL has it: "0.05"."""
        return _plain(1 - self.fast)

    @property
    def latency_bound(self) -> str:
        """`latency` as the label `le` prints it: "1.0"."""
        return str(floatToGoString(self.latency))

    def runbook(self, slug: str) -> str:
        """Where the page of one alert can be read."""
        return f"{self.runbooks}/{slug}.md"

    def expand(self, expression: str) -> str:
        """PromQL with `S` at the start of a selector replaced by this job's: `up{S}`, `up{S,le="1.0"}`."""
        return re.sub(r"\{S(?=[,}])", f'{{job="{self.job}"', expression)


def percent(share: Decimal) -> str:
    """A share for people: 0.999 is "99.9 %"."""
    return f"{_plain(share * 100)} %"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
