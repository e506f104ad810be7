"""A file that something else writes, read again whenever it is another one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Generic, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.log import Log, events

LARGEST = 4 << 20  # bytes; ten thousand targets with weights take less than one million, as many API keys two

_log = Log(__name__)

T = TypeVar("T")
Stamp: TypeAlias = tuple[int, int, int]
"""What changes with a file's content: when it was modified, its size, and its inode."""


class InThread(Protocol[T]):
    """Runs a function elsewhere, as `deferToThread` does."""

    def __call__(self, function: Callable[[str], T], path: str, /) -> Deferred[T]:
        """What `function` answers for `path`, or its failure."""


class FileWatch(Generic[T]):
    """Looks at the file at `path` every `interval` seconds, from `start` to `stop`, and has it read if it is another.

    `read` is run `in_thread`, and may raise OSError. `on_read` gets what it answers; `on_unreadable` why there is
    nothing, at each look that finds nothing.

    Writers had better replace the file than write into it (write another one and rename it): what is half written may
    be read, and may even pass for a shorter list, until the next look.
    """

    __slots__ = ("_call", "_clock", "_first", "_in_thread", "_interval", "_on_read", "_on_unreadable", "_path", "_read",
                 "_running", "_stamp")  # fmt: skip

    def __init__(
        self,
        path: str,
        interval: float,
        clock: IReactorTime,
        read: Callable[[str], T],
        on_read: Callable[[T], object],
        on_unreadable: Callable[[str], object],
        in_thread: InThread[T],
    ) -> None:
        self._path = path
        self._interval = interval
        self._clock = clock
        self._read = read
        self._on_read = on_read
        self._on_unreadable = on_unreadable
        self._in_thread = in_thread
        self._stamp: Stamp | None = None  # of the content that was read last
        self._running = False
        self._call: IDelayedCall | None = None
        self._first: Deferred[None] | None = None

    def start(self) -> Deferred[None]:
        """Look at once. The Deferred fires when the file was read, or could not be; it does not fail."""
        self._running = True
        first: Deferred[None] = Deferred()
        self._first = first
        self._look()
        return first

    def stop(self) -> None:
        """Look no more; what is being read has no effect."""
        self._running = False
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._settle()

    def _look(self) -> None:
        self._call = None
        try:
            stamp = _stamp(self._path)
        except OSError as error:
            self._unreadable(error)
            return
        if stamp == self._stamp:
            self._again()
            return
        reading = self._in_thread(self._read, self._path)
        reading.addCallbacks(self._done, self._unread, callbackArgs=(stamp,))
        reading.addErrback(lambda failure: _log.failure(events.INTERNAL_ERROR, failure, what="a file"))

    def _done(self, content: T, stamp: Stamp) -> None:
        """The file was read; it had `stamp` just before, so that what was written meanwhile is seen."""
        if not self._running:
            return
        self._stamp = stamp
        self._again()
        try:
            self._on_read(content)
        finally:
            self._settle()

    def _unread(self, failure: Failure) -> None:
        """Reading failed."""
        if not self._running:
            return
        error = failure.value
        if not isinstance(error, OSError):
            _log.failure(events.FILE_ERROR, failure, path=self._path)
            error = OSError(0, "see the log")
        self._unreadable(error)

    def _unreadable(self, error: OSError) -> None:
        """There is no content: whatever comes next is new."""
        self._stamp = None
        self._again()
        self._on_unreadable(f"it cannot be read: {(error.strerror or str(error)).lower()}")
        self._settle()

    def _again(self) -> None:
        """Look again after the interval."""
        self._call = self._clock.callLater(self._interval, self._look)

    def _settle(self) -> None:
        """Who waits for the first look need wait no longer."""
        if self._first is not None:
            first, self._first = self._first, None
            first.callback(None)


def _stamp(path: str) -> Stamp:
    """The stamp of the file at `path`. Raises OSError, also for what is no file: reading a pipe would take for ever."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "not a regular file")
    return status.st_mtime_ns, status.st_size, status.st_ino


def read_bytes(path: str) -> bytes:
    """The content of the file at `path`; of one that is too large no more than shows it."""
    with open(path, "rb") as stream:
        return stream.read(LARGEST + 1)
