"""The control panel: which service does what, and a switch for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from gatewayd.demo.replies import JsonResource, answer, refuse, text_of
from gatewayd.demo.switch import Mode

if TYPE_CHECKING:
    from gatewayd.demo.service import DemoService

MAX_DELAY = 3600.0  # seconds
ALL = "all"


class Panel(JsonResource):
    """GET / lists the services; PUT /payment/hung switches one, PUT /all/ok all of them."""

    def __init__(self, services: Mapping[str, DemoService]) -> None:
        super().__init__()
        self._services = services

    def getChild(self, path: bytes, request: Request) -> Resource:
        """The panel itself, or one service's part of it."""
        if not path:
            return self
        name = text_of(path)
        if name == ALL:
            return Switches(tuple(self._services.values()))
        if name not in self._services:
            return Bad("unknown-service", f"There is no service {name!r}", allowed=[*self._services, ALL])
        return Switches((self._services[name],))

    def render_GET(self, request: Request) -> bytes:
        """Every service: port, paths, mode."""
        return answer(request, 200, {name: service.state() for name, service in self._services.items()})


class Switches(JsonResource):
    """The switch of one service, or of all."""

    def __init__(self, services: tuple[DemoService, ...]) -> None:
        super().__init__()
        self._services = services

    def getChild(self, path: bytes, request: Request) -> Resource:
        """One position of the switch."""
        name = text_of(path)
        if name not in set(Mode):
            return Bad("unknown-mode", f"There is no mode {name!r}", allowed=[str(mode) for mode in Mode])
        return Position(self._services, Mode(name))

    def render_GET(self, request: Request) -> bytes:
        """What the services are set to."""
        return answer(request, 200, {service.offer.name: service.state() for service in self._services})


class Position(JsonResource):
    """One position of a switch: PUT sets it; `?seconds=5` says how slow."""

    def __init__(self, services: tuple[DemoService, ...], mode: Mode) -> None:
        super().__init__()
        self._services = services
        self._mode = mode

    def render_PUT(self, request: Request) -> bytes | int:
        """Switch, and answer once it is done."""
        delay = None
        if given := (request.args or {}).get(b"seconds"):
            delay = _seconds(given[-1])
            if delay is None:
                return refuse(request, 400, "bad-seconds", f"seconds must be a number from 0 to {MAX_DELAY:.0f}")
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        Deferred.fromCoroutine(self._switch(request, delay, gone))
        return NOT_DONE_YET

    async def _switch(self, request: Request, delay: float | None, gone: list[object]) -> None:
        """Set every service, then answer their new states if the client is not `gone`."""
        try:
            for service in self._services:
                await service.set_mode(self._mode, delay)
            body = answer(request, 200, {service.offer.name: service.state() for service in self._services})
        except OSError as problem:
            body = refuse(request, 503, "not-switched", f"The port cannot be opened again: {problem}")
        if not gone:
            request.setHeader(b"content-length", b"%d" % len(body))
            request.write(body)
            request.finish()


def _seconds(value: bytes) -> float | None:
    """A delay, or None for what is none."""
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= MAX_DELAY else None


class Bad(JsonResource):
    """A name the panel does not know: 404 and those it does."""

    isLeaf = True

    def __init__(self, error: str, message: str, allowed: list[str]) -> None:
        super().__init__()
        self._refuse: Callable[[Request], bytes] = lambda request: refuse(
            request, 404, error, f"{message}; try {', '.join(allowed)}", allowed=allowed
        )

    def render(self, request: Request) -> bytes | int:
        """404, whatever the method."""
        return self._refuse(request)
