"""The registry as a whole: what is exported from the start, and what each call moves."""

from __future__ import annotations

import os

import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gatewayd.core.reasons import REASONS
from gatewayd.telemetry import Metrics
from gatewayd.telemetry.catalogue import DEFINITIONS, VIOLATIONS
from tests.telemetry.test_resilience import Counted
from tests.telemetry.test_traffic import value


def busy() -> Metrics:
    """Metrics after a little of everything."""
    metrics = Metrics(aliases=True)
    metrics.build_info(version="0.1.0", revision="abc", python="3.11.2", twisted="26.10.0", openssl="3.0")
    metrics.config_info("f00d")
    metrics.certificates.loaded({"api": 1.8e9})
    metrics.route("tickets").method(b"GET").finish(200, 0.01, 0, 100)
    service = metrics.service("ticket")
    service.attempt(200, 0.005)
    service.connected(0.001)
    service.breaker = Counted()
    service.check_status = 1
    metrics.callers.auth.seen("acme")
    metrics.callers.auth.tenant_failed("acme", "revoked")
    metrics.callers.crossed("acme", "")
    metrics.callers.guard(["x-tenant-id"])
    metrics.callers.issuer("platform")
    metrics.callers.jwks_fetched("platform", 1e9)
    metrics.rate_limits.exceeded("/tickets/**", "")
    metrics.redis.command("limit")(0.001)
    metrics.overhead(0.0003)
    metrics.loop_lag(0.002)
    metrics.certificates.loaded({"main": 2e9})
    return metrics


def test_everything_in_the_catalogue_is_exported_as_it_says() -> None:
    """A scrape parses, and has exactly the catalogue's families, with its types, labels and help."""
    families = {
        family.name: family for family in text_string_to_metric_families(generate_latest(busy().registry).decode())
    }
    for definition in DEFINITIONS:
        family = families.pop(definition.name.removesuffix("_total"))
        assert family.type == ("gauge" if definition.kind == "info" else definition.kind)
        assert family.documentation == definition.help
        assert family.samples, definition.name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(definition.labels)
    assert families == {}


def test_names_keep_the_conventions() -> None:
    """Counters end in _total and nothing else does; infos end in _info; names are unique."""
    for definition in DEFINITIONS:
        assert definition.name.endswith("_total") == (definition.kind == "counter"), definition.name
        assert definition.name.endswith("_info") == (definition.kind == "info"), definition.name
        assert bool(definition.buckets) == (definition.kind == "histogram"), definition.name
        assert list(definition.buckets) == sorted(set(definition.buckets)), definition.name
        assert definition.help.endswith("."), definition.name
        assert definition.when, definition.name
    assert len({definition.name for definition in DEFINITIONS}) == len(DEFINITIONS)


def test_known_label_values_exist_before_the_first_event() -> None:
    """A counter born at 1 would hide its first event from increase(): it is born at 0."""
    metrics = Metrics()
    for definition in DEFINITIONS:
        if definition.kind == "counter" and len(definition.labels) == 1 and "python_gc" not in definition.name:
            for known in definition.known if definition.name != "authentication_attempts_total" else ():
                assert value(metrics, definition.name, **{definition.labels[0]: known}) == 0


def test_known_values_of_services_exist_with_the_service() -> None:
    """Every kind of error, retry and state is there as soon as its service is."""
    metrics = Metrics()
    metrics.service("payment")
    for definition in DEFINITIONS:
        if definition.labels[:1] == ("service",):
            for known in definition.known:
                assert value(metrics, definition.name, service="payment", **{definition.labels[1]: known}) == 0


def test_the_second_name_of_a_counter_is_off_unless_asked_for() -> None:
    """`authentication_attempts_total` says what `auth_attempts_total` says, for those who want both."""
    assert value(Metrics(), "authentication_attempts_total", status="success") is None
    metrics = Metrics(aliases=True)
    metrics.callers.auth.successes += 2
    assert value(metrics, "authentication_attempts_total", status="success") == 2


def test_each_event_moves_its_own_counter() -> None:
    """Violations, aborts and rejections are counted by what they are; unknown ones are the caller's mistake."""
    metrics = Metrics()
    metrics.violation("smuggling")
    metrics.abort("client")
    metrics.abort("client")
    metrics.reject("limit")
    assert value(metrics, "security_violations_total", violation_type="smuggling") == 1
    assert value(metrics, "security_violations_total", violation_type="oversize") == 0
    assert value(metrics, "http_request_aborts_total", reason="client") == 2
    assert value(metrics, "connections_rejected_total", reason="limit") == 1
    for count in (metrics.violation, metrics.abort, metrics.reject):
        with pytest.raises(KeyError):
            count("gremlins")


def test_every_refusal_that_is_a_violation_can_be_counted() -> None:
    """The table of reasons names only violations that the metric knows."""
    assert {reason.violation for reason in REASONS if reason.violation} <= set(VIOLATIONS.known)


def test_gauges_follow_their_calls() -> None:
    """Limits and draining are set; open connections are asked for at scrape time."""
    metrics = Metrics()
    assert value(metrics, "gatewayd_draining") == 0
    metrics.draining(True)
    metrics.limits(connections=20_000)
    metrics.connections = lambda: 17
    assert value(metrics, "gatewayd_draining") == 1
    assert value(metrics, "gatewayd_connections_limit") == 20_000
    assert value(metrics, "active_connections") == 17
    metrics.draining(False)
    assert value(metrics, "gatewayd_draining") == 0


def test_infos_appear_when_told_and_are_replaced() -> None:
    """Before the first configuration there is no series; after a second one there is only its own."""
    metrics = Metrics()
    assert value(metrics, "gatewayd_config_info", hash="a") is None
    metrics.config_info("a")
    metrics.config_info("b")
    assert value(metrics, "gatewayd_config_info", hash="a") is None
    assert value(metrics, "gatewayd_config_info", hash="b") == 1


def test_the_process_is_described() -> None:
    """Memory, descriptors, CPU and start of this very process, in the names every client library uses."""
    metrics = Metrics()
    rss = value(metrics, "memory_usage_bytes", type="rss")
    limit = value(metrics, "memory_usage_bytes", type="limit")
    started = value(metrics, "process_start_time_seconds")
    assert rss is not None
    assert limit is not None
    assert started is not None
    assert 1e6 < rss < limit
    assert started == value(metrics, "process_start_time_seconds")
    assert started <= os.stat("/proc/self/stat").st_mtime + 1
    for name in ("process_cpu_seconds_total", "process_open_fds", "process_max_fds", "process_virtual_memory_bytes"):
        assert (value(metrics, name) or 0) > 0


def test_no_creation_times_are_exported() -> None:
    """`_created` series would add a seventh to every scrape."""
    assert b"_created" not in generate_latest(busy().registry)


def test_registries_are_apart() -> None:
    """Two of them count apart from each other, and neither is the library's global one."""
    one, other = Metrics(), Metrics()
    one.route("r").method(b"GET").finish(200, 0.1, 0, 0)
    assert value(other, "http_requests_total", method="GET", route="r", status_code="200") is None
    assert REGISTRY.get_sample_value("active_connections") is None
