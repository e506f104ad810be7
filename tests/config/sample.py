"""Configurations written to files, and what loading them says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from gatewayd.config import Config, ConfigErrors, Problem, load, load_with_warnings

SERVICES = "services: {pay: {targets: ['http://127.0.0.1:9005']}}\n"
RESILIENT = """
gateway: {accept_timeouts: false}
shedding: {enabled: false, lag: 100ms, lag_full: 500ms}
dns: {servers: [10.0.0.53, "10.0.0.54:5353", "fd00::53", "[fd00::53]:54"], timeout: 1s}
services:
  pay:
    targets: ["http://a:1", {url: "http://b:1", weight: 2, priority: 1}, {url: "unix:/c"}]
    breaker: {mode: metrics_only, window: 30s, minimum: 5, failure_rate: off, slow_rate: 12.5%, slow_after: 2s,
              consecutive: 4, open: 5s, open_most: 1m, factor: 3, jitter: 0%, probes: 1, ramp: 0s,
              statuses: [500, 5xx, 429], errors: [connect]}
    ejection: {enabled: false, consecutive: off, failure_rate: 90%, window: 50, minimum: 7, time: 1s, time_most: 2s,
               ramp: 0s}
    balance: {policy: hash, key: "header:X-Seat", bounded_load: 2, sticky: {cookie: seat, ttl: 5m, secure: false},
              slow_start: 10s, failover_below: 70%, panic: refuse}
    health: {path: "/up?deep=1", method: GET, interval: 1s, timeout: 1s, jitter: 20%, rise: 1, fall: 1,
             statuses: [2xx, 301], body: "fine", host: "up.internal:81", required: true}
    retries: {attempts: 3, methods: [GET, PUT, GET], on: [connect, timeout, 503, 503], per_try: 1s, backoff: 0s,
              backoff_most: 2s, body: 0B, budget: 50%, budget_least: 0, hedge: {percentile: 99.5, least: 0s, most: 2s}}
    concurrency: {most: 10, queue: 5, wait: 2s, order: lifo_under_pressure}
  pay-2:
    discovery: {dns: {name: Pay.internal., port: 9005, least_ttl: 2s, most_ttl: 1m}}
    health: {path: off, port: 9006}
    concurrency: {adaptive: {least: 5, most: 50}}
  pay-3:
    discovery: {dns: {name: _http._tcp.pay.internal, record: srv}}
  pay-4:
    discovery: {file: {path: /etc/pay.yaml, interval: 5s}}
routes:
  - path: /a
    split: [{service: pay, weight: 95}, {service: pay-2, weight: 5}, {service: pay-3, weight: 0}]
    split_by: client
    fallback: {on: [circuit-open, circuit-open, no-target], respond: {status: 503, body: later}}
    mirror: {service: pay-4, share: 2.5%, at_once: 3, body: 1KiB}
    priority: high
    retries: {attempts: 0, methods: [], on: [5xx], per_try: off}
  - {path: /b, service: pay, fallback: {service: pay-2}, retries: {per_try: 3s}}
"""


class Said(NamedTuple):
    """A problem without its file and source line."""

    line: int
    column: int
    message: str
    hint: str


def write(folder: Path, text: str, **conf_d: str) -> Path:
    """The main file with `text`, beside a conf.d with a file for each further argument."""
    main = folder / "gateway.yaml"
    main.write_text(dedent(text), encoding="utf-8")
    for name, more in conf_d.items():
        (folder / "conf.d").mkdir(exist_ok=True)
        (folder / "conf.d" / f"{name}.yaml").write_text(dedent(more), encoding="utf-8")
    return main


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None, **conf_d: str) -> Config:
    """The configuration that the files make."""
    return load(write(folder, text, **conf_d), environ or {})


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None, **conf_d: str) -> list[Problem]:
    """Everything that is wrong with the files."""
    with pytest.raises(ConfigErrors) as caught:
        load(write(folder, text, **conf_d), environ or {})
    return list(caught.value.problems)


def said(folder: Path, text: str, environ: Mapping[str, str] | None = None, **conf_d: str) -> list[Said]:
    """Everything that is wrong with the files, briefly."""
    return [Said(p.line, p.column, p.message, p.hint) for p in problems(folder, text, environ, **conf_d)]


def warned(folder: Path, text: str, **conf_d: str) -> list[Said]:
    """What is doubtful about the files, which are sound."""
    warnings = load_with_warnings(write(folder, text, **conf_d), {})[1]
    return [Said(p.line, p.column, p.message, p.hint) for p in warnings]
