"""Budgets that burn fast, burn slowly, and do not burn."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gatewayd.monitoring.cases.case import Case, Firing, Moment, Series, fires
from gatewayd.monitoring.settings import Settings, percent

_PER_STEP = 1_000_000  # requests between two samples, so that any share is a whole number


def failing(*phases: tuple[Decimal, int]) -> list[Series]:
    """Requests of which, in one phase after the other, such a share fails for so many samples."""
    good, bad = _growth([(1 - share, steps) for share, steps in phases]), _growth(phases)
    return [('http_requests_total{S,status_code="200"}', good), ('http_requests_total{S,status_code="500"}', bad)]


def slow(settings: Settings, share: Decimal, steps: int) -> list[Series]:
    """Requests of which such a share takes longer than the objective allows."""
    return [
        (
            f'http_request_duration_seconds_bucket{{S,le="{settings.latency_bound}"}}',
            _growth([(1 - share, steps)]),
        ),
        ("http_request_duration_seconds_count{S}", _growth([(Decimal(1), steps)])),
    ]


def shown(share: Decimal) -> str:
    """A share as `humanizePercentage` prints it."""
    return f"{float(share * 100):.4g}%"


def _growth(phases: tuple[tuple[Decimal, int], ...] | list[tuple[Decimal, int]]) -> str:
    """Samples of a counter that begins at zero."""
    reached, written = 0, ["0"]
    for share, steps in phases:
        step = int(share * _PER_STEP)
        written.append(f"{reached + step}+{step}x{steps - 1}")
        reached += step * steps
    return " ".join(written)


def fast_cases(settings: Settings) -> Iterator[Case]:
    """Alerts of short windows, evaluated every minute; fewer where the objective is so low that none can fire."""
    job, budget, sluggish = settings.job, 1 - settings.availability, 1 - settings.fast
    if 20 * budget < 1:
        burning = Firing({"job": job, "slo": "availability"}, *_failing_fast(settings, 20 * budget * 47 / 60))
        yield Case(
            "AvailabilitySLOViolation: 20 times too many failures after six good hours: noticed when 2% of the budget"
            " are gone, and over soon after the failures are",
            tuple(failing((Decimal(0), 360), (20 * budget, 60), (Decimal(0), 10))),
            (
                *(Moment("AvailabilitySLOViolation", at) for at in ("360m", "404m", "427m")),
                Moment("AvailabilitySLOViolation", "407m", (burning,)),
            ),
        )
    if 16 * sluggish < 1:
        yield fires(
            "LatencySLOViolation",
            "16 times too many are slow",
            slow(settings, 16 * sluggish, 20),
            silent=("2m",),
            at="10m",
            job=job,
            labels={"slo": "latency"},
            told=(
                f"{job} is too slow to answer {percent(settings.fast)} of requests within {settings.latency:g} s",
                f"{shown(16 * sluggish)} of requests take longer than {settings.latency:g} s. At this rate a month's"
                " budget of slow answers is gone within days.",
            ),
        )
    yield Case(
        "A steady rate just within the objective, and a quiet night with one failure, page nobody",
        tuple(failing((budget * Decimal("0.9"), 120))),
        tuple(
            Moment(alert, at)
            for alert in ("AvailabilitySLOViolation", "AvailabilitySLOSlowBurn")
            for at in ("30m", "120m")
        ),
    )


def slow_cases(settings: Settings) -> Iterator[Case]:
    """Alerts of long windows, evaluated every ten minutes."""
    job, budget, sluggish = settings.job, 1 - settings.availability, 1 - settings.fast
    text = f"{job} slowly uses up its errors"
    if 8 * budget < 1:
        yield fires(
            "AvailabilitySLOViolation",
            "8 times too many failures are no reason within an hour, but within six",
            failing((Decimal(0), 36), (8 * budget, 33)),
            interval="10m",
            silent=("7h", "10h"),
            at="11h30m",
            job=job,
            labels={"slo": "availability"},
            told=_failing_fast(settings, 8 * budget * 33 / 36),
        )
    if 4 * budget < 1:
        yield fires(
            "AvailabilitySLOSlowBurn",
            "4 times too many failures after three good days",
            failing((Decimal(0), 3 * 144), (4 * budget, 120)),
            interval="10m",
            silent=("72h", "90h"),
            at="92h",
            job=job,
            labels={"slo": "availability"},
            told=(text, _failing_slowly(settings, 4 * budget * 20 / 24)),
        )
    yield fires(
        "AvailabilitySLOSlowBurn",
        "one and a half times too many for days",
        failing((Decimal("1.5") * budget, 20)),
        interval="10m",
        silent=("20m",),
        at="3h",
        job=job,
        labels={"slo": "availability"},
        told=(text, _failing_slowly(settings, Decimal("1.5") * budget)),
    )
    if 4 * sluggish < 1:
        yield fires(
            "LatencySLOSlowBurn",
            "4 times too many are slow",
            slow(settings, 4 * sluggish, 20),
            interval="10m",
            silent=("20m",),
            at="3h",
            job=job,
            labels={"slo": "latency"},
            told=(
                f"{job} slowly uses up its slow answers",
                f"{shown(4 * sluggish)} of requests take longer than {settings.latency:g} s, and have for days.",
            ),
        )


def _failing_fast(settings: Settings, share: Decimal) -> tuple[str, str]:
    return (
        f"{settings.job} fails too often to stay available for {percent(settings.availability)}",
        f"{shown(share)} of requests fail. At this rate a month's budget of errors is gone within days.",
    )


def _failing_slowly(settings: Settings, share: Decimal) -> str:
    return (
        f"{shown(share)} of requests fail, and have for days. If that goes on, less than"
        f" {percent(settings.availability)} of this month's requests succeed."
    )
