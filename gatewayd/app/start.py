"""From the options of `twistd gateway` to a service that holds its addresses."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import ILogObserver, Logger
from twisted.python.logfile import LogFile

from gatewayd.app import heap
from gatewayd.app.gateway import CannotListen, Gateway, counted
from gatewayd.config import Config, Problem, default, load, load_with_warnings
from gatewayd.demo import Platform
from gatewayd.demo import platform as demo_platform
from gatewayd.telemetry.log import bridge_standard_library, observer_for, observer_for_file

_log = Logger(namespace="gatewayd")
_DEMO = {"GATEWAYD_PER_ADDRESS": "10000/1m"}  # whoever tries the demo is a single address


class Root(MultiService):
    """The top of the service tree.

    `observer` becomes the application's log observer, unless twistd was told to use another.
    """

    def __init__(self, observer: ILogObserver | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._observer = observer

    def setServiceParent(self, parent: Any) -> None:
        """Join the application, bringing the log format along before twistd starts its log."""
        if self._observer is not None:
            parent.setComponent(ILogObserver, self._observer)
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
                _log.failure("{service} did not stop as it should", service=service)


def build(options: Mapping[str, Any], out: TextIO) -> IService:
    """The service for these options. Raises `ConfigErrors`; exits 0 after `--check`, 1 where it cannot listen."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    heap.fill()
    if options["check"]:
        out.write(_verdict(options["config"], *load_with_warnings(options["config"])))
        sys.exit(0)
    root = Root(observer(options, reactor))
    platform: Platform | None = None
    if options["demo"]:
        platform = Platform(reactor)
        platform.bind()
        config = load(_demo_file(), {**_DEMO, **os.environ, **platform.environ()})
        platform.setServiceParent(root)  # type: ignore[no-untyped-call]
    else:
        config = load(Path(options["config"])) if options["config"] else default()
    if config.access_log.path == "-" and _is_daemon(options):
        _log.warn("the access log goes nowhere: a daemon has no standard output; set access_log.path to a file, or off")
    gateway = Gateway(config, reactor)
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


def _is_daemon(options: Mapping[str, Any]) -> bool:
    """Whether twistd is about to leave its terminal, and standard output with it."""
    parent = getattr(options, "parent", None)
    return parent is not None and not parent.get("nodaemon")


def observer(options: Mapping[str, Any], reactor: Any) -> ILogObserver | None:
    """JSON lines or, on a terminal, text, to where twistd would log; None where it has an observer of the user's."""
    parent = getattr(options, "parent", None)
    if parent is None or parent.get("syslog") or parent.get("logger"):
        return None
    path, daemon = parent.get("logfile"), _is_daemon(options)
    if path == "-" and daemon:
        return None  # twistd refuses that
    if not daemon and path in (None, "", "-"):
        return observer_for(sys.stderr)  # stdout is the access log's
    file = LogFile.fromFullPath(path or "twistd.log")
    if signal.getsignal(signal.SIGUSR1) in (None, signal.SIG_DFL):  # as twistd has it
        signal.signal(signal.SIGUSR1, lambda number, frame: reactor.callFromThread(file.rotate))
    return observer_for_file(file)
