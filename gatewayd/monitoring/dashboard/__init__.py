"""The dashboard of 28 panels in 6 rows, from one source in the two forms that Grafana takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gatewayd.monitoring.dashboard import operations, overview, saturation, security, traffic, upstreams
from gatewayd.monitoring.dashboard.panel import DATASOURCE, Json, Panel, expand
from gatewayd.monitoring.rules import DASHBOARD
from gatewayd.monitoring.settings import Settings

__all__ = ["Row", "import_form", "provisioning_form", "rows"]

COLUMNS = 24
_ROW_IDS = 100  # above the numbers of panels


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, placed from left to right as they fit."""

    title: str
    panels: tuple[Panel, ...]


def rows(settings: Settings) -> tuple[Row, ...]:
    """Every row, from what matters first to what is looked at last."""
    return (
        Row("Overview", overview.panels(settings)),
        Row("Traffic", traffic.PANELS),
        Row("Upstreams", upstreams.PANELS),
        Row("Security", security.panels(settings.runbooks)),
        Row("Saturation", saturation.PANELS),
        Row("Operations", operations.PANELS),
    )


def provisioning_form(settings: Settings) -> str:
    """The dashboard for a folder that Grafana reads: the data source is a variable."""
    return _text(_dashboard(settings))


def import_form(settings: Settings) -> str:
    """The dashboard for "Import": Grafana asks for the data source, and says what it lacks."""
    dashboard = _dashboard(settings)
    variables = dashboard["templating"]["list"]
    dashboard["templating"]["list"] = [one for one in variables if one["name"] != "datasource"]
    plugins = sorted({panel["type"] for panel in dashboard["panels"]} - {"row"})
    head = {
        "__inputs": [
            {
                "name": "DS_PROMETHEUS",
                "label": "Prometheus",
                "description": "The Prometheus that scrapes gatewayd",
                "type": "datasource",
                "pluginId": "prometheus",
                "pluginName": "Prometheus",
            }
        ],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.4.0"},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *({"type": "panel", "id": plugin, "name": plugin, "version": ""} for plugin in plugins),
        ],
    }
    return _text({**head, **dashboard}).replace("${datasource}", "${DS_PROMETHEUS}")


def _text(dashboard: Json) -> str:
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _dashboard(settings: Settings) -> Json:
    return {
        "id": None,
        "uid": DASHBOARD,
        "title": "gatewayd",
        "description": "The API gateway: traffic, services, security, resources. Written by python -m"
        " gatewayd.monitoring.",
        "tags": ["gatewayd", "api-gateway"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one crosshair in all panels
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {"refresh_intervals": ["30s", "1m", "5m", "15m", "1h"]},
        "timezone": "browser",
        "weekStart": "",
        "refresh": "30s",  # scrapes come every 15 s: more often would show the same twice
        "links": list(_links(settings)),
        "annotations": {"list": list(_annotations())},
        "templating": {"list": list(_variables())},
        "panels": list(_place(rows(settings))),
    }


def _place(every: Iterable[Row]) -> Iterator[Json]:
    y = 0
    for number, row in enumerate(every, 1):
        yield {
            "id": _ROW_IDS + number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
            "panels": [],
        }
        y += 1
        x = tallest = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            yield panel.render(x, y)
            x += panel.width
            tallest = max(tallest, panel.height)
        y += tallest


def _links(settings: Settings) -> Iterator[Json]:
    for title, url, icon in (
        ("Runbooks", f"{settings.runbooks}/index.md", "doc"),
        ("Log", security.logs(), "info"),
    ):
        yield {
            "asDropdown": False,
            "icon": icon,
            "includeVars": False,
            "keepTime": False,
            "tags": [],
            "targetBlank": True,
            "title": title,
            "tooltip": "",
            "type": "link",
            "url": url,
        }


def _annotations() -> Iterator[Json]:
    for name, colour, expression, text in (
        (
            "Reloads",
            "blue",
            "changes(gatewayd_config_last_reload_success_timestamp_seconds{P}[1m]) > 0",
            "configuration taken up",
        ),
        ("Restarts", "purple", "changes(process_start_time_seconds{P}[1m]) > 0", "restarted"),
    ):
        yield {
            "datasource": DATASOURCE,
            "enable": True,
            "expr": expand(expression),
            "hide": False,
            "iconColor": colour,
            "name": name,
            "step": "30s",
            "tagKeys": "instance",
            "titleFormat": "{{instance}}: " + text,
        }


def _variables() -> Iterator[Json]:
    yield _source("datasource", "Data source", "prometheus")
    yield _query("job", "Job", "label_values(gatewayd_build_info, job)")
    yield _query("instance", "Instance", 'label_values(gatewayd_build_info{job=~"$job"}, instance)')
    yield _source("logs", "Logs", "loki")


def _source(name: str, label: str, kind: str) -> Json:
    return {
        "current": {},
        "hide": 0,
        "includeAll": False,
        "label": label,
        "multi": False,
        "name": name,
        "options": [],
        "query": kind,
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
        "type": "datasource",
    }


def _query(name: str, label: str, query: str) -> Json:
    everything: dict[str, Any] = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return {
        "allValue": ".+",
        "current": everything,
        "datasource": DATASOURCE,
        "definition": query,
        "hide": 0,
        "includeAll": True,
        "label": label,
        "multi": True,
        "name": name,
        "options": [],
        "query": {"qryType": 1, "query": query, "refId": name},
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
        "type": "query",
    }
