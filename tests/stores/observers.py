"""Who counts, and who listens to the log, in the tests of stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from gatewayd.stores import Kind, Unavailable

PATIENCE = 10.0  # seconds until a test gives up waiting for what should have happened


class Counts:
    """Keeps everything it is told."""

    def __init__(self) -> None:
        self.seconds: list[tuple[str, float]] = []
        self.errors: list[Kind] = []

    def command(self, family: str) -> Callable[[float], object]:
        """Where durations of a family go."""
        return lambda seconds: self.seconds.append((family, seconds))

    def error(self, kind: Kind) -> None:
        """A call failed."""
        self.errors.append(kind)


@contextmanager
def logged() -> Iterator[list[str]]:
    """The lines that the stores log meanwhile."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        if event["log_namespace"].startswith("gatewayd.stores"):
            lines.append(formatEvent(event))

    observer = cast(ILogObserver, observe)
    globalLogPublisher.addObserver(observer)
    try:
        yield lines
    finally:
        globalLogPublisher.removeObserver(observer)


async def until(condition: Callable[[], object], what: str) -> None:
    """Look again and again until `condition` holds, which says `what` happens."""
    from twisted.internet import reactor

    clock: Any = reactor
    end = clock.seconds() + PATIENCE
    while not condition():
        if clock.seconds() > end:
            raise TimeoutError(f"{what}: not in {PATIENCE:g} s")
        await deferLater(clock, 0.005)


async def ends(calls: Iterable[Deferred[Any]]) -> list[str]:
    """How calls end: "answer", or the kind of failure."""
    found: list[str] = []
    for call in tuple(calls):
        try:
            await call
        except Unavailable as unavailable:
            found.append(unavailable.kind)
        else:
            found.append("answer")
    return found


async def kind_of(call: Deferred[Any]) -> str:
    """The kind of failure that a call ends with."""
    return (await ends([call]))[0]
