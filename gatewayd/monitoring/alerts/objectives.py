"""Error budgets that burn too fast: docs/slo.md has the arithmetic."""

from __future__ import annotations

from gatewayd.monitoring.rules import Alert
from gatewayd.monitoring.settings import Settings, percent
from gatewayd.monitoring.slo import ERRORS, PAGING, SLOW, TICKETS, burning

_AVAILABILITY = (("slo", "availability"),)
_LATENCY = (("slo", "latency"),)


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """The four of the two objectives."""
    available, fast = percent(settings.availability), percent(settings.fast)
    failing, slow = settings.availability_budget, settings.latency_budget
    bound = f"{settings.latency:g} s"
    return (
        Alert(
            "AvailabilitySLOViolation",
            burning(PAGING, ERRORS, failing),
            "2m",
            "critical",
            "{{ $labels.job }} fails too often to stay available for " + available,
            "{{ $value | humanizePercentage }} of requests fail. At this rate a month's budget of errors is gone within"
            " days.",
            _AVAILABILITY,
        ),
        Alert(
            "AvailabilitySLOSlowBurn",
            burning(TICKETS, ERRORS, failing),
            "15m",
            "warning",
            "{{ $labels.job }} slowly uses up its errors",
            "{{ $value | humanizePercentage }} of requests fail, and have for days. If that goes on, less than "
            + available
            + " of this month's requests succeed.",
            _AVAILABILITY,
        ),
        Alert(
            "LatencySLOViolation",
            burning(PAGING, SLOW, slow),
            "2m",
            "warning",
            "{{ $labels.job }} is too slow to answer " + fast + f" of requests within {bound}",
            "{{ $value | humanizePercentage }} of requests take longer than " + bound + ". At this rate a month's"
            " budget of slow answers is gone within days.",
            _LATENCY,
        ),
        Alert(
            "LatencySLOSlowBurn",
            burning(TICKETS, SLOW, slow),
            "15m",
            "info",
            "{{ $labels.job }} slowly uses up its slow answers",
            "{{ $value | humanizePercentage }} of requests take longer than " + bound + ", and have for days.",
            _LATENCY,
        ),
    )
