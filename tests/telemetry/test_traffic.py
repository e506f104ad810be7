"""The series of a request: what one call counts, and that clients cannot add series at will."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.telemetry import Metrics
from gatewayd.telemetry.catalogue import ATTEMPT_ERRORS, LATENCY
from gatewayd.telemetry.exposition import OPENMETRICS, TEXT, exposition
from gatewayd.telemetry.traffic import METHODS


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of one series as a scrape would see it; None where there is no such series."""
    return metrics.registry.get_sample_value(name, labels)


def test_finish_counts_rows_1_to_4() -> None:
    """One finished request: exact code in the counter, class in the duration, sizes as transferred."""
    metrics = Metrics()
    metrics.route("tickets").method(b"POST").finish(201, 0.030, 700, 0)
    where = {"method": "POST", "route": "tickets"}
    assert value(metrics, "http_requests_total", **where, status_code="201") == 1
    durations = {**where, "status_code": "2xx"}
    assert value(metrics, "http_request_duration_seconds_count", **durations) == 1
    assert value(metrics, "http_request_duration_seconds_sum", **durations) == 0.030
    assert value(metrics, "http_request_duration_seconds_bucket", **durations, le="0.025") == 0
    assert value(metrics, "http_request_duration_seconds_bucket", **durations, le="0.05") == 1
    assert value(metrics, "http_request_size_bytes_sum", **where) == 700
    assert value(metrics, "http_request_size_bytes_bucket", **where, le="100.0") == 0
    assert value(metrics, "http_response_size_bytes_bucket", **where, le="100.0") == 1
    assert value(metrics, "http_response_size_bytes_sum", **where) == 0


def test_codes_of_a_class_share_a_duration() -> None:
    """200 and 204 are two counters and one histogram; 500 is another of each."""
    metrics = Metrics()
    get = metrics.route("r").method(b"GET")
    for status in (200, 204, 200, 500):
        get.finish(status, 0.001, 0, 10)
    where = {"method": "GET", "route": "r"}
    assert value(metrics, "http_requests_total", **where, status_code="200") == 2
    assert value(metrics, "http_requests_total", **where, status_code="204") == 1
    assert value(metrics, "http_request_duration_seconds_count", **where, status_code="2xx") == 3
    assert value(metrics, "http_request_duration_seconds_count", **where, status_code="5xx") == 1
    assert value(metrics, "http_response_size_bytes_count", **where) == 4


@given(st.lists(st.tuples(st.sampled_from((200, 404, 499, 503)), st.integers(0, 10**8), st.integers(0, 10**8))))
def test_every_histogram_counts_every_request(requests: list[tuple[int, int, int]]) -> None:
    """However requests end, counters and histograms agree on how many there were, and sums on how much."""
    metrics = Metrics()
    get = metrics.route("r").method(b"GET")
    for status, bytes_in, bytes_out in requests:
        get.finish(status, 0.5, bytes_in, bytes_out)
    assert sum(outcome.requests for outcome in get.outcomes.values()) == len(requests)
    assert sum(sum(durations.counts) for durations in get.durations.values()) == len(requests)
    assert sum(get.request_sizes.counts) == sum(get.response_sizes.counts) == len(requests)
    assert get.request_sizes.sum == sum(bytes_in for _, bytes_in, _ in requests)
    assert get.response_sizes.sum == sum(bytes_out for _, _, bytes_out in requests)


def test_a_sampled_trace_is_an_exemplar() -> None:
    """Of the durations of its request and of its attempt, in the bucket that those fell into."""
    metrics = Metrics()
    get, payment = metrics.route("r").method(b"GET"), metrics.service("payment")
    get.finish(200, 0.03, 0, 0)
    get.finish(200, 0.004, 0, 0, "ab" * 16)
    payment.attempt(200, 0.02)
    payment.attempt(None, 70.0, "cd" * 16)
    found = {index: exemplar.trace_id for index, exemplar in get.durations["2xx"].exemplars.items()}
    assert found == {LATENCY.index(0.005): "ab" * 16}
    assert [exemplar.value for exemplar in payment.durations.exemplars.values()] == [70.0]
    text = b"".join(exposition(metrics.collectors, OPENMETRICS))
    assert text.count(b"# {trace_id=") == 2
    assert b"trace_id" not in b"".join(exposition(metrics.collectors, TEXT))


def test_requests_in_progress_are_what_the_caller_keeps() -> None:
    """The gauge follows the plain attribute."""
    metrics = Metrics()
    get = metrics.route("r").method(b"GET")
    get.in_progress += 2
    get.in_progress -= 1
    assert value(metrics, "http_requests_in_progress", method="GET", route="r") == 1


def test_known_methods_have_their_own_series() -> None:
    """Each known method keeps its name and its object."""
    route = Metrics().route("r")
    objects = {route.method(method.encode()) for method in METHODS}
    assert len(objects) == len(METHODS)
    assert route.method(b"GET") is route.method(b"GET")
    assert {label for label, _ in route.methods()} == set(METHODS)


@given(st.lists(st.binary()))
def test_unknown_methods_share_one_series(methods: list[bytes]) -> None:
    """Whatever a client sends as a method, a route has at most the known ones and `_OTHER`."""
    route = Metrics().route("r")
    for method in [*methods, b"get", b"_OTHER", b"\xff"]:
        route.method(method).in_progress += 1
    assert {label for label, _ in route.methods()} <= {*METHODS, "_OTHER"}
    assert route.method(b"get") is route.method(b"_OTHER") is route.method(b"BREW")


def test_without_a_route_requests_are_unmatched() -> None:
    """A request that no route answers is counted under one label, not under its path."""
    metrics = Metrics()
    metrics.route().method(b"GET").finish(404, 0.001, 0, 0)
    assert value(metrics, "http_requests_total", method="GET", route="_unmatched", status_code="404") == 1


def test_attempts_count_rows_13_and_14() -> None:
    """An attempt without an answer has the code `error`, and a duration as any other."""
    metrics = Metrics()
    payment = metrics.service("payment")
    payment.attempt(200, 0.2)
    payment.attempt(200, 0.2)
    payment.attempt(None, 30.0)
    assert value(metrics, "downstream_requests_total", service="payment", status_code="200") == 2
    assert value(metrics, "downstream_requests_total", service="payment", status_code="error") == 1
    assert value(metrics, "downstream_request_duration_seconds_count", service="payment") == 3
    assert value(metrics, "downstream_request_duration_seconds_bucket", service="payment", le="0.25") == 2
    assert value(metrics, "downstream_request_duration_seconds_bucket", service="payment", le="30.0") == 3


def test_errors_of_a_service_start_at_zero() -> None:
    """Every kind of error exists before the first, and an unknown kind is the caller's mistake."""
    metrics = Metrics()
    payment = metrics.service("payment")
    kinds = ATTEMPT_ERRORS.known
    assert [value(metrics, "downstream_errors_total", service="payment", error_type=kind) for kind in kinds] == [0] * 7
    payment.error("dns")
    assert value(metrics, "downstream_errors_total", service="payment", error_type="dns") == 1
    with pytest.raises(KeyError):
        payment.error("gremlins")


def test_the_pool_is_asked_when_scraped() -> None:
    """Connections of a pool are read at scrape time; without a pool they are 0."""
    metrics = Metrics()
    payment = metrics.service("payment")

    def states() -> list[float | None]:
        return [
            value(metrics, "downstream_connections", service="payment", state=state)
            for state in ("active", "idle", "waiting")
        ]

    assert states() == [0, 0, 0]
    payment.pool = lambda: (3, 2, 1)
    assert states() == [3, 2, 1]


def test_new_upstream_connections_are_timed() -> None:
    """`connected` observes one connection's duration."""
    metrics = Metrics()
    metrics.service("payment").connected(0.006)
    assert value(metrics, "downstream_connect_duration_seconds_bucket", service="payment", le="0.01") == 1
    assert value(metrics, "downstream_connect_duration_seconds_sum", service="payment") == 0.006
