"""Which format and coding a scraper gets for what it sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.admin.negotiation import accepts_gzip, choose_format
from gatewayd.telemetry.collector import Format
from gatewayd.telemetry.exposition import OPENMETRICS, TEXT

PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("", TEXT, id="no field"),
        pytest.param(PROMETHEUS_2_42, OPENMETRICS, id="Prometheus 2.42"),
        pytest.param(PROMETHEUS_3, OPENMETRICS, id="Prometheus 3"),
        pytest.param(BROWSER, TEXT, id="a browser"),
        pytest.param("*/*", TEXT, id="curl"),
        pytest.param("application/*", TEXT, id="not by name"),
        pytest.param("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.8", TEXT, id="less"),
        pytest.param("application/openmetrics-text;q=0.8, */*;q=0.9", TEXT, id="text by a wildcard, more"),
        pytest.param("application/openmetrics-text;q=0.8, text/plain;q=0.5, */*", OPENMETRICS, id="text named"),
        pytest.param("application/openmetrics-text, text/plain", OPENMETRICS, id="equal"),
        pytest.param("application/openmetrics-text", OPENMETRICS, id="without a version"),
        pytest.param("Application/OpenMetrics-Text ; Version=1.0.0 ; Q=1", OPENMETRICS, id="case and spaces"),
        pytest.param("application/openmetrics-text;version=0.0.1", TEXT, id="a version before ours"),
        pytest.param("application/openmetrics-text;version=2.0.0, */*;q=0.1", TEXT, id="a version after ours"),
        pytest.param("application/openmetrics-text;q=0, */*", TEXT, id="refused"),
        pytest.param("application/openmetrics-text;q=high", TEXT, id="no weight"),
        pytest.param("application/json", TEXT, id="neither"),
    ],
)
def test_formats(accept: str, expected: Format) -> None:
    """OpenMetrics where it is named with at least the weight of plain text, else plain text."""
    assert choose_format(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("br, zstd", False),
        ("gzip;q=many", False),
        ("gzipped", False),
    ],
)
def test_gzip(accept_encoding: str, expected: bool) -> None:
    """Only who allows it gets it; a weight of 0 refuses."""
    assert accepts_gzip(accept_encoding) is expected


@given(st.text(alphabet=st.sampled_from("*/;,=q. 019textplingz-"), max_size=60))
def test_nothing_a_client_sends_fails(value: str) -> None:
    """Any text gets some format."""
    assert choose_format(value) in (TEXT, OPENMETRICS)
    assert accepts_gzip(value) in (True, False)
