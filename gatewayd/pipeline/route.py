"""A route as requests meet it: everything decided that can be decided before one comes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from gatewayd.core.shedding import Priority

if TYPE_CHECKING:
    from gatewayd.pipeline.exchange import Exchange
    from gatewayd.pipeline.finish import Finish


class MethodCounters(Protocol):
    """Counts the requests of one route and method."""

    in_progress: int

    def finish(self, status: int, seconds: float, bytes_in: int, bytes_out: int, trace_id: str | None = None) -> None:
        """Count one finished request; `trace_id` is that of its trace, if it is sampled."""


class RequestCounters(Protocol):
    """Counts the requests of one route."""

    @property
    def method(self) -> Callable[[bytes], MethodCounters]:
        """The counters of a method."""


class ServiceCounters(Protocol):
    """Counts the attempts at one service."""

    pool: Callable[[], tuple[int, int, int]]
    connected: Callable[[float], None]

    def attempt(self, status: int | None, seconds: float, trace_id: str | None = None) -> None:
        """Count one attempt; `status` is None where no answer came, `trace_id` that of its trace, if it is sampled."""

    def error(self, kind: str) -> None:
        """Count what an attempt failed of."""

    def retry(self, reason: str) -> None:
        """Count a further attempt, and what it was made for."""


class Counters(Protocol):
    """Where routes and services get their counters."""

    def service(self, name: str) -> ServiceCounters:
        """The counters of a service."""

    def route(self, label: str = ...) -> RequestCounters:
        """The counters of a route; without a label, those of no route."""


class Answer(Protocol):
    """What a route does with a request."""

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """Answer it; raise `Refused` to have it refused."""


class Route:
    """`label` is the path pattern: the `route` of metrics and logs. `answer` answers a request that matched.

    `priority` says how long the route is served while the gateway is overloaded, `finish` what every answer says to
    browsers.
    """

    __slots__ = ("answer", "finish", "label", "metrics", "name", "priority")

    def __init__(
        self,
        name: str,
        label: str,
        answer: Answer,
        metrics: RequestCounters,
        priority: Priority = Priority.NORMAL,
        finish: Finish | None = None,
    ) -> None:
        self.name = name
        self.label = label
        self.answer = answer
        self.metrics = metrics
        self.priority = priority
        self.finish = finish
