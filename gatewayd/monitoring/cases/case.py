"""What a unit test of alerts is, and how promtool reads it.

In values `0+60x10` are eleven samples, `0x3` are four, `_x3` are three that are missing; the first is at 0m.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gatewayd.monitoring.alerts import alerts
from gatewayd.monitoring.rules import Alert
from gatewayd.monitoring.settings import Settings

Series = tuple[str, str]  # name and labels with `S` for the job, as in expressions; values


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert that fires: the labels it has of its series, and what people are told."""

    labels: Mapping[str, str]
    summary: str
    description: str

    def entry(self, alert: Alert, settings: Settings) -> dict[str, object]:
        """What promtool compares; the job is added where the alert is about one."""
        return {
            "exp_labels": {**self.labels, **alert.fixed_labels()},
            "exp_annotations": {
                "summary": self.summary,
                "description": self.description,
                **alert.links(settings),
            },
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """What is expected of an alert at a time since the beginning, such as 5m; without `firing`, silence."""

    alert: str
    at: str
    firing: tuple[Firing, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Series, and what alerts make of them."""

    title: str
    series: tuple[Series, ...]
    moments: tuple[Moment, ...] = field(default=())
    interval: str = "1m"

    def entry(self, settings: Settings) -> dict[str, object]:
        """The case as promtool has it."""
        known = {alert.name: alert for alert in alerts(settings)}
        return {
            "name": self.title,
            "interval": self.interval,
            "input_series": [{"series": settings.expand(name), "values": values} for name, values in self.series],
            "alert_rule_test": [
                {
                    "eval_time": moment.at,
                    "alertname": moment.alert,
                    "exp_alerts": [firing.entry(known[moment.alert], settings) for firing in moment.firing],
                }
                for moment in self.moments
            ],
        }


def fires(
    alert: str,
    title: str,
    series: Iterable[Series],
    *,
    at: str,
    told: tuple[str, str],
    labels: Mapping[str, str],
    silent: tuple[str, ...] = (),
    job: str = "gatewayd",
    interval: str = "1m",
) -> Case:
    """A case of one alert: nothing at the times in `silent`, and at `at` summary and description as in `told`."""
    firing = Firing({**labels, "job": job} if job else labels, *told)
    quiet = tuple(Moment(alert, time) for time in silent)
    return Case(f"{alert}: {title}", tuple(series), (*quiet, Moment(alert, at, (firing,))), interval)


def document(
    cases: Iterable[Case], groups: Iterable[str], settings: Settings, evaluation: str = "1m"
) -> dict[str, object]:
    """A test file's content: the rules of `groups` and of the recording rules against `cases`."""
    return {
        "rule_files": [f"../rules/{name}.yml" for name in ("gatewayd-recording", *groups)],
        "evaluation_interval": evaluation,
        # As Prometheus has it in the long run: what is recorded is there when alerts look at it.
        "group_eval_order": ["gatewayd-recording", "gatewayd-recording-long", *groups],
        "tests": [case.entry(settings) for case in cases],
    }
