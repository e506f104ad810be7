"""One vocabulary of events: every line that gatewayd writes has a name in it, its fields, and a row in the manual."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewayd.log import Event, audit, events
from gatewayd.log.event import LEVELS
from gatewayd.log.fields import FIELDS
from gatewayd.log.reference import tables
from tests.architecture.rules import ROOT

ALL = (*events.EVENTS, *audit.EVENTS)
ROWS = {
    **{f"events.{name}": value for name, value in vars(events).items() if isinstance(value, Event)},
    **{f"audit.{name}": value for name, value in vars(audit).items() if isinstance(value, Event)},
}
# What makes loggers of Twisted's own: the class that tells events, and what passes on lines of libraries.
LOGGERS = {"gatewayd/log/log.py", "gatewayd/telemetry/log.py"}
# Fields of `line_of` and of those who see the lines, which no event may have.
TAKEN = {"time", "level", "event", "namespace", "message", "error", "traceback", "about", "trace_id", "span_id"}


def sources() -> Iterator[tuple[str, ast.AST]]:
    """Every module of the package."""
    for path in sorted((ROOT / "gatewayd").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def named() -> set[str]:
    """The rows that are named anywhere."""
    return {ast.unparse(node) for _, tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def told() -> Iterator[tuple[str, ast.Call, list[str]]]:
    """Every call that tells an event, where it is, and the rows that it may name."""
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                first = node.args[0]
                choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                rows = [row for row in map(ast.unparse, choices) if row in ROWS]
                if rows:
                    yield f"{name}:{node.lineno}", node, rows


def test_names() -> None:
    """Unique, in one form: what it is about, a dot, what happened; the audit stream's begin with `audit.`."""
    names = [event.name for event in ALL]
    assert len(names) == len(set(names))
    for event in ALL:
        first, _, second = event.name.partition(".")
        assert first.replace("_", "").isalpha(), event.name
        assert second.replace("_", "").isalpha(), event.name
        assert event.name.islower()
        assert event.level in LEVELS
        assert event.meaning.endswith((".", "why.", "why")), event.name
    assert all(event.name.startswith("audit.") for event in audit.EVENTS)
    assert not any(event.name.startswith("audit.") for event in events.EVENTS)


def test_fields_have_a_meaning() -> None:
    """Each is explained, each that is explained exists, keys are fields, and none hides what every line has."""
    used = {name for event in ALL for name in event.all_fields}
    assert used - set(FIELDS) == set()
    assert set(FIELDS) - used == set()
    for event in ALL:
        assert set(event.key) <= set(event.all_fields), event.name
        assert TAKEN.isdisjoint(event.all_fields), event.name


def test_nothing_is_logged_without_a_name() -> None:
    """Only `gatewayd.log` and the bridge make loggers of Twisted's or the standard library's: all else tells events."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("Logger", "logging.getLogger", "log.msg", "log.err", "twisted.logger.Logger")
        and name not in LOGGERS
    ]
    assert found == []


def test_every_event_is_told() -> None:
    """No row without a place in the code that tells it."""
    assert set(ROWS) - named() == set()


@pytest.mark.parametrize(
    ("place", "call", "rows"), list(told()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_events_are_told_with_their_fields(place: str, call: ast.Call, rows: list[str]) -> None:
    """With all of them and no others. What is about a request gets the common ones from it."""
    given = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    about = "about" in given or len(call.args) > 1
    for row in rows:
        event = ROWS[row]
        wanted = set(event.all_fields)
        if row.startswith("audit.") and "request_id" in wanted:
            assert wanted - set(audit.REQUEST_FIELDS) <= given <= wanted, place
        else:
            assert given - {"about"} == wanted - ({"request_id"} if about else set()), place
        assert event.failure == (isinstance(call.func, ast.Attribute) and call.func.attr == "failure"), place


def test_the_manual_has_the_vocabulary() -> None:
    """docs/logs.md ends with what `python -m gatewayd.log` prints."""
    page = Path(ROOT / "docs" / "logs.md").read_text("utf-8")
    assert page.endswith(tables())
