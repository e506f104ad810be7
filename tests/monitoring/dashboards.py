"""The dashboard, and its queries with Grafana's variables filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.monitoring.tools import MONITORING

Json = dict[str, Any]


def _read(name: str) -> Json:
    read: Json = json.loads((MONITORING / "grafana" / name / "gatewayd.json").read_text("utf-8"))
    return read


PROVISIONED: Final = _read("dashboards")
IMPORTED: Final = _read("import")
PANELS: Final[list[Json]] = [panel for panel in PROVISIONED["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """Where each query stands, and the query as it is written."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"{panel['id']}{target['refId']} {panel['title']}", target["expr"]
    yield from marks()


def marks() -> Iterator[tuple[str, str]]:
    """The name of each annotation, and its query."""
    for annotation in PROVISIONED["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"]


def filled(query: str, interval: str = "1m", span: str = "1h", job: str = ".+") -> str:
    """A query as Grafana sends it, for all instances."""
    for variable, value in (("$__rate_interval", interval), ("$__range", span), ("$job", job), ("$instance", ".+")):
        query = query.replace(variable, value)
    return query
