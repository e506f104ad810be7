"""`gatewayctl routes` and `gatewayctl explain`: the order of routes, and which takes a request."""

import json
from pathlib import Path

import pytest

from tests.ctl.shell import ask

CONFIG = """
rate_limits:
  slow: {limit: 5/1m, key: [client], block: 5m}
listeners: [{name: http, rate_limits: [slow]}]
services:
  tickets: {targets: ["http://127.0.0.1:9001"], timeouts: {response: 7s}}
routes:
  - {path: "/tickets/**", name: all, service: tickets}
  - {path: "/tickets/{id}", name: one, service: tickets, methods: [GET], retries: {attempts: 3}}
  - {path: "/tickets/{id}", name: mine, service: tickets, headers: {x-mine: "*"}, timeouts: {response: 1s}}
  - {path: /old, redirect: {to: /new, status: 308}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with routes that overlap."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    return path


def test_listing(file: Path) -> None:
    """The more specific route stands first, whatever the order in the file."""
    rows = json.loads(ask("routes", "-c", file, "--json").out)
    names = [row["name"] for row in rows]
    assert names.index("mine") < names.index("all")
    assert names.index("one") < names.index("all")
    assert all(row["limits"] == "slow" for row in rows)
    text = ask("routes", "-c", file).out
    assert text.splitlines()[0].split()[:3] == ["host", "methods", "path"]
    assert "redirect 308 to /new" in text


def test_no_routes(tmp_path: Path) -> None:
    """A configuration without routes is told, not shown as an empty table."""
    empty = tmp_path / "gateway.yaml"
    empty.write_text("services: {}\n")
    assert "every request is answered 404" in ask("routes", "-c", empty).out


@pytest.mark.parametrize(
    ("arguments", "winner"),
    [
        (("GET", "/tickets/7"), "one"),
        (("POST", "/tickets/7"), "all"),
        (("GET", "/tickets/7", "-H", "X-Mine: 1"), "one"),
        (("POST", "https://api.example.org/tickets/7?a=b", "-H", "X-Mine: 1"), "mine"),
        (("GET", "/old"), "old"),
    ],
)
def test_who_takes_it(file: Path, arguments: tuple[str, ...], winner: str) -> None:
    """The request goes where the gateway would send it."""
    answer = ask("explain", "-c", file, *arguments, "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["route"] == winner


def test_why(file: Path) -> None:
    """The other routes are named with what keeps them from it; what holds is the route's over the service's."""
    text = ask("explain", "-c", file, "POST", "/tickets/7", "-H", "X-Mine: 1").out
    assert "one" in text
    assert "the method is not one of the route's: allowed: GET" in text
    assert "a more specific route takes the request: mine comes first" in text
    assert "response 1s" in text
    assert "5/1m, by client, then blocked 5m" in text


def test_nobody_takes_it(file: Path) -> None:
    """The answer is the one a client would get."""
    answer = ask("explain", "-c", file, "GET", "/nothing")
    assert answer.code == 1
    assert "404 no-route" in answer.out


@pytest.mark.parametrize(
    ("url", "slug"), [("/a%2fb", "ambiguous-path"), ("/a%00", "ambiguous-path"), ("http://a b/", "malformed-host")]
)
def test_refused_by_itself(file: Path, url: str, slug: str) -> None:
    """What no route would ever see is refused with the gateway's own reason."""
    answer = ask("explain", "-c", file, "GET", url)
    assert answer.code == 1
    assert slug in answer.err
