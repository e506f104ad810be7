"""The reference page of the metrics, written from their definitions so that it cannot say anything else."""

from __future__ import annotations

from prometheus_client.utils import floatToGoString

from gatewayd.telemetry.catalogue import DEFINITIONS
from gatewayd.telemetry.definition import Definition

_INTRODUCTION = """\
# Metrics

What `/metrics` on the metrics port exports, as plain text (`text/plain; version=0.0.4`) or OpenMetrics 1.0.0, whichever
the scraper asks for. This page is written by `python -m gatewayd.telemetry`.

- Durations are in seconds, sizes in bytes. Histograms have classic buckets; `le` prints as a float, so a rule has
  to say `le="1.0"`.
- `route` is the `path` of the matched route as configured, or `_unmatched`. `method` is one of the known methods, or
  `_OTHER`.
- `status_code` is the exact code in counters and its class, such as `2xx`, in histograms: both match `=~"5.."`.
- `tenant_id` and its like are tenants of verified credentials. `metrics.tenants` of them (200) have series of their
  own: the first ones, until others have more requests. Once a minute the tenants with the fewest requests hand their
  series on to those that certainly have a quarter more, by a space-saving sketch in which what lies hours back counts
  for less. `_other` is everybody else. Each request is in one series: a tenant's begins at 0 when it is given one,
  `_other` keeps what was before, and none ever falls; that of a tenant which has none any more disappears, with its
  refusals.
- 499 is the code of a request whose answer could not be sent: its client went away first, or a stop cut it off.
- Series marked "from the start" exist at zero before anything happened, so that `increase()` sees the first event.
  Those with a `service` or `route` label begin with the service or the first request.
- Durations of requests and attempts have exemplars (`trace_id`) of sampled traces, in OpenMetrics only; Prometheus
  keeps them with `--enable-feature=exemplar-storage`.
- A scrape is made anew for whoever asks, unless there are more than one a second in the long run, and ten before that:
  then the last text is sent, which is not older than a second, so that a crowd of scrapers costs what one costs. Who
  sends `Cache-Control: no-cache` gets a new one in any case.
- A stall of the event loop of more than 100 ms is one line of the log, with the place in the code that caused it
  (`the event loop stood still for 0.312 s (0.310 s of CPU) in ...`); `event_loop_lag_seconds` has how late it runs.
- If your scrape configuration sets a `service` label itself, add `honor_labels: true`, or Prometheus renames ours to
  `exported_service`.
"""


def page() -> str:
    """The page as Markdown, ending in a newline."""
    lines = [_INTRODUCTION, "## gatewayd", "", "| Name | Type | Labels | Meaning | Updated |", "|---|---|---|---|---|"]
    lines += [_row(definition) for definition in DEFINITIONS]
    lines += ["", "## Buckets", "", "| Name | Upper bounds, without +Inf |", "|---|---|"]
    lines += [_bounds(definition) for definition in DEFINITIONS if definition.buckets]
    return "\n".join(lines) + "\n"


def _row(definition: Definition) -> str:
    labels = [f"`{label}`" for label in definition.labels]
    if definition.known:
        labels[-1] += " from the start: " + ", ".join(definition.known)
    return _cells(f"`{definition.name}`", definition.kind, "; ".join(labels), definition.help, definition.when)


def _bounds(definition: Definition) -> str:
    return _cells(f"`{definition.name}`", " ".join(floatToGoString(bound) for bound in definition.buckets))


def _cells(*values: str) -> str:
    return "| " + " | ".join(values) + " |"
