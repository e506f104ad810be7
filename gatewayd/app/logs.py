"""From the sections `log`, `audit` and `access_log` to logs that are written, reopened and told apart."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service

from gatewayd.config import Config
from gatewayd.config.confidential import secrets_in
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.pattern import parse_pattern
from gatewayd.core.redaction import Redactor
from gatewayd.log import Log, events
from gatewayd.pipeline.record import Headers, Recorder, Sampling
from gatewayd.telemetry.access_log import AccessLog, record_as_json, record_as_text
from gatewayd.telemetry.audit import Audit
from gatewayd.telemetry.forms import clockwork
from gatewayd.telemetry.log import heed, to_descriptor, to_file, to_syslog
from gatewayd.telemetry.operational import Destination, LogSettings, OperationalLog
from gatewayd.telemetry.outlets import is_terminal
from gatewayd.telemetry.sinks import STDOUT, sink_for

_STDERR = 2
_log = Log("gatewayd")


class LogService(Service):
    """Has a thread write the operational log while the process runs: the first to start, and the last to stop.

    `reopened` are other logs that SIGUSR1 reopens as well.
    """

    def __init__(self, log: OperationalLog, reactor: Any) -> None:
        self.log = log
        self.reopened: list[Callable[[], object]] = []
        self._reactor = reactor

    def install(self) -> None:
        """Handle SIGUSR1, unless somebody does; call before anything else, since an unhandled one ends the process."""
        if signal.getsignal(signal.SIGUSR1) in (None, signal.SIG_DFL):  # as twistd has it
            signal.signal(signal.SIGUSR1, lambda number, frame: self._reactor.callFromThread(self._rotate))

    def startService(self) -> None:
        """Start the thread; a fork lies behind us."""
        super().startService()  # type: ignore[no-untyped-call]
        self.log.start(self._reactor)
        self._reactor.addSystemEventTrigger("after", "shutdown", self.log.stop)

    def reopen(self) -> None:
        """Open files anew, as SIGHUP asks for."""
        self.log.reopen()

    def _rotate(self) -> None:
        """What SIGUSR1 asks for."""
        self.log.rotate()
        for reopen in self.reopened:
            reopen()


def build_log(options: Mapping[str, Any], config: Config) -> OperationalLog | None:
    """The operational log, to where twistd would log; None where it has an observer of the user's.

    Raises OSError where a file cannot be opened.
    """
    destination = _destination(options, config)
    if destination is None:
        return None
    log = OperationalLog(destination, settings_of(config), heed)
    if config.audit.path != "log":
        log.audit = to_file(config.audit.path, config.log.format, "audit", rotates=False)
    return log


def _destination(options: Mapping[str, Any], config: Config) -> Destination | None:
    """Where twistd would log."""
    parent, form = getattr(options, "parent", None), config.log.format
    if parent is None or parent.get("logger"):
        return None
    if parent.get("syslog"):
        return to_syslog(parent.get("prefix") or "gatewayd")
    path, daemon = parent.get("logfile"), is_daemon(options)
    if path == "-" and daemon:
        return None  # twistd refuses that
    if not daemon and path in (None, "", "-"):
        return to_descriptor(_STDERR, form)  # stdout is the access log's
    return to_file(path or "twistd.log", form)


def settings_of(config: Config) -> LogSettings:
    """What the operational log goes by."""
    log = config.log
    return LogSettings(
        level=log.level,
        levels=log.levels,
        most=log.repeats.most or 0,
        interval=log.repeats.interval,
        redact=_redacted(config),
        secrets=frozenset(secrets_in(config)),
    )


def _redacted(config: Config) -> list[str]:
    """The names of what is masked besides what is anyway: those that are configured, and the header of API keys."""
    names = list(config.log.redact)
    authentication = config.authentication
    if authentication is not None:
        if authentication.api_keys is not None:
            names.append(authentication.api_keys.header)
        if authentication.cookie is not None:
            names.append(authentication.cookie)
    return names


def build_access_log(config: Config, reactor: Any) -> AccessLog:
    """The access log."""
    section = config.access_log
    form: Callable[[dict[str, object]], bytes] = record_as_json
    terminal = section.path == "-" and is_terminal(STDOUT)
    if section.format == "text" or (section.format == "auto" and terminal):
        form = record_as_text(terminal and not colourless())
    return AccessLog(sink_for(section.path), reactor, section.flush_interval, section.buffer, form)


def colourless() -> bool:
    """Whether whoever started us wants no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def build_audit(config: Config) -> Audit:
    """The audit stream."""
    trusted = TrustedPeers(config.gateway.trusted_proxies)
    return Audit(lambda exchange: exchange.channel.peer.client_of(exchange.head, trusted))


def build_recorder(
    config: Config,
    add: Callable[[dict[str, object]], None],
    wall_clock: Callable[[], float],
    tenants: Callable[[], Mapping[bytes, float]],
) -> Recorder:
    """What makes the access log's records. `tenants` has the shares of tenants that have their own."""
    section = config.access_log
    redactor = Redactor(_redacted(config), secrets_in(config))
    routes = {route.name: route.access_log.sample for route in config.routes if route.access_log is not None}
    listed = config.tenants.file is not None or any(entry.access_log for entry in config.tenants.table.values())
    sampling = None
    if section.sample < 1.0 or listed or any(share < 1.0 for share in routes.values()):
        sampling = Sampling(section.sample, routes, tenants if listed else dict, section.slow)
    return Recorder(
        add,
        clockwork(wall_clock),
        redactor,
        TrustedPeers(config.gateway.trusted_proxies),
        sampling=sampling,
        request=_headers(section.headers.request, redactor),
        response=_headers(section.headers.response, redactor),
        query=section.query,
        hidden={
            route.name: hidden
            for route in config.routes
            if (
                hidden := frozenset(
                    i for name, i in parse_pattern(route.path).parameters if name.lower() in redactor.own
                )
            )
        },
    )


def _headers(names: tuple[str, ...], redactor: Redactor) -> Headers | None:
    return Headers([name.lower() for name in names], redactor) if names else None


def is_daemon(options: Mapping[str, Any]) -> bool:
    """Whether twistd is about to leave its terminal, and standard output with it."""
    parent = getattr(options, "parent", None)
    return parent is not None and not parent.get("nodaemon")


def warn_of_nowhere(config: Config, options: Mapping[str, Any]) -> None:
    """Say so where the access log goes to a standard output that is no more."""
    if config.access_log.path == "-" and is_daemon(options):
        _log(events.NOWHERE)
