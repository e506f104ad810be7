"""Where lines go: a file, a descriptor such as stdout, journald, syslog, or nowhere.

A disk stalls and a pipe's reader may sleep, so writing happens in a thread. O_NONBLOCK on stdout would be no way out:
the flag belongs to the open file, which the shell and other processes share.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gatewayd.telemetry.outlets import CREATE, DescriptorOutlet, Outlet
from gatewayd.telemetry.writer import Command, Writer

MAX_QUEUED = 8 * 1024 * 1024  # bytes taken but not yet written: about a second of lines at full load
PATIENCE = 1.0  # seconds a closing sink waits for a reader that takes nothing

STDOUT = 1


@dataclass(frozen=True, slots=True)
class Losses:
    """Lines that will never be written, since the start: refused because too many waited, and failed with `cause`."""

    refused: int = 0
    failed: int = 0
    cause: str = ""

    @property
    def total(self) -> int:
        """All of them."""
        return self.refused + self.failed


class Sink(Protocol):
    """Takes whole lines. Everything is called from the reactor's thread and returns at once, except `close`.

    `enabled` tells whether lines are wanted at all.
    """

    enabled: bool

    def start(self) -> None:
        """Open the place; OSError where it cannot be opened. After a fork, not before: threads do not survive one."""

    def write(self, lines: bytes) -> None:
        """Take lines, each with its newline, or count them as lost."""

    def losses(self) -> Losses:
        """What was lost so far."""

    def reopen(self) -> None:
        """Open the place anew for the lines that follow: the log was rotated."""

    def close(self) -> None:
        """Write what was taken as far as it can be written; takes at most about twice `PATIENCE`."""


def sink_for(path: str) -> Sink:
    """The sink a configuration names: "off", "-" for stdout, or a file to append to."""
    if path == "off":
        return NoSink()
    if path == "-":
        return DescriptorSink(lambda: STDOUT, shared=True)
    return DescriptorSink(lambda: os.open(path, CREATE, 0o640))


class NoSink:
    """Takes nothing."""

    enabled = False

    def start(self) -> None:
        """Nothing to open."""

    def write(self, lines: bytes) -> None:
        """Forget the lines."""

    def losses(self) -> Losses:
        """None: no line was wanted."""
        return Losses()

    def reopen(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to write."""


def _lines(message: bytes) -> int:
    return message.count(b"\n")


class QueuedSink:
    """Writes to an outlet, through a thread from `start` on. Before, and after `close`, it writes at once.

    At most `max_queued` bytes wait for the thread, and what comes beyond is lost: a place that is slow for good costs
    lines, neither memory nor time. `count` tells how many lines a message is.
    """

    enabled = True

    def __init__(
        self,
        outlet: Outlet,
        *,
        max_queued: int = MAX_QUEUED,
        patience: float = PATIENCE,
        count: Callable[[bytes], int] = _lines,
    ) -> None:
        self._writer = Writer(outlet, patience)
        self._max_queued = max_queued
        self._count = count
        self._taken = 0  # bytes since the start; the writer has a counter of those it is done with
        self._refused = 0

    def start(self) -> None:
        """Open the place and start the thread."""
        self._writer.start()

    def write(self, lines: bytes) -> None:
        """Queue the lines, or lose them where too many wait."""
        if self._taken - self._writer.done + len(lines) > self._max_queued:
            self._refused += self._count(lines)
        else:
            self._taken += len(lines)
            self._writer.put(lines)

    def losses(self) -> Losses:
        """Lines that found the queue full, and lines that failed to be written."""
        return Losses(self._refused, self._writer.failed, self._writer.cause)

    def reopen(self) -> None:
        """Have the thread open the place again, in the order of the lines."""
        self._writer.command(Command.REOPEN)

    def rotate(self) -> None:
        """Have the thread move away what is there, in the order of the lines."""
        self._writer.command(Command.ROTATE)

    def stop(self) -> None:
        """Let the thread finish; what comes after is written at once. One that hangs is left behind."""
        self._writer.stop()

    def close(self) -> None:
        """Let the thread finish, and close the place."""
        self._writer.stop()
        self._writer.close()


class DescriptorSink(QueuedSink):
    """Writes to a file descriptor. `open_place` answers it; a `shared` one is neither reopened nor closed."""

    def __init__(
        self,
        open_place: Callable[[], int],
        *,
        shared: bool = False,
        max_queued: int = MAX_QUEUED,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(DescriptorOutlet(open_place, shared, patience), max_queued=max_queued, patience=patience)
