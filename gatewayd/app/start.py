"""From the options of `twistd gateway` to a service that holds its addresses."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import ILogObserver, Logger

from gatewayd.app import heap
from gatewayd.app.gateway import CannotListen, Gateway
from gatewayd.config import Config, Problem, default, load, load_with_warnings
from gatewayd.demo import Platform
from gatewayd.demo import platform as demo_platform
from gatewayd.telemetry.log import bridge_standard_library, observer_for

_log = Logger(namespace="gatewayd")


class Root(MultiService):
    """The top of the service tree.

    `observer` becomes the application's log observer, unless twistd was told where to log.
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
    root = Root(_observer(options))
    platform: Platform | None = None
    if options["demo"]:
        platform = Platform(reactor)
        platform.bind()
        config = load(_demo_file(), {**os.environ, **platform.environ()})
        platform.setServiceParent(root)  # type: ignore[no-untyped-call]
    else:
        config = load(Path(options["config"])) if options["config"] else default()
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
    return f"{told}{path}: {len(config.routes)} routes to {len(config.services)} services, no errors\n"


def _observer(options: Mapping[str, Any]) -> ILogObserver | None:
    """JSON lines or, on a terminal, text; None where twistd writes to a file or to syslog of the user's choice."""
    parent = getattr(options, "parent", None)
    if parent is None or parent.get("logfile") not in (None, "-") or parent.get("syslog") or parent.get("logger"):
        return None
    if not parent.get("nodaemon"):
        return None
    return observer_for(sys.stderr)  # stdout is the access log's
