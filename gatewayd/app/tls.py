"""Who speaks TLS: listeners with their certificates, services with theirs, and what is kept fresh for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred

from gatewayd.app.contexts import KeptContext, Made, facts_of_pair, reread_all
from gatewayd.app.judging import proxied
from gatewayd.config import Config, ConfigErrors, Problem
from gatewayd.config.models.address import Target
from gatewayd.config.models.listener import Listener as ListenerConfig
from gatewayd.config.models.service import Service
from gatewayd.config.models.tls import HTTPS_PORT, ListenerTls, ServiceTls
from gatewayd.core.matching import Entry
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import MALFORMED_HOST, Refused
from gatewayd.http.dial import event_loop
from gatewayd.http.listener import Listener
from gatewayd.http.tls.client import ClientTls
from gatewayd.http.tls.contexts import ClientSettings, NoTls, Pair, ServerSettings, client_context, server_context
from gatewayd.http.tls.handshakes import Handshakes
from gatewayd.http.tls.server import TlsListener
from gatewayd.log import Log, events
from gatewayd.pipeline.application import Application
from gatewayd.pipeline.fixed import Redirect
from gatewayd.pipeline.route import Counters, Route
from gatewayd.routes.tree import RouteTree

_REDIRECT = "https-redirect"
_log = Log("gatewayd.tls")


class Tls:
    """All TLS of a configuration. Its files are watched from `start` to `stop`.

    `on_ends` gets, by the name of each certificate in use, when it expires. Raises `ConfigErrors`.
    """

    def __init__(
        self, config: Config, reactor: Any, now: Callable[[], float], on_ends: Callable[[Mapping[str, float]], object]
    ) -> None:
        self._config = config
        self._reactor = reactor
        self._now = now
        self._on_ends = on_ends
        self._listeners: dict[str, KeptContext] = {}
        self._services: dict[str, KeptContext] = {}
        for listener in config.listeners:
            if listener.tls is not None:
                what, files = f"listener {listener.name}", _listener_files(listener.tls)
                self._listeners[listener.name] = self._kept(what, files, partial(_made_for_clients, listener.tls))
        for name, service in config.services.items():
            tls = service.tls or ServiceTls()
            if service.tls is not None or any(target.secure for target in service.targets) or _by_file(service):
                files = [path for path in (tls.ca_file, tls.cert_file, tls.key_file) if path is not None]
                made = partial(_made_for_service, f"service-{name}", tls)
                self._services[name] = self._kept(f"service {name}", files, made)
        self._tell()

    def start(self) -> None:
        """Begin to watch."""
        for kept in self._all():
            kept.start()

    def stop(self) -> None:
        """Leave everything as it is."""
        for kept in self._all():
            kept.stop()

    def reread(self) -> Deferred[bool]:
        """Read every file now; fires with whether all of them are good. What is not leaves the last good ones."""
        return reread_all(self._all())

    def listeners(self, application: Application, counters: Counters, **keywords: Any) -> list[Listener]:
        """Every listener, served by `application`; `keywords` are those of `Listener` that all have in common."""
        return [self._listener(config, application, counters, keywords) for config in self._config.listeners]

    def _listener(
        self, config: ListenerConfig, application: Application, counters: Counters, common: Mapping[str, Any]
    ) -> Listener:
        """One of them."""
        keywords = {**common, "access": config.network.access, "proxied": proxied(config)}
        tls, redirect = config.tls, config.redirect_to_https
        if redirect is not None:
            application = to_https(application, counters, redirect.port)
        if tls is None:
            return Listener(config.name, application, **keywords)
        handshakes = Handshakes(tls.handshakes, self._soon(), self._now)
        return TlsListener(
            config.name,
            application,
            contexts=self._listeners[config.name],
            handshakes=handshakes,
            handshake_timeout=tls.handshake_timeout,
            identifies=tls.client_auth != "none",
            **keywords,
        )

    def client(self, name: str, config: Service, place: Target) -> ClientTls:
        """How a target of the service `name` is met."""
        tls, discovery = config.tls, config.discovery
        server_name = place.address.host
        if tls is not None and tls.server_name is not None:
            server_name = tls.server_name
        elif discovery is not None and discovery.dns is not None:
            server_name = discovery.dns.name  # what it has is addresses
        return ClientTls(self._services[name], server_name, partial(self._failed, name, place.url))

    def _soon(self) -> Callable[[Callable[[], None]], object]:
        """What calls a function in the next turn of the loop."""
        loop = event_loop(self._reactor)
        return partial(self._reactor.callLater, 0) if loop is None else loop.call_soon

    def _kept(self, name: str, files: list[str], make: Callable[[], Made]) -> KeptContext:
        try:
            return KeptContext(name, files, make, self._tell, self._reactor)
        except NoTls as error:
            problem = Problem(name, 0, 0, str(error), "it was good a moment ago: check what else writes it")
            raise ConfigErrors([problem]) from None

    def _all(self) -> list[KeptContext]:
        return [*self._listeners.values(), *self._services.values()]

    def _tell(self) -> None:
        """Say when certificates expire; of two with one name, the earlier time."""
        ends: dict[str, float] = {}
        for kept in self._all():
            for name, end in kept.ends.items():
                ends[name] = min(end, ends.get(name, end))
        self._on_ends(ends)

    @staticmethod
    def _failed(service: str, url: str, why: str) -> None:
        """A target could not be met."""
        _log(events.SERVICE_NOT_MET, service=service, target=url, why=why)


def _listener_files(tls: ListenerTls) -> list[str]:
    """Every file of a listener."""
    files = [path for pair in tls.certificates for path in (pair.cert_file, pair.key_file)]
    return [*files, *(path for path in (tls.client_ca_file, tls.crl_file) if path is not None)]


def _by_file(service: Service) -> bool:
    """Whether a file may name targets that are met by TLS."""
    return service.discovery is not None and service.discovery.file is not None


def _made_for_clients(tls: ListenerTls) -> Made:
    """What a listener's connections are served by. Raises `NoTls`."""
    pairs, ends = [], {}
    for certificate in tls.certificates:
        facts = facts_of_pair(certificate.cert_file, certificate.key_file)
        pairs.append(Pair(certificate.cert_file, certificate.key_file, facts.names))
        ends[certificate.label] = facts.not_after
    settings = ServerSettings(
        pairs=pairs,
        strict=tls.strict_sni,
        min_version=tls.min_version,
        ciphers=tls.ciphers,
        client_auth=tls.client_auth,
        client_ca_file=tls.client_ca_file,
        crl_file=tls.crl_file,
    )
    return Made(server_context(settings), ends)


def _made_for_service(label: str, tls: ServiceTls) -> Made:
    """What a service is met by. Raises `NoTls`."""
    pair, ends = None, {}
    if tls.cert_file is not None and tls.key_file is not None:
        ends[label] = facts_of_pair(tls.cert_file, tls.key_file).not_after
        pair = Pair(tls.cert_file, tls.key_file)
    settings = ClientSettings(
        verify=tls.verify,
        ca_file=tls.ca_file,
        pair=pair,
        min_version=tls.min_version,
        ciphers=tls.ciphers,
        alpn=tls.alpn,
    )
    return Made(client_context(settings), ends)


def to_https(application: Application, counters: Counters, port: int) -> Application:
    """An application that answers every request with the same place by HTTPS (308: the method stays what it is)."""
    suffix = b"" if port == HTTPS_PORT else b":%d" % port

    def location(head: RequestHead) -> bytes:
        if not head.host:
            raise Refused(MALFORMED_HOST)  # HTTP/1.0 may come without one
        return b"https://%b%b%b" % (head.host, suffix, head.target)

    route = Route(_REDIRECT, _REDIRECT, Redirect(308, location), counters.route(_REDIRECT))
    tree = RouteTree([Entry(path="/**", payload=route, name=_REDIRECT)])
    return application.leading(tree.locate)
