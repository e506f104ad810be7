"""One service of the demo: its site, its port, its switch."""

from __future__ import annotations

from gatewayd.demo.catalogue import Offer
from gatewayd.demo.listener import IDemoReactor, Listener
from gatewayd.demo.site import ServiceSite
from gatewayd.demo.switch import DELAY, Mode


class DemoService:
    """A service that listens from the moment it is made."""

    def __init__(self, reactor: IDemoReactor, offer: Offer) -> None:
        self.offer = offer
        self._site = ServiceSite(offer, reactor)
        self._listener = Listener(reactor, self._site)
        self._listener.open()

    @property
    def port(self) -> int:
        """The TCP port of 127.0.0.1, the same for as long as the process lives."""
        return self._listener.port

    async def set_mode(self, mode: Mode, delay: float | None = None) -> None:
        """Behave so from now on; requests already taken go on as they began. `delay` is for the slow mode."""
        switch = self._site.switch
        switch.mode = mode
        switch.delay = DELAY if delay is None else delay
        if mode is Mode.CLOSED:
            await self._listener.close()
        else:
            self._listener.open()

    def state(self) -> dict[str, object]:
        """Where it listens and what it does, for the control panel."""
        state: dict[str, object] = {
            "port": self.port,
            "paths": [f"/api/v1/{path}" for path in self.offer.paths],
            "mode": self._site.switch.mode,
        }
        if self._site.switch.mode is Mode.SLOW:
            state["seconds"] = self._site.switch.delay
        return state

    async def stop(self) -> None:
        """Give the port back and reset what is connected."""
        await self._listener.release()
