"""Resources that run out."""

from __future__ import annotations

from gatewayd.monitoring.cases.case import Case, Series, fires

_LAG = 'event_loop_lag_seconds_bucket{S,instance="a:9464",le="%s"}'


def _of(name: str, labels: str = "") -> str:
    return f'{name}{{S,instance="a:9464"{labels}}}'


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group, on both sides of its wait."""
    where = {"instance": "a:9464"}
    late: list[Series] = [(_LAG % "0.1", "0+200x20"), (_LAG % "0.25", "0+240x20"), (_LAG % "+Inf", "0+240x20")]
    return (
        fires(
            "HighMemoryUsage",
            "95 of 100 MB are resident",
            [
                (_of("memory_usage_bytes", ',type="rss"'), "95000000x20"),
                (_of("memory_usage_bytes", ',type="limit"'), "100000000x20"),
                (_of("memory_usage_bytes", ',type="vms"'), "990000000x20"),
            ],
            silent=("9m",),
            at="10m",
            job=job,
            labels=where,
            told=(
                "a:9464 uses 95% of its memory",
                "Its resident memory has been above 90% of what it may use for ten minutes. At 100% the kernel ends the"
                " process.",
            ),
        ),
        fires(
            "HighEventLoopLag",
            "one wake-up in six is late",
            late,
            silent=("5m",),
            at="8m",
            job=job,
            labels=where,
            told=(
                "The event loop of a:9464 is 205ms late",
                "One wake-up in twenty has come more than 0.1 s late for five minutes: every request waits as long, and"
                " load is shed above 0.2 s.",
            ),
        ),
        fires(
            "TooManyActiveConnections",
            "950 of 1,000",
            [(_of("active_connections"), "950x20"), (_of("gatewayd_connections_limit"), "1000x20")],
            silent=("4m",),
            at="5m",
            job=job,
            labels=where,
            told=(
                "a:9464 has 95% of its connections open",
                "Beyond limits.connections further clients are cut off.",
            ),
        ),
        fires(
            "FileDescriptorsNearLimit",
            "850 of 1,000",
            [(_of("process_open_fds"), "850x20"), (_of("process_max_fds"), "1000x20")],
            silent=("9m",),
            at="10m",
            job=job,
            labels=where,
            told=(
                "a:9464 uses 85% of its file descriptors",
                "Each client and each connection to a service takes one. Without a free one no connection can be"
                " accepted or opened, and no log reopened.",
            ),
        ),
        fires(
            "ReactorSaturated",
            "two workers take 1.9 cores",
            [
                (_of("process_cpu_seconds_total"), "0+114x30"),
                (_of("gatewayd_workers", ',state="up"'), "2x30"),
                (_of("gatewayd_workers", ',state="down"'), "0x30"),
            ],
            silent=("19m",),
            at="20m",
            job=job,
            labels=where,
            told=(
                "The workers of a:9464 are 95% busy",
                "A worker uses one processor core. For 15 minutes they have had less than 10% left: latency rises with"
                " every further request.",
            ),
        ),
        fires(
            "TracingSpansDropped",
            "the queue is full",
            [
                ('otel_spans_total{S,result="exported"}', "0+600x30"),
                ('otel_spans_total{S,result="dropped"}', "0+30x30"),
            ],
            silent=("15m",),
            at="16m",
            job=job,
            labels={"result": "dropped"},
            told=(
                "0.5 spans per second are dropped",
                "Traces have had gaps for 15 minutes: the collector is down, refuses, or is slower than spans come."
                " Requests are not affected.",
            ),
        ),
        fires(
            "MetricsCardinalityCapped",
            "the 201st tenant comes",
            [('metrics_series_capped_total{S,metric="tenant_requests_total"}', "0x9 1x10")],
            silent=("9m",),
            at="10m",
            job=job,
            labels={"metric": "tenant_requests_total"},
            told=(
                "tenant_requests_total has more label values than it may have",
                "Further tenants are counted together as _other. What is shown by name is right; it is not all.",
            ),
        ),
    )
