"""Figures of the process, and how late its event loop runs.

prometheus_client has a collector for the `process_*` names, but it lists every open descriptor at once, which takes 10
to 30 ms with 8,000 connections, and shows nothing at all where a sandbox hides /proc/stat.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from twisted.internet.interfaces import IDelayedCall, IReactorTime

LAG_INTERVAL = 0.25  # seconds between two measurements of the event loop's lag

_TICKS = os.sysconf("SC_CLK_TCK")
_ENTRIES_PER_STEP = 256  # of a directory: 0.3 ms, or 1 ms when the kernel sees them for the first time


def cpu_seconds() -> float:
    """User and system time of every thread so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def descriptors_limit() -> int:
    """How many file descriptors may be open at most."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def open_descriptors() -> Iterator[int | None]:
    """How many file descriptors are open, as the last item; each None before it ends a step of the counting."""
    directory = "/proc/self/fd"
    try:
        counted = os.stat(directory).st_size  # Linux 6.2 and later say it outright, earlier ones say 0
        if counted:
            yield counted
        else:
            yield from entries(directory, -1)  # one of them is open because of the counting
    except OSError:  # hidden by a sandbox
        return


def entries(directory: str, count: int = 0) -> Iterator[int | None]:
    """`count` and the entries of a directory, as the last item; each None before it ends a step of the counting."""
    with os.scandir(directory) as found:
        for number, _ in enumerate(found, 1):
            count += 1
            if number % _ENTRIES_PER_STEP == 0:
                yield None
    yield count


@cache
def started_at(pid: int) -> float | None:
    """When the process `pid` began, in seconds since 1970; always the same answer, None where a sandbox hides it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    after_name = status.rpartition(b")")[2].split()  # the name may hold anything
    ticks = int(after_name[19])  # field 22 of proc(5): since the machine started
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / _TICKS)


class LoopLag:
    """Measures every 250 ms how much later than planned the event loop woke up, in seconds, and tells `observe`.

    A stall longer than the interval is one large observation, not many.
    """

    def __init__(self, clock: IReactorTime, observe: Callable[[float], None]) -> None:
        self._clock = clock
        self._observe = observe
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begin to measure; once."""
        self._plan()

    def stop(self) -> None:
        """Stop measuring. Stopping twice, or before the start, is fine."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _plan(self) -> None:
        planned = self._clock.seconds() + LAG_INTERVAL
        self._call = self._clock.callLater(LAG_INTERVAL, self._woken, planned)

    def _woken(self, planned: float) -> None:
        self._observe(max(0.0, self._clock.seconds() - planned))
        self._plan()
