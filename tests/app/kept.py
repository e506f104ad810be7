"""A service that is kept up to date, in memory: files, checks and time are the test's."""

from __future__ import annotations

from errno import ECONNREFUSED
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gatewayd.admin import Readiness
from gatewayd.app.upkeep import Upkeep
from tests.app.world import TWO, World

ONE = 'targets: ["http://10.0.0.1:81"]'


class Kept(World):
    """A service that is kept up to date; what is checked is what was connected to."""

    def __init__(self, folder: Path, *lines: str, targets: str = TWO) -> None:
        super().__init__(folder, *lines, targets=targets)
        self.readiness = Readiness()
        self.upkeep = Upkeep(
            self.config, self.services, self.metrics, self.builder, self.reactor, self.now, lambda: self.random()
        )
        self.started = False

    def start(self) -> Kept:
        """Begin."""
        self.upkeep.start(self.readiness).addCallback(self._note)
        return self

    def _note(self, _: object) -> None:
        self.started = True

    def stop(self) -> None:
        """End; no timer is left, and no socket."""
        self.upkeep.stop()
        assert not self.reactor.getDelayedCalls()

    @property
    def urls(self) -> list[str]:
        """The targets there are."""
        return [target.url for target in self.service.targets]

    @property
    def why(self) -> str | None:
        """Why the gateway is not ready, if that is so."""
        (finding,) = self.readiness.findings()
        return finding.reason

    def asked(self, seconds: float = 0.0) -> list[tuple[str, int]]:
        """Where checks have begun to connect to, in the next so many seconds."""
        self.reactor.tcpClients.clear()
        self.pass_time(seconds)
        return sorted((host, port) for host, port, *_ in self.reactor.tcpClients)

    def answer(self, ok: bool = True) -> None:
        """Every target that was just asked can be connected to, or not."""
        for client in list(self.reactor.tcpClients):
            accept(client) if ok else refuse(client)
        self.reactor.tcpClients.clear()

    def check(self, ok: bool, times: int = 1) -> None:
        """So many checks, of all targets, with this result; one comes every ten seconds."""
        for _ in range(times):
            assert self.asked(5.0) or self.asked(5.0)
            self.answer(ok)


def accept(client: Any) -> tuple[Protocol, StringTransport]:
    """A target takes the connection of a check, which has it from now on."""
    protocol, transport = client[2].buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


def refuse(client: Any) -> None:
    """It does not."""
    client[2].clientConnectionFailed(None, Failure(ConnectionRefusedError(ECONNREFUSED)))


CONNECT = "health: {path: off, interval: 10s, jitter: 0%, rise: 2, fall: 3}"
"""Checks every ten seconds, from the fifth on: chance is halfway."""


def file(folder: Path, *urls: str) -> str:
    """A file with these targets, and the line by which a service has it."""
    path = folder / "targets.yaml"
    beside = path.with_suffix(".new")
    beside.write_text("".join(f"- {url}\n" for url in urls), encoding="utf-8")
    beside.rename(path)
    return f"discovery: {{file: {{path: '{path}', interval: 2s}}}}"


A, B, C = "http://10.0.0.1:81", "http://10.0.0.2:82", "http://10.0.0.3:83"
