"""Every alert has a page that helps, and every page an alert."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from gatewayd.core.reasons import REASONS
from gatewayd.log import audit, events
from gatewayd.monitoring import alerts
from tests.monitoring.known import LABELS, mistakes
from tests.monitoring.promql import selectors
from tests.monitoring.tools import ALERTS, ROOT, SETTINGS, parse_all

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = {alert.slug: alert for alert in ALERTS.values()}
SECTIONS = ["What it means", "Confirm", "Do first", "Likely causes", "Escalate", "See also"]
TOLD = {"critical": "PagerDuty", "warning": "Slack", "info": "digest in Slack", "none": "dead man's switch"}
VERBS = "check diff explain routes status top breaker limits cache drain reload doctor token keys monitoring schema"


def read(slug: str) -> str:
    """A page's text."""
    return (RUNBOOKS / f"{slug}.md").read_text("utf-8")


def queries(text: str) -> list[str]:
    """What a page asks of Prometheus."""
    return re.findall(r"--data-urlencode 'query=([^']*)'", text)


def test_there_is_a_page_for_each_alert_and_no_other() -> None:
    """By the slug that `runbook_url` ends with."""
    assert {path.stem for path in RUNBOOKS.iterdir()} == {*PAGES, "index"}
    for alert in ALERTS.values():
        assert alert.links(SETTINGS)["runbook_url"].endswith(f"/{alert.slug}.md")


@pytest.mark.parametrize("slug", PAGES)
def test_a_page_says_who_it_is_for(slug: str) -> None:
    """Its first lines have the alert's name, severity, wait, receivers and group, as the rule has them."""
    alert = PAGES[slug]
    told = "PagerDuty and Slack" if ("security", "true") in alert.labels else TOLD[alert.severity]
    wait = "fires at once" if alert.wait == "0m" else f"fires after {alert.wait}"
    (group,) = [group.name for group in alerts.groups(SETTINGS) if alert in group.rules]
    title, _, line, *_ = read(slug).splitlines()
    assert title == f"# {alert.name}"
    assert line == f"**{alert.severity}** · {wait} · {told} · group `{group}` · [all runbooks](index.md)"


@pytest.mark.parametrize("slug", PAGES)
def test_a_page_has_what_one_looks_for_at_night(slug: str) -> None:
    """The same sections in the same order, each with something in it, and commands to confirm it."""
    parts = re.split(r"^## (.+)$", read(slug), flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    text = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert all(part.strip() for part in text.values())
    assert queries(text["Confirm"])


@pytest.mark.parametrize("slug", PAGES)
def test_a_page_asks_about_what_its_alert_is_about(slug: str) -> None:
    """At least one of its queries reads a metric of the alert's expression."""
    alert = PAGES[slug]
    told = {one.metric for one in selectors(SETTINGS.expand(alert.expression))}
    asked = {one.metric for query in queries(read(slug)) for one in selectors(query)}
    assert told & asked or alert.name == "Watchdog"


@pytest.mark.parametrize("slug", PAGES)
def test_the_metrics_a_page_names_exist(slug: str) -> None:
    """With their labels; in queries and in the text."""
    text = read(slug)
    for query in queries(text):
        assert mistakes(query) == [], query
    for name in re.findall(r"`([a-z]+(?:_[a-z]+)+_(?:total|seconds|bytes))`", text):
        assert any(known.startswith(name) for known in LABELS), name


def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    """As it is to be copied."""
    parse_all([query for slug in PAGES for query in queries(read(slug))], tmp_path)


@pytest.mark.parametrize("slug", PAGES)
def test_the_commands_of_a_page_are_whole(slug: str) -> None:
    """A shell takes them, and what they call is the gateway, or one of the programs that such machines have."""
    for block in re.findall(r"^```sh\n(.*?)^```", read(slug), re.MULTILINE | re.DOTALL):
        subprocess.run(["/bin/sh", "-n", "-c", block], check=True)
    for verb in re.findall(r"gatewayctl (\w+)", read(slug)):
        assert verb in VERBS.split()


@pytest.mark.parametrize("slug", PAGES)
def test_reasons_that_a_page_names_exist(slug: str) -> None:
    """What stands in the first column of a table of reasons is what the log says."""
    slugs = {reason.slug for reason in REASONS}
    table = re.search(r"^\| reason in the log .*\n\|---.*\n((?:\|.*\n)+)", read(slug), re.MULTILINE)
    for row in table[1].splitlines() if table else []:
        assert set(re.findall(r"`([a-z-]+)`", row.split("|")[1])) <= slugs


@pytest.mark.parametrize("slug", PAGES)
def test_events_that_a_page_names_exist(slug: str) -> None:
    """In the journal's field, and in the text."""
    text = read(slug)
    named = {*re.findall(r"GATEWAYD_EVENT=([\w.]+)", text), *re.findall(r"`(audit\.\w+|gateway\.loop_\w+)`", text)}
    assert named <= {event.name for event in (*events.EVENTS, *audit.EVENTS)}


# Lines of the access log as they are, field for field, that the commands of the pages are made for.
RECORD: Final = {
    "time": "2026-11-23T08:00:00.250Z",
    "request_id": "9f86d081884c7d650000000000000001",
    "client": "ADDRESS",
    "method": "GET",
    "host": "api.example.org",
    "route": "/orders/{id}",
    "path": "/orders/17",
    "protocol": "HTTP/1.1",
    "status": 200,
    "reason": None,
    "tenant": "acme",
    "user": "ada",
    "fallback": None,
    "service": "SERVICE",
    "target": "http://10.0.0.5:9005",
    "attempts": 1,
    "bytes_in": 0,
    "bytes_out": 512,
    "duration": 7.012345,
    "upstream_time": 7.011234,
    "overhead": 0.001111,
}
SEEN: Final[tuple[dict[str, object], ...]] = (
    {},
    {"status": 502, "reason": "connect-failed"},
    {"status": 401, "reason": "expired-token"},
    {"status": 429, "reason": "rate-limited"},
    {"status": 400, "reason": "ambiguous-framing"},
)


def test_the_records_are_those_of_the_manual() -> None:
    """The page on logs has the same fields in the same order."""
    example = (ROOT / "docs" / "logs.md").read_text("utf-8").split("```json\n")[1].split("```")[0]
    assert list(json.loads(example)) == list(RECORD)


@pytest.mark.parametrize("slug", PAGES)
def test_searches_of_the_access_log_find_something(slug: str, tmp_path: Path) -> None:
    """Each pipeline of a page, with records in place of the journal."""
    lines = [json.dumps({**RECORD, **seen}, separators=(",", ":")) for seen in SEEN]
    (tmp_path / "log").write_text("\n".join(lines) + "\n", "utf-8")
    for pipeline in re.findall(r"^journalctl -u gatewayd -o cat --since \S+ (\|.*)$", read(slug), re.MULTILINE):
        command = ["/bin/sh", "-c", f"cat log {pipeline}"]
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert found.strip(), pipeline


def test_the_index_lists_them_all() -> None:
    """In the order of the rules, with severity and wait."""
    index = (RUNBOOKS / "index.md").read_text("utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(([a-z-]+)\.md\) \| (\w+)(?:, security)? \| ([\w ]+) \|$", index, re.MULTILINE)
    assert rows == [
        (alert.name, alert.slug, alert.severity, "at once" if alert.wait == "0m" else alert.wait)
        for alert in ALERTS.values()
    ]
