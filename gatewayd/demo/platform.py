"""The demo platform as one Twisted service."""

from __future__ import annotations

import errno

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from gatewayd.demo.banner import banner
from gatewayd.demo.catalogue import CATALOGUE
from gatewayd.demo.listener import HOST, IDemoReactor, Listener
from gatewayd.demo.panel import Panel
from gatewayd.demo.service import DemoService
from gatewayd.demo.site import QuietSite

PANEL_PORT = 9465  # beside the gateway's metrics on 9464; another one where it is taken


class Platform(Service):
    """Nineteen services and their control panel, inside the process of whoever starts it.

    `bind` makes them listen, which must happen before the configuration is read: its targets name the ports by the
    variables of `environ`. Connections are answered once the reactor runs. `stopService` closes everything.
    """

    name = "demo"

    def __init__(self, reactor: IDemoReactor, panel_port: int = PANEL_PORT) -> None:
        self._reactor = reactor
        self._wanted_panel_port = panel_port
        self._services: dict[str, DemoService] = {}
        self._panel: Listener | None = None

    def bind(self) -> None:
        """Listen on every port; nothing more happens when it is called again."""
        if self._panel is not None:
            return
        self._services = {offer.name: DemoService(self._reactor, offer) for offer in CATALOGUE}
        site = QuietSite(Panel(self._services), self._reactor, "Demo control panel")
        try:
            self._panel = Listener(self._reactor, site, self._wanted_panel_port)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise
            self._panel = Listener(self._reactor, site)
        self._panel.open()

    def startService(self) -> None:
        """Listen, if `bind` was not called before."""
        self.bind()
        Service.startService(self)

    def stopService(self) -> Deferred[None]:
        """Close every port and connection."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        """The panel first, so that nobody opens what is being closed."""
        panel, self._panel = self._panel, None
        if panel is not None:
            await panel.release()
        for service in self._services.values():
            await service.stop()

    @property
    def panel(self) -> str:
        """The control panel's URL."""
        assert self._panel is not None, "bind() comes first"
        return f"http://{HOST}:{self._panel.port}"

    def environ(self) -> dict[str, str]:
        """The services' ports under the names a configuration refers to, such as GATEWAYD_PAYMENT_PORT."""
        return {service.offer.port_variable: str(service.port) for service in self._services.values()}

    def banner(self, gateway: str, metrics: str) -> str:
        """What to print at the start: where everything is, and what to try. The arguments are host:port or URLs."""
        return banner(gateway, metrics, self.panel)
