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
- `tenant_id` and its like are tenants of verified credentials; `_other` is all those after the first 200.
- 499 is the code of a request whose client went away before its answer.
- Series marked "from the start" exist at zero before anything happened, so that `increase()` sees the first event.
  Those with a `service` or `route` label begin with the service or the first request.
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
