"""Whether the gateway should get traffic, and the pages that say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from twisted.web.server import Request

from gatewayd.admin.page import JSON, PLAIN, Page, answer
from gatewayd.log import Log, events

Check = Callable[[], str | None]
"""Answers None when all is well, else one sentence about what is wrong. It does not block."""

_log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check answered; `reason` is None where it held."""

    name: str
    reason: str | None


class Readiness:
    """The checks that must hold for the gateway to take traffic, and whether it is about to stop.

    Set `draining` to True as the first thing of a stop, so that balancers look elsewhere while requests end.
    """

    def __init__(self) -> None:
        self.draining = False
        self._checks: dict[str, Check] = {}

    def require(self, name: str, check: Check) -> None:
        """Ask `check` from now on; a second one of the same name replaces the first."""
        self._checks[name] = check

    def findings(self) -> list[Finding]:
        """What every check answers now, in the order they were required."""
        return [Finding(name, _ask(name, check)) for name, check in self._checks.items()]


def _ask(name: str, check: Check) -> str | None:
    try:
        return check()
    except Exception:
        _log.failure(events.READINESS_FAILED, name=name)
        return "the check itself failed; see the log"


class LivezPage(Page):
    """200 as long as the reactor turns: a restart would help where this does not answer."""

    def get(self, request: Request) -> bytes:
        """A word for people; the status is the answer."""
        return answer(request, 200, PLAIN, b"alive\n")


class ReadyzPage(Page):
    """200 when every check holds, else 503; the body lists them.

    `{"status": "ready" | "unready" | "draining", "checks": [{"name": ..., "ok": true}, {..., "reason": "..."}]}`
    """

    def __init__(self, readiness: Readiness) -> None:
        super().__init__()
        self._readiness = readiness

    def get(self, request: Request) -> bytes:
        """The findings as JSON."""
        findings = self._readiness.findings()
        status = _status(self._readiness.draining, findings)
        checks = [
            {"name": one.name, "ok": True}
            if one.reason is None
            else {"name": one.name, "ok": False, "reason": one.reason}
            for one in findings
        ]
        body = json.dumps({"status": status, "checks": checks}).encode() + b"\n"
        return answer(request, 200 if status == "ready" else 503, JSON, body)


def _status(draining: bool, findings: list[Finding]) -> Literal["ready", "unready", "draining"]:
    if draining:
        return "draining"
    return "ready" if all(finding.reason is None for finding in findings) else "unready"
