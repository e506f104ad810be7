"""The files around Prometheus and Grafana: they read as what they are, and name what exists."""

from __future__ import annotations

import json
import re

import pytest

from gatewayd.config.models.metrics import Metrics
from tests.monitoring.dashboards import PROVISIONED
from tests.monitoring.tools import ALERTS, MONITORING, RECORDINGS, read_yaml, run

FILES = sorted(path.relative_to(MONITORING).as_posix() for path in MONITORING.rglob("*") if path.is_file())


def jsonnet(expression: str) -> object:
    """What an expression of jsonnet comes to, beside the mixin."""
    return json.loads(run("jsonnet", "-e", expression, cwd=MONITORING))


def test_the_mixin_has_rules_and_dashboard() -> None:
    """As they are in the files, under the names that mixins have."""
    mixin = jsonnet("local m = import 'mixin.libsonnet'; [m.prometheusAlerts, m.prometheusRules, m.grafanaDashboards]")
    assert isinstance(mixin, list)
    alerts, rules, dashboards = mixin
    assert [rule["alert"] for group in alerts["groups"] for rule in group["rules"]] == list(ALERTS)
    assert [rule["record"] for group in rules["groups"] for rule in group["rules"]] == [r.record for r in RECORDINGS]
    names = [group["name"] for group in (*alerts["groups"], *rules["groups"])]
    assert len(names) == len(set(names)) == 10
    assert dashboards == {"gatewayd.json": PROVISIONED}


def test_the_mixin_takes_a_job_and_runbooks() -> None:
    """By `_config`, as mixins do."""
    config = "{ _config+:: { job: 'edge', runbooks: 'https://wiki.example.org' } }"
    mixin = f"local m = (import 'mixin.libsonnet') + {config};"
    text = json.dumps(jsonnet(f"{mixin} [m.prometheusAlerts, m.prometheusRules]"))
    assert 'job=\\"gatewayd\\"' not in text
    assert 'up{job=\\"edge\\"} == 0' in text
    assert "https://wiki.example.org/api-gateway-down.md" in text


def test_prometheus_scrapes_the_metrics_port() -> None:
    """Every 15 s, with labels left as they are, where the gateway answers unless it is told otherwise."""
    config = read_yaml("prometheus/prometheus.yml")
    (scrape,) = config["scrape_configs"]
    assert config["global"]["scrape_interval"] == "15s"
    assert (scrape["job_name"], scrape["honor_labels"]) == ("gatewayd", True)
    address = Metrics.model_fields["address"].default
    assert scrape["static_configs"] == [{"targets": [f"{address.host}:{address.port}"]}]


def test_grafana_finds_dashboard_and_sources() -> None:
    """Provider and sources; an exemplar leads to the traces, a trace to the log."""
    (provider,) = read_yaml("grafana/provisioning/dashboards/gatewayd.yml")["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    sources = {one["type"]: one for one in read_yaml("grafana/provisioning/datasources/gatewayd.yml")["datasources"]}
    assert set(sources) == {"prometheus", "tempo", "loki"}
    (exemplars,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert exemplars == {"name": "trace_id", "datasourceUid": sources["tempo"]["uid"]}
    assert sources["tempo"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == sources["loki"]["uid"]
    assert sources["prometheus"]["jsonData"]["timeInterval"] == "15s"


@pytest.mark.parametrize("name", ["otel/collector.yaml", "jaeger/jaeger.yaml"])
def test_pipelines_are_made_of_what_is_defined(name: str) -> None:
    """Each receiver, processor and exporter of a pipeline exists, and none is left over."""
    config = read_yaml(name)
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    for kind in ("receivers", "processors", "exporters"):
        used = [one for pipeline in config["service"]["pipelines"].values() for one in pipeline[kind]]
        assert set(used) == set(config[kind])
    assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "127.0.0.1:4318"


def test_the_collector_limits_memory_first_and_batches_last() -> None:
    """What comes first decides what is refused; what comes last decides what is sent together."""
    processors = read_yaml("otel/collector.yaml")["service"]["pipelines"]["traces"]["processors"]
    assert (processors[0], processors[-1]) == ("memory_limiter", "batch")
    assert read_yaml("otel/collector.yaml")["processors"]["batch"] == {"timeout": "5s", "send_batch_size": 512}


def test_traces_go_from_the_collector_to_tempo() -> None:
    """Where one sends, the other listens; Grafana asks where Tempo answers."""
    sent = read_yaml("otel/collector.yaml")["exporters"]["otlp"]["endpoint"]
    tempo = read_yaml("tempo/tempo.yaml")
    assert tempo["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] == sent
    sources = read_yaml("grafana/provisioning/datasources/gatewayd.yml")["datasources"]
    (url,) = [one["url"] for one in sources if one["type"] == "tempo"]
    assert url == f"http://{tempo['server']['http_listen_address']}:{tempo['server']['http_listen_port']}"


@pytest.mark.parametrize("name", ["loki/journald.alloy", "loki/files.alloy"])
def test_streams_of_logs_stay_few(name: str) -> None:
    """Loki's labels are job, instance and level; event, tenant, route and trace are metadata. Components exist."""
    text = (MONITORING / name).read_text("utf-8")
    code = re.sub(r"//.*", "", text)
    assert code.count("{") == code.count("}")
    defined = {f"{kind}.{label}" for kind, label in re.findall(r'^([\w.]+) "(\w+)" \{', code, re.MULTILINE)}
    used = re.findall(r"\b((?:loki|local)\.\w+(?:\.\w+)?\.\w+)\.(?:receiver|targets|rules)\b", code)
    assert used
    assert set(used) <= defined
    assert re.search(r'structured_metadata \{\s+values = \{event = "", tenant = "", route = "", trace_id = ""\}', code)
    assert re.search(r'job = "gatewayd", instance = constants\.hostname', code) or "__path__" in code
    labelled = set(re.findall(r"stage\.(?:labels|static_labels) \{\s+values = \{(\w+)", code))
    assert labelled <= {"level"}


def test_every_file_says_how_it_is_used() -> None:
    """On top, or in the README."""
    readme = (MONITORING / "README.md").read_text("utf-8")
    for name in FILES:
        text = (MONITORING / name).read_text("utf-8")
        assert text.startswith(("#", "//")) or name in readme, name
    for place in re.findall(r"^\| `(\w[\w./-]+)`", readme, re.MULTILINE):
        assert (MONITORING / place).exists(), place
