"""What the gateway counts of itself: reloads, workers, spans, certificates."""

from __future__ import annotations

import pytest

from gatewayd.telemetry import Metrics
from tests.telemetry.test_traffic import value


def reloads(metrics: Metrics) -> tuple[float | None, float | None, list[float | None]]:
    """Whether the last one was good, when the one in use was taken up, and how many there were of each kind."""
    return (
        value(metrics, "gatewayd_config_last_reload_successful"),
        value(metrics, "gatewayd_config_last_reload_success_timestamp_seconds"),
        [
            value(metrics, "gatewayd_config_reloads_total", result=result)
            for result in ("success", "failure", "unchanged")
        ],
    )


def test_reloads() -> None:
    """A start is a good configuration and no reload; a bad one leaves the time as it is, and so does the same again."""
    metrics = Metrics()
    assert reloads(metrics) == (0, 0, [0, 0, 0])
    metrics.reloads.started(1000.0)
    assert reloads(metrics) == (1, 1000, [0, 0, 0])
    metrics.reloads.failure()
    assert reloads(metrics) == (0, 1000, [0, 1, 0])
    metrics.reloads.unchanged()
    assert reloads(metrics) == (1, 1000, [0, 1, 1])
    metrics.reloads.success(2000.0)
    assert reloads(metrics) == (1, 2000, [1, 1, 1])


def test_workers() -> None:
    """A gateway without a supervisor is one process, up until it stops; a supervisor counts them itself."""
    metrics = Metrics()

    def states() -> list[float | None]:
        return [value(metrics, "gatewayd_workers", state=state) for state in ("up", "draining", "down")]

    assert states() == [1, 0, 0]
    metrics.draining(True)
    assert states() == [0, 1, 0]
    metrics.workers.counts = lambda: (3, 1, 2)
    assert states() == [3, 1, 2]
    metrics.workers.restarted("watchdog")
    assert value(metrics, "gatewayd_worker_restarts_total", reason="watchdog") == 1
    with pytest.raises(KeyError):
        metrics.workers.restarted("gremlins")


def test_spans() -> None:
    """Counted in batches, but for those that nobody wants."""
    spans = (metrics := Metrics()).spans
    spans.unsampled += 1
    spans.exported(512)
    spans.dropped(3)
    spans.failed(2)
    spans.failed(2)
    found = {
        result: value(metrics, "otel_spans_total", result=result)
        for result in ("exported", "dropped", "failed", "unsampled")
    }
    assert found == {"exported": 512, "dropped": 3, "failed": 4, "unsampled": 1}


def test_certificates() -> None:
    """Those in use, each with its end; one that is no longer loaded is gone."""
    metrics = Metrics()

    def ends() -> list[float | None]:
        name = "tls_certificate_not_after_timestamp_seconds"
        return [metrics.registry.get_sample_value(name, {"name": one}) for one in ("main", "old")]

    metrics.certificates.loaded({"main": 2e9, "old": 1e9})
    assert ends() == [2e9, 1e9]
    metrics.certificates.loaded({"main": 3e9})
    assert ends() == [3e9, None]
