"""The gateway as a Twisted service: what starts, in which order, and how it stops."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import ssl
import time
from typing import Any

from twisted.application.service import Service
from twisted.internet import task
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred

import twisted
from gatewayd import __version__
from gatewayd.admin import Readiness, admin_site
from gatewayd.app import heap
from gatewayd.app.access import Gatekeeper
from gatewayd.app.graph import build_application, build_tree
from gatewayd.app.inherited import Inherited, started_with
from gatewayd.app.logs import LogService, build_access_log
from gatewayd.app.notify import notify
from gatewayd.app.services import ServiceBuilder
from gatewayd.app.signals import Signals
from gatewayd.app.store import build_store
from gatewayd.app.threads import PolicyThreads
from gatewayd.app.tls import Tls
from gatewayd.app.upkeep import Upkeep
from gatewayd.config import Config
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.http.deadlines import Deadlines
from gatewayd.http.dial import dialer
from gatewayd.http.listener import Census
from gatewayd.http.sockets import Served, bind, name_of
from gatewayd.log import Log, events
from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.process import LoopLag
from gatewayd.telemetry.stalls import Stalls

_log = Log("gatewayd")
_DRAIN_CHECK = 0.05  # seconds between two looks at whether the last request has ended


def _tell(**fields: str) -> None:
    """Notify whoever started us; that he no longer listens must keep nothing from starting or stopping."""
    try:
        notify(fields)
    except OSError as error:
        _log(events.NOTIFY_FAILED, socket=os.environ.get("NOTIFY_SOCKET"), why=str(error))


def counted(number: int, noun: str) -> str:
    """So many of what `noun` is one of."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class CannotListen(Exception):
    """An address of the configuration cannot be listened on."""


class Gateway(Service):
    """Built from a configuration by `bind`, which takes the addresses; serves once the reactor runs.

    `logs` is what writes the operational log, if that is ours.
    Stops in order: not ready, no new connections, requests in flight finished within `drain_timeout`, pools, telemetry.
    """

    def __init__(self, config: Config, reactor: Any, logs: LogService | None = None) -> None:
        self.config = config
        self._reactor = reactor
        now = time.monotonic
        self.metrics = metrics = Metrics(most_tenants=config.metrics.tenants, aliases=config.metrics.aliases)
        self._deadlines = Deadlines(reactor, now)
        self._logs = logs
        self._access_log = build_access_log(config, reactor)
        if logs is not None:
            logs.reopened.append(self._access_log.reopen)
        self._store = build_store(config.redis, metrics, reactor, random.random)
        self._threads = PolicyThreads()
        self._gatekeeper = keeper = Gatekeeper(
            config, metrics, reactor, now, time.time, random.random, self._store, self._threads
        )
        self._tls = tls = Tls(config, reactor, now, metrics.certificates.loaded)
        builder = ServiceBuilder(
            metrics, dialer(reactor), self._deadlines, now, random.random, keeper.fields.answers, tls.client
        )
        self._services = services = builder.build(config)
        self._upkeep = Upkeep(config, services, metrics, builder, reactor, now, random.random)
        self.tree = build_tree(config, services, metrics, keeper.access, random.random)
        self._application = application = build_application(
            config,
            self.tree,
            metrics,
            self._access_log.add if self._access_log.enabled else None,
            now=now,
            wall_clock=time.time,
            clock=reactor,
            deadlines=self._deadlines,
            hygiene=keeper.hygiene,
            access=keeper.access,
            random=random.random,
        )
        self._census = Census(metrics.reject)
        trusted = TrustedPeers(config.gateway.trusted_proxies)
        self._listeners = tls.listeners(
            application,
            metrics,
            limits=config.limits,
            timeouts=config.timeouts,
            trusted=trusted,
            deadlines=self._deadlines,
            census=self._census,
            now=now,
            fields=keeper.fields.requests,
            guards=keeper.hygiene.trailer,
        )
        self.readiness = Readiness()
        self._lag = LoopLag(reactor, self._lagged)
        self._stalls = Stalls(reactor.callFromThread)
        self._serving = False
        self.readiness.require("listeners", lambda: None if self._serving else "no listener accepts connections")
        self._inherited = Inherited(started_with(), os.getpid())
        self._served: list[Served] = []
        self._admin: Any = None
        self._admin_socket: Any = None
        self._signals = Signals(reactor, self.hurry, self._reopen)
        self._drained: Deferred[None] | None = None
        self._stopped_at = 0.0  # when the drain began
        self.addresses: dict[str, str] = {}
        self._describe()

    def _describe(self) -> None:
        """Say in metrics what runs with which configuration."""
        metrics, config = self.metrics, self.config
        metrics.connections = lambda: self._census.total
        metrics.limits(config.limits.connections)
        metrics.build_info(__version__, "", platform.python_version(), twisted.__version__, ssl.OPENSSL_VERSION)
        metrics.reloads.started(time.time())
        metrics.config_info(hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16])

    def bind(self) -> None:
        """Take every address. Raises `CannotListen` with the place in the configuration, the cause and a next step."""
        for index, (listener, config) in enumerate(zip(self._listeners, self.config.listeners, strict=True)):
            listening = self._bind(config.address, config.backlog, f"listeners[{index}].address")
            self.addresses[config.name] = name_of(listening)
            ours = str(config.address) not in self._inherited.taken
            self._served.append(Served(self._reactor, listening, listener, config.backlog, ours=ours))
        if self.config.metrics.enabled:
            self._admin_socket = self._bind(self.config.metrics.address, 128, "metrics.address")
            self.addresses["metrics"] = name_of(self._admin_socket)
        for name in self._inherited.left():
            _log(events.UNUSED_SOCKET, address=name)

    def _bind(self, address: Any, backlog: int, place: str) -> Any:
        try:
            return self._inherited.take(address) or bind(address, backlog)
        except OSError as error:
            cause = error.strerror or str(error)
            raise CannotListen(
                f"gatewayd: cannot listen on {address} ({place}): {cause}; "
                "stop what holds the address, or configure another"
            ) from error

    def startService(self) -> None:
        """Serve."""
        super().startService()  # type: ignore[no-untyped-call]
        self._signals.install_hangup()
        self._deadlines.start()
        self._access_log.start()
        self._lag.start()
        self._threads.start()
        self._tls.start()
        if self._admin_socket is not None:
            site = admin_site(self.metrics, self.readiness, __version__, self._reactor)
            family = self._admin_socket.family
            self._admin = self._reactor.adoptStreamPort(self._admin_socket.fileno(), family, site)
        waited = [self._upkeep.start(self.readiness), self._gatekeeper.start()]
        if self._store is not None:
            waited.append(self._store.start())  # else the first requests would be decided without the other gateways
        starting: Deferred[Any] = DeferredList(waited)
        starting.addCallback(self._listen)
        starting.addErrback(self._failed_to_start)

    def _listen(self, _: object) -> Deferred[Any] | None:
        """Accept connections, now that targets are known as far as they can be; unless a stop has come before."""
        if not self.running:
            return None
        listening = [served.start() for served in self._served]
        return DeferredList(listening, fireOnOneErrback=True, consumeErrors=True).addCallback(self._started)

    def _started(self, _: object) -> None:
        """Everything listens: say so, once."""
        self._serving = True
        heap.settle()
        self._stalls.start()
        self._reactor.callWhenRunning(self._signals.install)
        where = ", ".join(f"{name} on {address}" for name, address in self.addresses.items())
        _log(
            events.STARTED,
            version=__version__,
            where=where,
            what=f"{counted(len(self.config.routes), 'route')}, {counted(len(self.config.services), 'service')}",
            routes=len(self.config.routes),
            services=len(self.config.services),
        )
        status = f"{counted(len(self._listeners), 'listener')}, {counted(len(self.config.routes), 'route')}"
        _tell(READY="1", STATUS=status, X_GATEWAYD_ADDRESSES=json.dumps(self.addresses))

    def _lagged(self, seconds: float) -> None:
        """Observe the lag of the event loop, sort what was observed since, and shed load if it grows."""
        self.metrics.loop_lag(seconds)
        self.metrics.fold()
        shedder = self._application.shedder
        if self.config.shedding.enabled and shedder.observe(seconds, time.monotonic()):
            if shedder.shedding:
                _log(events.OVERLOADED, lag=shedder.lag)
            else:
                _log(events.RELIEVED)

    def _reopen(self) -> None:
        """Open every log anew, after their files were rotated."""
        self._access_log.reopen()
        if self._logs is not None:
            self._logs.reopen()
        _log(events.LOGS_REOPENED)

    def _failed_to_start(self, failure: Any) -> None:
        _log.failure(events.START_FAILED, failure)
        self._reactor.stop()

    def stopService(self) -> Deferred[None]:
        """Drain and stop; fires when nothing is left."""
        super().stopService()  # type: ignore[no-untyped-call]
        self.readiness.draining = True
        self._stopped_at = self._reactor.seconds()
        self._serving = False
        self.metrics.draining(True)
        _tell(STOPPING="1")
        stopping: Deferred[Any] = DeferredList([served.stop() for served in self._served], consumeErrors=True)
        for listener in self._listeners:
            listener.drain()
        self._drained = Deferred()
        busy = sum(len(listener.channels) for listener in self._listeners)
        if busy:
            _log(events.STOPPING, what=counted(busy, "connection"), busy=busy)
        looking = task.LoopingCall(self._look_whether_drained)
        looking.clock = self._reactor
        self._drained.addCallback(lambda _: looking.stop())
        limit = self._reactor.callLater(self.config.gateway.drain_timeout, self.hurry)
        self._drained.addCallback(lambda _: limit.active() and limit.cancel())
        looking.start(_DRAIN_CHECK)
        drained = self._drained
        stopping.addCallback(lambda _: drained)
        stopping.addCallback(self._close)
        return stopping

    def _look_whether_drained(self) -> None:
        """Go on with the stop when the last connection has ended."""
        busy = any(listener.channels for listener in self._listeners)
        if self._drained is not None and not self._drained.called and not busy:
            self._drained.callback(None)

    def hurry(self) -> None:
        """Wait no longer for requests in flight."""
        cut_off = 0
        for listener in self._listeners:
            for channel in list(listener.channels):
                cut_off += channel.exchange is not None
                channel.expel()
        if cut_off:
            waited = self._reactor.seconds() - self._stopped_at
            _log(events.CUT_OFF, what=counted(cut_off, "request"), number=cut_off, waited=waited)
        if self._drained is not None and not self._drained.called:
            self._drained.callback(None)

    def _close(self, _: object) -> Any:
        """Everything behind the requests, last what would tell of it."""
        self._upkeep.stop()
        self._gatekeeper.stop()
        self._threads.stop()
        self._tls.stop()
        ending: list[Deferred[Any]] = []
        if self._store is not None:
            ending.append(Deferred.fromCoroutine(self._store.stop()))
        for service in self._services.values():
            service.close()
        self._deadlines.stop()
        self._lag.stop()
        self._stalls.stop()
        self._access_log.close()
        if self._admin is not None:
            ending.append(maybeDeferred(self._admin.stopListening))
        return DeferredList(ending, consumeErrors=True)
