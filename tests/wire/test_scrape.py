"""What a real gateway exports: Prometheus's own tool finds nothing to say against it, and both formats can be read."""

from __future__ import annotations

import subprocess

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from gatewayd.telemetry.catalogue import DEFINITIONS
from tests.harness import Client, GatewayProcess, RecordingUpstream

from .world import get


def scraped(gateway: GatewayProcess, *lines: bytes) -> str:
    """The text of a scrape with these fields in its request."""
    request = b"\r\n".join([b"GET /metrics HTTP/1.1", b"Host: m", b"Connection: close", *lines, b"", b""])
    with Client(gateway.metrics_address) as client:
        return client.ask(request).body.decode()


def busy(gateway: GatewayProcess) -> None:
    """Requests of several kinds."""
    with Client(gateway.address) as client:
        for path in (b"/a", b"/b?c=d"):
            assert client.ask(get(path)).status == 200
        assert client.ask(get(b"/a", b"Content-Length: 1, 2")).status == 400


def test_promtool_has_nothing_to_say(gateway: GatewayProcess) -> None:
    """`promtool check metrics` reads the scrape, and finds names and help texts as they should be."""
    busy(gateway)
    found = subprocess.run(
        ["promtool", "check", "metrics"], input=scraped(gateway).encode(), capture_output=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")


def test_both_formats_say_the_same(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """OpenMetrics, parsed strictly, has the series of the plain text, and every metric that has to be there."""
    busy(gateway)

    def series(samples: list[Sample]) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
        return {(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples}

    texts = {family.name: list(family.samples) for family in parse_text(scraped(gateway))}
    strict = list(parse_openmetrics(scraped(gateway, b"Accept: application/openmetrics-text;version=1.0.0")))
    assert series([sample for family in strict for sample in family.samples]) == series(
        [sample for samples in texts.values() for sample in samples]
    )
    absent = {definition.name for definition in DEFINITIONS if definition.name.removesuffix("_total") not in texts}
    assert absent == {"authentication_attempts_total"}


def test_a_start_is_a_good_configuration(gateway: GatewayProcess) -> None:
    """One process is up, the configuration is good, and when it was taken up is after the process began."""
    assert gateway.metric("gatewayd_workers", state="up") == 1
    assert gateway.metric("gatewayd_config_last_reload_successful") == 1
    began = gateway.metric("process_start_time_seconds")
    assert gateway.metric("gatewayd_config_last_reload_success_timestamp_seconds") > began > 1.7e9
