"""The dashboard shows what was specified, by the rules of good dashboards, in both forms that Grafana takes."""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest

from gatewayd.monitoring.slo import ERRORS
from tests.monitoring import specified
from tests.monitoring.dashboards import IMPORTED, PANELS, PROVISIONED, Json, filled, queries
from tests.monitoring.known import mistakes
from tests.monitoring.promql import selectors
from tests.monitoring.tools import MONITORING, parse_all

QUERIES = dict(queries())
VARIABLES = {variable["name"]: variable for variable in PROVISIONED["templating"]["list"]}


def named(panel: Json) -> str:
    """A panel in a test's name."""
    return f"{panel['id']}"


def test_the_panels_are_those_specified() -> None:
    """28 with title, kind, unit, thresholds and row; the numbers of those that people know come first."""
    rows = {}
    for panel in PROVISIONED["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        else:
            rows[panel["id"]] = row
    found = []
    for panel in sorted(PANELS, key=lambda panel: int(panel["id"])):
        defaults = panel["fieldConfig"]["defaults"]
        limits = " ".join(f"{step['value']:g}" for step in defaults["thresholds"]["steps"][1:])
        title, kind, unit = panel["title"], panel["type"], defaults["unit"]
        found.append([str(panel["id"]), title, kind, unit, limits, rows[panel["id"]]])
    expected = [[cell.strip() for cell in line.split("|")] for line in specified.PANELS.strip().splitlines()]
    assert found == expected
    titles = [panel["title"] for panel in PROVISIONED["panels"] if panel["type"] == "row"]
    assert titles == ["Overview", "Traffic", "Upstreams", "Security", "Saturation", "Operations"]


def test_the_dashboard_is_one_that_grafana_12_takes() -> None:
    """Its schema is current, nothing of it is Angular, it has a name that stays, and nobody edits it in the browser."""
    assert PROVISIONED["schemaVersion"] >= 39
    assert {panel["type"] for panel in PANELS} <= {"timeseries", "stat", "gauge", "state-timeline", "table", "heatmap"}
    assert (PROVISIONED["uid"], PROVISIONED["title"], PROVISIONED["id"]) == ("gatewayd-overview", "gatewayd", None)
    assert PROVISIONED["editable"] is False
    assert PROVISIONED["graphTooltip"] == 1
    assert PROVISIONED["refresh"] in PROVISIONED["timepicker"]["refresh_intervals"]
    assert PROVISIONED["refresh"] == "30s", "no more often than there is something new"


def test_variables_choose_source_job_and_instance() -> None:
    """The source is a variable of type datasource; job and instance are asked of it, may be several, and are all."""
    assert list(VARIABLES) == ["datasource", "job", "instance", "logs"]
    assert (VARIABLES["datasource"]["type"], VARIABLES["datasource"]["query"]) == ("datasource", "prometheus")
    for name in ("job", "instance"):
        variable = VARIABLES[name]
        assert variable["label"] == name.capitalize()
        assert variable["type"] == "query"
        assert variable["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")
        assert variable["definition"] == variable["query"]["query"]
        inner = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
        assert inner is not None
        assert inner[2] == name
        assert mistakes(filled(inner[1])) == []
    assert 'job=~"$job"' in VARIABLES["instance"]["definition"]


@pytest.mark.parametrize("panel", PANELS, ids=named)
def test_a_panel_says_what_it_shows(panel: Json) -> None:
    """By title, description, unit and data source, its own and each query's."""
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    references = [target["refId"] for target in panel["targets"]]
    assert references == list("ABCDEF"[: len(references)])
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        assert target["legendFormat"]
        assert target["range"] is not target["instant"]
        assert target["format"] in ("time_series", "table", "heatmap")


@pytest.mark.parametrize("panel", PANELS, ids=named)
def test_thresholds_ascend_from_a_base(panel: Json) -> None:
    """The first step has no value; the others follow in order."""
    first, *others = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert first["value"] is None
    assert all(low["value"] < high["value"] for low, high in pairwise(others))


@pytest.mark.parametrize("place", QUERIES)
def test_a_query_is_about_the_chosen_job_and_instance(place: str) -> None:
    """Each metric of it, except ratios that rules recorded of all instances together."""
    for one in selectors(QUERIES[place]):
        chosen = {matcher.label: (matcher.operator, matcher.value) for matcher in one.matchers}
        assert chosen["job"] == ("=~", "$job")
        if not one.metric.startswith(ERRORS):
            assert chosen["instance"] == ("=~", "$instance")


@pytest.mark.parametrize("place", QUERIES)
def test_a_query_reads_what_exists(place: str) -> None:
    """Metrics, labels and values are those of the registry, or of the recording rules."""
    assert mistakes(filled(QUERIES[place])) == []


@pytest.mark.parametrize("panel", PANELS, ids=named)
def test_rates_have_an_interval_that_fits(panel: Json) -> None:
    """Grafana's own in graphs; the time shown, or the objective's period, where one value stands for all of it."""
    for target in panel["targets"]:
        windows = set(re.findall(r"\[([^\]]+)\]", target["expr"]))
        assert windows <= ({"$__range", "30d"} if target["instant"] else {"$__rate_interval"})


def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    """Those of panels and annotations, with the variables filled in."""
    parse_all([filled(query) for query in QUERIES.values()], tmp_path)


def test_panels_lie_in_a_grid_without_overlaps() -> None:
    """Of 24 columns; ids are unique, and rows begin where the ones above them end."""
    boxes = [(panel["id"], panel["gridPos"]) for panel in PROVISIONED["panels"]]
    assert len({number for number, _ in boxes}) == 34
    for _, box in boxes:
        assert 0 <= box["x"] < box["x"] + box["w"] <= 24
    for (_, a), (_, b) in combinations(boxes, 2):
        apart_x = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        apart_y = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart_x or apart_y, (a, b)
    covered = sum(box["w"] * box["h"] for _, box in boxes)
    assert covered == 24 * max(box["y"] + box["h"] for _, box in boxes), "there are holes"


def test_states_have_words_and_colours() -> None:
    """What a number stands for is told, and it is the same number as the metric has."""
    by_id = {panel["id"]: panel for panel in PANELS}
    for number, words in ((4, ["CLOSED", "OPEN", "HALF-OPEN"]), (16, ["Unhealthy", "Healthy"])):
        (mapping,) = by_id[number]["fieldConfig"]["defaults"]["mappings"]
        assert mapping["type"] == "value"
        assert [mapping["options"][str(value)]["text"] for value in range(len(words))] == words


def test_durations_have_exemplars() -> None:
    """A dot in the graph is a trace."""
    for number in (2, 9, 20):
        (panel,) = [panel for panel in PANELS if panel["id"] == number]
        assert all(target["exemplar"] for target in panel["targets"])


def test_reloads_and_restarts_are_marked() -> None:
    """As annotations from Prometheus."""
    marks = PROVISIONED["annotations"]["list"]
    assert [mark["name"] for mark in marks] == ["Reloads", "Restarts"]
    for mark in marks:
        assert mark["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert mark["enable"]


def test_links_lead_to_runbooks_and_logs() -> None:
    """From the dashboard, and from the panels about attacks; the search of the log is one that Grafana reads."""
    assert [link["title"] for link in PROVISIONED["links"]] == ["Runbooks", "Log"]
    links = [link for panel in PANELS for link in panel.get("links", [])] + PROVISIONED["links"]
    for link in links:
        assert link["targetBlank"]
        if link["url"].startswith("/explore?"):
            panes = json.loads(unquote(link["url"].split("panes=")[1]))
            (query,) = panes["a"]["queries"]
            assert query["expr"] in ('{job=~"$job"}', '{job=~"$job"} | event="audit.cross_tenant"')
            assert panes["a"]["datasource"] == query["datasource"]["uid"] == "${logs}"
        else:
            assert link["url"].startswith("https://runbooks.example.org/gatewayd/")


def test_the_import_form_asks_for_its_source() -> None:
    """It is the same dashboard otherwise, and says which plugins it needs."""
    (source,) = IMPORTED["__inputs"]
    assert (source["name"], source["type"], source["pluginId"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    needed = {(one["type"], one["id"]) for one in IMPORTED["__requires"]}
    assert needed == {("grafana", "grafana"), ("datasource", "prometheus")} | {("panel", p["type"]) for p in PANELS}
    text = (MONITORING / "grafana" / "import" / "gatewayd.json").read_text("utf-8")
    assert "${datasource}" not in text
    same = json.loads(text.replace("${DS_PROMETHEUS}", "${datasource}"))
    assert [one["name"] for one in same["templating"]["list"]] == ["job", "instance", "logs"]
    for key in set(PROVISIONED) - {"templating"}:
        assert same[key] == PROVISIONED[key]
