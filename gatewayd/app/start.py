"""From the options of `twistd gateway` to a service that holds its addresses."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import ILogObserver

from gatewayd.app import heap
from gatewayd.app.gateway import CannotListen, Gateway, counted
from gatewayd.app.logs import LogService, build_log, warn_of_nowhere
from gatewayd.app.watchdog import Watchdog, interval
from gatewayd.config import Config, Problem, default, load, load_with_warnings
from gatewayd.demo import Platform
from gatewayd.demo import platform as demo_platform
from gatewayd.log import Log, events
from gatewayd.telemetry.log import bridge_standard_library

_log = Log("gatewayd")
_DEMO = {"GATEWAYD_PER_ADDRESS": "10000/1m"}  # whoever tries the demo is a single address


class Root(MultiService):
    """The top of the service tree.

    `observer` becomes the application's log observer, unless twistd was told to use another.
    """

    observer: ILogObserver | None = None

    def setServiceParent(self, parent: Any) -> None:
        """Join the application, bringing the log format along before twistd starts its log."""
        if self.observer is not None:
            parent.setComponent(ILogObserver, self.observer)
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]

    def stopService(self) -> Deferred[None]:
        """Stop one service after the other, the last one first: the gateway drains while the demo still answers."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for service in reversed(list(self)):
            try:
                await maybeDeferred(service.stopService)
            except Exception:
                _log.failure(events.STOP_FAILED, service=repr(service))


def build(options: Mapping[str, Any], out: TextIO) -> IService:
    """The service for these options. Raises `ConfigErrors`; exits 0 after `--check`, 1 where it cannot listen."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    heap.fill()
    if options["check"]:
        out.write(_verdict(options["config"], *load_with_warnings(options["config"])))
        sys.exit(0)
    root = Root()  # type: ignore[no-untyped-call]
    if (seconds := interval(os.environ, os.getpid())) is not None:
        Watchdog(seconds, reactor).setServiceParent(root)  # type: ignore[no-untyped-call]
    platform: Platform | None = None
    if options["demo"]:
        platform = Platform(reactor)
        platform.bind()
        config = load(_demo_file(), {**_DEMO, **os.environ, **platform.environ()})
        platform.setServiceParent(root)  # type: ignore[no-untyped-call]
    else:
        config = load(Path(options["config"])) if options["config"] else default()
    logs = _logs(options, config, root, reactor)
    warn_of_nowhere(config, options)
    gateway = Gateway(config, reactor, logs)
    try:
        gateway.bind()
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    gateway.setServiceParent(root)  # type: ignore[no-untyped-call]
    bridge_standard_library()
    if platform is not None:
        out.write(platform.banner(gateway.addresses["http"], gateway.addresses["metrics"]))
        out.flush()
    return root


def _demo_file() -> Path:
    """The shipped configuration, as the demo package carries it."""
    return Path(demo_platform.__file__).with_name("gateway.yaml")


def _verdict(path: str, config: Config, warnings: Sequence[Problem]) -> str:
    """What `--check` says of a good configuration."""
    told = "".join(f"{warning}\n\n" for warning in warnings)
    routes, services = counted(len(config.routes), "route"), counted(len(config.services), "service")
    return f"{told}{path}: {routes} to {services}, no errors\n"


def _logs(options: Mapping[str, Any], config: Config, root: Root, reactor: Any) -> LogService | None:
    """What writes the operational log, below `root`, if that is ours; exits 1 where its file cannot be opened."""
    try:
        log = build_log(options, config)
    except OSError as error:
        cause = error.strerror or str(error)
        sys.stderr.write(f"gatewayd: cannot write the log {error.filename}: {cause}; choose another path\n")
        sys.exit(1)
    if log is None:
        return None
    root.observer = log
    service = LogService(log, reactor)
    service.install()
    service.setServiceParent(root)  # type: ignore[no-untyped-call]
    return service
