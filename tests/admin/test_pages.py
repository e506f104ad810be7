"""The pages of the metrics port that answer at once."""

from __future__ import annotations

import json
import re

import pytest

from gatewayd.admin.landing import uptime
from tests.admin.visitor import Port

PAGES = ("/", "/metrics", "/livez", "/readyz", "/-/healthy", "/-/ready")


@pytest.mark.parametrize("path", ["/livez", "/-/healthy"])
def test_alive(path: str) -> None:
    """Whoever asks is told that the reactor turns, whatever else is wrong."""
    port = Port()
    port.readiness.draining = True
    port.readiness.require("never", lambda: "broken")
    answer = port.ask(path)
    assert (answer.status, answer.text) == (200, "alive\n")


@pytest.mark.parametrize("path", ["/readyz", "/-/ready"])
def test_ready_when_every_check_holds(path: str) -> None:
    """Every check is asked each time, in order; one that does not hold is named with its reason."""
    port = Port()
    problems: dict[str, str | None] = {"listeners": None, "config": None}
    for name in problems:
        port.readiness.require(name, lambda name=name: problems[name])  # type: ignore[misc]
    answer = port.ask(path)
    assert answer.status == 200
    assert answer.fields["content-type"] == "application/json"
    assert json.loads(answer.body) == {
        "status": "ready",
        "checks": [{"name": "listeners", "ok": True}, {"name": "config", "ok": True}],
    }
    problems["listeners"] = "port 8080 is not bound"
    answer = port.ask(path)
    assert answer.status == 503
    assert json.loads(answer.body) == {
        "status": "unready",
        "checks": [
            {"name": "listeners", "ok": False, "reason": "port 8080 is not bound"},
            {"name": "config", "ok": True},
        ],
    }


def test_draining_is_not_ready() -> None:
    """Balancers look elsewhere as soon as the stop begins, though every check holds."""
    port = Port()
    port.readiness.require("listeners", lambda: None)
    port.readiness.draining = True
    answer = port.ask("/readyz")
    assert answer.status == 503
    assert json.loads(answer.body) == {"status": "draining", "checks": [{"name": "listeners", "ok": True}]}


def test_a_check_that_raises_does_not_hold() -> None:
    """A broken check is a reason not to be ready, and does not break the page or the other checks."""
    port = Port()
    port.readiness.require("broken", lambda: str(1 // 0))
    port.readiness.require("fine", lambda: None)
    answer = port.ask("/readyz")
    assert answer.status == 503
    checks = json.loads(answer.body)["checks"]
    assert checks[0] == {"name": "broken", "ok": False, "reason": "the check itself failed; see the log"}
    assert checks[1] == {"name": "fine", "ok": True}


def test_without_checks_it_is_ready() -> None:
    """Nothing required is nothing missing."""
    answer = Port().ask("/readyz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ready", "checks": []})


def test_the_landing_page_leads_to_every_page() -> None:
    """Its links exist; it shows the version and how long the gateway has been up."""
    port = Port()
    port.clock.advance(3 * 3600 + 61)
    answer = port.ask("/")
    assert answer.status == 200
    assert answer.fields["content-type"] == "text/html; charset=utf-8"
    assert "Version 1.2.3, up 3 h 1 min." in answer.text
    links = set(re.findall(r'href="([^"]+)"', answer.text))
    assert links == set(PAGES) - {"/"}
    assert {port.ask(link).status for link in links} == {200}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (400 * 86400 + 5, "400 d 0 h"),
    ],
)
def test_uptime_has_two_units(seconds: float, text: str) -> None:
    """The two largest units, rounded down."""
    assert uptime(seconds) == text


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/metrics/", "/metrics/x", "/livez/x", "/-", "/-/", "/-/metrics", "//metrics", "/Metrics"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_other_paths_are_not_found(path: str, method: str) -> None:
    """Paths are exact; what is not there is 404 for every method, in a few plain words."""
    answer = Port().ask(path, method)
    assert answer.status == 404
    assert answer.fields["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == ("" if method == "HEAD" else "404 Not Found\n")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(path: str, method: str) -> None:
    """Pages are read, nothing else."""
    answer = Port().ask(path, method)
    assert (answer.status, answer.text) == (405, "405 Method Not Allowed\n")
    assert answer.fields["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", PAGES)
def test_head_is_get_without_a_body(path: str) -> None:
    """HEAD has the status and fields of GET; only a scrape's length is not known before it is rendered."""
    port = Port()
    get, head = port.ask(path), port.ask(path, "HEAD")
    assert head.status == get.status
    expected = {name: value for name, value in get.fields.items() if path != "/metrics" or name != "content-length"}
    assert {**head.fields, "date": ""} == {**expected, "date": ""}


@pytest.mark.parametrize("path", [*PAGES, "/metrics?name[]=x", "/nothing"])
def test_every_answer_names_the_server_without_a_version(path: str) -> None:
    """The Server field is the name alone; nothing is cached or sniffed."""
    answer = Port().ask(path)
    assert answer.fields["server"] == "gatewayd"
    assert answer.fields["cache-control"] == "no-store"
    assert answer.fields["x-content-type-options"] == "nosniff"
