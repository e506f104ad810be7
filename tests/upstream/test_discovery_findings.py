"""Findings: the last good targets, told when they change, and a log of changes instead of tries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery.findings import Findings

A, B, C = (Found(f"10.0.0.{number}", 80) for number in (1, 2, 3))


class World:
    """Findings, and what they tell."""

    def __init__(self) -> None:
        self.found: list[tuple[Found, ...]] = []
        self.failed: list[str] = []
        self.log: list[str] = []
        self.findings = Findings("the name api", self.found.append, self.failed.append)

    def told(self) -> list[str]:
        """What was logged since the last time, each with its level."""
        told, self.log[:] = list(self.log), []
        return told


@pytest.fixture
def world() -> Iterator[World]:
    """One whose log is observed."""
    world = World()

    def observe(event: LogEvent) -> None:
        world.log.append(f"{event['log_level'].name}: {formatEvent(event)}")

    globalLogPublisher.addObserver(cast(ILogObserver, observe))
    yield world
    globalLogPublisher.removeObserver(cast(ILogObserver, observe))


def test_changes(world: World) -> None:
    """Each is told once, whatever the order of an answer, and logged in one line."""
    world.findings.found([B, A])
    world.findings.found([A, B])
    assert world.found == [(A, B)]
    assert world.told() == ["info: targets of the name api: added http://10.0.0.1:80, http://10.0.0.2:80"]
    heavy = replace(A, weight=2)
    world.findings.found([C, heavy])
    assert world.findings.targets == (heavy, C)
    assert world.found[1:] == [(heavy, C)]
    assert world.told() == [
        "info: targets of the name api: added http://10.0.0.3:80; removed http://10.0.0.2:80; "
        "weighed or ranked anew http://10.0.0.1:80"
    ]


def test_priorities_come_first(world: World) -> None:
    """Targets are in the order of their groups."""
    late = replace(A, priority=1)
    world.findings.found([late, B])
    assert world.found == [(B, late)]


def test_many(world: World) -> None:
    """A line of the log names a few of them."""
    world.findings.found(Found(f"10.0.0.{number}", 80) for number in range(1, 9))
    named = ", ".join(f"http://10.0.0.{number}:80" for number in range(1, 6))
    assert world.told() == [f"info: targets of the name api: added {named} and 3 more"]


def test_failures(world: World) -> None:
    """The targets stay. Every failure is told; the log has the first, those that differ, and the end."""
    world.findings.failed("it does not exist")
    assert world.told() == ["warn: no targets of the name api: it does not exist; there is none to go on with"]
    world.findings.found([A])
    assert [line.partition(":")[0] for line in world.told()] == ["info", "info"]
    for _ in range(3):
        world.findings.failed("no answer")
    assert world.findings.targets == (A,)
    assert world.findings.failure == "no answer"
    assert world.told() == ["warn: no targets of the name api: no answer; its last target stays"]
    world.findings.failed("SERVFAIL")
    assert len(world.told()) == 1
    world.findings.found([A])
    assert world.findings.failure == ""
    assert world.told() == ["info: the name api tells its targets again"]
    assert world.failed == ["it does not exist", *["no answer"] * 3, "SERVFAIL"]
    assert world.found == [(A,)]
    world.findings.failed("SERVFAIL")
    assert len(world.told()) == 1


def test_topics(world: World) -> None:
    """The same failure of something else is logged again."""
    for topic in (b"one", b"one", b"other", b"other"):
        world.findings.failed("line 1: no", topic)
    assert len(world.told()) == 2
