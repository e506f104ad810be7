"""What a panel is, and the JSON that Grafana (schema version 39) reads for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["timeseries", "stat", "gauge", "state-timeline", "table", "heatmap"]
Json = dict[str, Any]

DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}
GREEN, AMBER, RED, GREY = "green", "orange", "red", "text"

_SELECTORS: Final = (("{P}", '{job=~"$job",instance=~"$instance"}'), ("{P,", '{job=~"$job",instance=~"$instance",'))


def expand(expression: str) -> str:
    """PromQL with Grafana's variables: `{P}` selects the chosen jobs and instances, `[I]` is the interval of rates."""
    for short, long in _SELECTORS:
        expression = expression.replace(short, long)
    return expression.replace("[I]", "[$__rate_interval]")


def column(name: str, unit: str) -> Json:
    """An override: the unit of one column of a table."""
    return {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}


def merged(
    renames: Mapping[str, str],
    order: tuple[str, ...],
    by: str,
    hidden: tuple[str, ...] = (),
    descending: bool = True,
) -> tuple[Json, ...]:
    """Transformations that put instant queries side by side, one row for each set of labels, sorted by column `by`.

    `order` has the columns by the names they have before `renames`; `hidden` ones are left out, as times always are.
    """
    return (
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": dict.fromkeys(("Time", *hidden), True),
                "indexByName": {name: place for place, name in enumerate(order)},
                "renameByName": dict(renames),
            },
        },
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"desc": descending, "field": by}]}},
    )


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel; `legend` names its series. An instant one is for tables, and for what is asked once."""

    expression: str
    legend: str = "__auto"
    instant: bool = False
    exemplar: bool = False
    form: Literal["time_series", "table", "heatmap"] = "time_series"

    def target(self, ref: str) -> Json:
        """The query as Grafana has it."""
        target: Json = {
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": expand(self.expression),
            "format": self.form,
            "instant": self.instant,
            "legendFormat": self.legend,
            "range": not self.instant,
            "refId": ref,
        }
        if self.exemplar:
            target["exemplar"] = True
        return target


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `steps` are thresholds after the first colour, `base`, in ascending order; `drawn` says how they show.

    `defaults`, `custom`, `options`, `overrides` and `transformations` are merged into what its kind has anyway.
    """

    number: int
    title: str
    kind: Kind
    queries: tuple[Query, ...]
    unit: str
    description: str
    width: int = 8
    height: int = 8
    base: str = GREEN
    steps: tuple[tuple[float, str], ...] = ()
    drawn: Literal["off", "line", "dashed"] = "line"
    percentage: bool = False
    stacked: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    transformations: tuple[Json, ...] = ()
    links: tuple[Json, ...] = ()

    def render(self, x: int, y: int) -> Json:
        """The panel as Grafana has it, with its upper left corner at column `x` of 24 and row `y`."""
        mode = "percentage" if self.percentage else "absolute"
        steps = [{"color": self.base, "value": None}, *({"color": colour, "value": at} for at, colour in self.steps)]
        defaults: Json = {
            "color": {"mode": "thresholds" if self.kind != "timeseries" else "palette-classic"},
            "custom": {**self._custom(), **self.custom},
            "mappings": [],
            "thresholds": {"mode": mode, "steps": steps},
            "unit": self.unit,
            **self.defaults,
        }
        rendered: Json = {
            "id": self.number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": defaults, "overrides": list(self.overrides)},
            "options": {**_OPTIONS[self.kind], **self.options},
            "targets": [query.target(ref) for query, ref in zip(self.queries, "ABCDEF", strict=False)],
        }
        if self.transformations:
            rendered["transformations"] = list(self.transformations)
        if self.links:
            rendered["links"] = list(self.links)
        return rendered

    def _custom(self) -> Json:
        if self.kind != "timeseries":
            return dict(_CUSTOM.get(self.kind, {}))
        return {
            "drawStyle": "line",
            "fillOpacity": 30 if self.stacked else 8,
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if self.stacked else "none"},
            "thresholdsStyle": {"mode": self.drawn if self.steps else "off"},
        }


_CUSTOM: Final[Mapping[str, Json]] = {
    "state-timeline": {"fillOpacity": 70, "lineWidth": 0},
    "table": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True},
    "heatmap": {"hideFrom": {"legend": False, "tooltip": False, "viz": False}},
}
_REDUCE: Final[Json] = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Final[Mapping[str, Json]] = {
    "timeseries": {
        "legend": {"calcs": ["mean", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _REDUCE,
        "textMode": "auto",
    },
    "gauge": {
        "orientation": "auto",
        "reduceOptions": _REDUCE,
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    },
    "state-timeline": {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "table": {"cellHeight": "sm", "footer": {"show": False}, "showHeader": True},
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "unit": "s"},
    },
}
