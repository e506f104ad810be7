"""Services built from a configuration, with nothing around them: dials are noted, time and chance are the test's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from gatewayd.app.services import Asked, ServiceBuilder
from gatewayd.config import load
from gatewayd.config.models.service import Service as ServiceConfig
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.dial import Where
from gatewayd.telemetry.metrics import Metrics
from tests.pipeline.wire import Wire

TWO = 'targets: ["http://10.0.0.1:81", "http://10.0.0.2:81"]'
FOUND = "discovery: {file: {path: /t.yaml}}"


class Dial:
    """An attempt to open a connection."""

    def __init__(self, where: Where, timeout: float, connection: UpstreamConnection, wire: Wire) -> None:
        self.where = where
        self.timeout = timeout
        self.outcome: Deferred[UpstreamConnection] = Deferred()
        self._connection = connection
        self._wire = wire

    def accept(self) -> None:
        """The target takes it."""
        self._wire.connect(self._connection)
        self.outcome.callback(self._connection)


class Threads:
    """Reads files when the test says so, one after the other."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.at_once = True

    def callInThreadWithCallback(
        self, on_result: Callable[[bool, object], None], function: Callable[..., object], *arguments: object
    ) -> None:
        """What Twisted's `deferToThreadPool` calls."""

        def work() -> None:
            try:
                result = function(*arguments)
            except OSError:
                on_result(False, Failure())
            else:
                on_result(True, result)

        self.waiting.append(work)
        if self.at_once:
            self.work()

    def work(self) -> None:
        """Do what waits."""
        while self.waiting:
            self.waiting.pop(0)()


class Reactor(MemoryReactorClock):
    """One in memory, with threads."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's has no types
        self.threads = Threads()

    def getThreadPool(self) -> Threads:
        """The only one."""
        return self.threads

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        """At once: there is only one thread."""
        function(*arguments)


class World:
    """One service, `main`, of these lines, and what is in `more`: services first, other sections after them."""

    def __init__(self, folder: Path, *lines: str, targets: str = TWO, more: str = "") -> None:
        path = folder / "gateway.yaml"
        keys = "\n    ".join((targets, *lines))
        path.write_text(f"services:\n  main:\n    {keys}\n{more}", encoding="utf-8")
        self.config = load(path, {})
        self.reactor = Reactor()
        self.now: Callable[[], float] = self.reactor.seconds
        self.metrics = Metrics()
        self.deadlines = Deadlines(self.reactor, self.now)
        self.dials: list[Dial] = []
        self.random: Callable[[], float] = lambda: 0.5
        self.builder = ServiceBuilder(self.metrics, self._dial, self.deadlines, self.now, lambda: self.random())
        self.services = self.builder.build(self.config)

    def _dial(
        self, where: Where, timeout: float, connection: UpstreamConnection, tls: object = None
    ) -> Deferred[UpstreamConnection]:
        self.dials.append(Dial(where, timeout, connection, Wire(self.reactor)))
        return self.dials[-1].outcome

    @property
    def service(self) -> Asked:
        """The one service."""
        return self.services["main"]

    @property
    def settings(self) -> ServiceConfig:
        """How it is configured."""
        return self.config.services["main"]

    def pass_time(self, seconds: float) -> None:
        """Let time pass in small steps, so that what is due in between happens in time."""
        until = self.now() + seconds
        while (left := until - self.now()) > 1e-9:
            self.reactor.advance(min(0.25, left))

    def metric(self, name: str, label: str = "service") -> float | None:
        """The value of one of its series, which has its name as this label; None where there is none."""
        return self.metrics.registry.get_sample_value(name, {label: "main"})
