"""The five ways a demo service can behave."""

from __future__ import annotations

from enum import StrEnum

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request

from gatewayd.demo.replies import JsonResource, refuse

DELAY = 2.0  # seconds a slow service takes unless told otherwise


class Mode(StrEnum):
    """What a service does with a request."""

    OK = "ok"  # answers
    SLOW = "slow"  # answers after a while
    FAILING = "failing"  # answers 500
    HUNG = "hung"  # takes the request and never answers
    CLOSED = "closed"  # does not listen: connections are refused


class Switch:
    """What a service is set to; `guard` puts that before the resource a request would get."""

    def __init__(self, clock: IReactorTime) -> None:
        self.mode = Mode.OK
        self.delay = DELAY
        self._clock = clock

    def guard(self, resource: IResource) -> IResource:
        """`resource`, or what stands in its place."""
        match self.mode:
            case Mode.SLOW:
                return Slow(resource, self.delay, self._clock)
            case Mode.FAILING:
                return Failing()
            case Mode.HUNG:
                return Hung()
        return resource


class Slow(JsonResource):
    """Answers as `resource` does, `delay` seconds later."""

    isLeaf = True

    def __init__(self, resource: IResource, delay: float, clock: IReactorTime) -> None:
        super().__init__()
        self._resource = resource
        self._delay = delay
        self._clock = clock

    def render(self, request: Request) -> bytes | int:
        """Wait, then let the real resource answer; stop waiting when the client goes."""
        call = self._clock.callLater(self._delay, request.render, self._resource)

        def give_up(_: Failure) -> None:
            if call.active():
                call.cancel()

        request.notifyFinish().addErrback(give_up)
        return NOT_DONE_YET


class Failing(JsonResource):
    """Answers 500 to everything."""

    isLeaf = True

    def render(self, request: Request) -> bytes | int:
        """500."""
        return refuse(request, 500, "internal-error", "This service is switched to failing")


class Hung(JsonResource):
    """Answers nothing."""

    isLeaf = True

    def render(self, request: Request) -> bytes | int:
        """The client may wait."""
        return NOT_DONE_YET
