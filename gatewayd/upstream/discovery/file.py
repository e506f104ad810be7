"""Targets from a file that something else writes: read again as it changes, kept while it is missing or broken."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery.findings import Findings, OnFailure, OnFound
from gatewayd.upstream.discovery.listing import Unusable

LARGEST = 4 << 20  # bytes; ten thousand targets with weights take less than one million

_log = Logger()

Stamp: TypeAlias = tuple[int, int, int]
"""What changes with a file's content: when it was modified, its size, and its inode."""


class InThread(Protocol):
    """Runs a function elsewhere, as `deferToThread` does."""

    def __call__(self, function: Callable[[str], bytes], path: str, /) -> Deferred[bytes]:
        """What `function` answers for `path`, or its failure."""


class FileDiscovery:
    """The targets in the file at `path`, from `start` to `stop`.

    Every `interval` seconds the file is looked at, and read `in_thread` if it is another one. `parse` makes targets of
    its content, and raises `Unusable`. See `Findings` for `on_found` and `on_failure`.

    Writers had better replace the file than write into it (write another one and rename it): what is half written may
    be read, and may even pass for a shorter list, until the next look.
    """

    __slots__ = ("_call", "_clock", "_first", "_in_thread", "_interval", "_parse", "_path", "_running", "_stamp",
                 "findings")  # fmt: skip

    def __init__(
        self,
        path: str,
        interval: float,
        clock: IReactorTime,
        parse: Callable[[bytes], Sequence[Found]],
        on_found: OnFound,
        on_failure: OnFailure,
        in_thread: InThread,
    ) -> None:
        self._path = path
        self._interval = interval
        self._clock = clock
        self._parse = parse
        self._in_thread = in_thread
        self._stamp: Stamp | None = None  # of the content that was read last
        self._running = False
        self._call: IDelayedCall | None = None
        self._first: Deferred[None] | None = None
        self.findings = Findings(f"the file {path}", on_found, on_failure)

    @property
    def targets(self) -> tuple[Found, ...]:
        """What was found last."""
        return self.findings.targets

    @property
    def failure(self) -> str:
        """What is wrong with the file; empty if nothing is."""
        return self.findings.failure

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
        reading = self._in_thread(_read, self._path)
        reading.addCallbacks(self._judge, self._unread, callbackArgs=(stamp,))
        reading.addErrback(lambda failure: _log.failure("what follows from a file of targets failed", failure))

    def _judge(self, content: bytes, stamp: Stamp) -> None:
        """The file's content is there; it had `stamp` just before, so that what was written meanwhile is seen."""
        if not self._running:
            return
        self._stamp = stamp
        self._again()
        try:
            if len(content) > LARGEST:
                raise Unusable(0, f"it is larger than {LARGEST >> 20} MiB")
            found = self._parse(content)
        except Unusable as error:
            self.findings.failed(str(error), hashlib.blake2b(content).digest())
        else:
            self.findings.found(found)
        finally:
            self._settle()

    def _unread(self, failure: Failure) -> None:
        """Reading failed."""
        if self._running:
            failure.trap(OSError)
            self._unreadable(failure.value)

    def _unreadable(self, error: BaseException | None) -> None:
        """There is no content: whatever comes next is new."""
        assert isinstance(error, OSError)
        self._stamp = None
        self._again()
        self.findings.failed(f"it cannot be read: {(error.strerror or str(error)).lower()}")
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


def _read(path: str) -> bytes:
    """The content of the file at `path`; of one that is too large no more than shows it."""
    with open(path, "rb") as stream:
        return stream.read(LARGEST + 1)
