"""A thread that writes lines to a descriptor, whatever becomes of the descriptor."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Event, Thread

MAX_WRITE = 1024 * 1024  # bytes joined into one write: under load each write waits for the interpreter's lock


class _Command(Enum):
    REOPEN = "reopen"
    STOP = "stop"


class Writer:
    """Writes what is put, in order, and counts what it could not write. Nothing it meets stops it but `stop`.

    `done` (bytes) and `failed` (lines) are written by the thread alone and only ever grow; `cause` is what went wrong
    last, "" for nothing. Reading them from another thread needs no lock.
    """

    def __init__(self, open_place: Callable[[], int], shared: bool, patience: float) -> None:
        self.done = 0
        self.failed = 0
        self.cause = ""
        self._open = open_place
        self._shared = shared
        self._patience = patience
        self._queue: SimpleQueue[bytes | _Command] = SimpleQueue()
        self._thread = Thread(target=self._run, name="access-log", daemon=True)
        self._stopping = Event()
        self._fd = -1
        self._torn = False  # what was written last stopped within a line

    def start(self) -> None:
        """Open the place, in the caller's thread so that it sees the OSError, and start writing."""
        self._fd = self._open()
        self._thread.start()

    def put(self, lines: bytes) -> None:
        """Have `lines` written."""
        self._queue.put(lines)

    def reopen(self) -> None:
        """Have the place opened again after what was put before."""
        self._queue.put(_Command.REOPEN)

    def stop(self) -> None:
        """Write what was put, then end. Waits for a slow reader as long as it makes progress within the patience."""
        if self._thread.is_alive():
            self._stopping.set()
            self._queue.put(_Command.STOP)
            self._thread.join(2 * self._patience)

    def _run(self) -> None:
        command: _Command | None = None
        while command is not _Command.STOP:
            item = self._queue.get()
            command = item if isinstance(item, _Command) else self._write_batch(item)
            if command is _Command.REOPEN:
                self._reopen()
        if not self._shared:
            os.close(self._fd)

    def _write_batch(self, first: bytes) -> _Command | None:
        """Write `first` and what waits behind it at once, up to the first command, which is the answer."""
        batch = [first]
        size = len(first)
        command: _Command | None = None
        while size < MAX_WRITE and command is None:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if isinstance(item, _Command):
                command = item
            else:
                batch.append(item)
                size += len(item)
        self._write(b"".join(batch))
        self.done += size
        return command

    def _write(self, lines: bytes) -> None:
        left = memoryview(lines)
        try:
            if self._torn:  # one broken line is enough: end it before the next begins
                self._write_some(memoryview(b"\n"))
                self._torn = False
            while left:
                written = self._write_some(left)
                self._torn = left[written - 1] != 0x0A
                left = left[written:]
        except OSError as error:
            self.failed += left.tobytes().count(b"\n")
            self.cause = error.strerror or repr(error)

    def _write_some(self, data: memoryview) -> int:
        """Write at least one byte, however long that takes; OSError where it cannot be done."""
        while True:
            try:
                return os.write(self._fd, data)
            except BlockingIOError:
                # Somebody who shares the open file made it non-blocking, and its reader is slow.
                if not self._wait_until_writable() and self._stopping.is_set():
                    raise

    def _wait_until_writable(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(self._patience * 1000))

    def _reopen(self) -> None:
        try:
            opened = self._open()
        except OSError as error:  # go on with the old place: better a line in the wrong file than none
            self.cause = f"cannot reopen: {error.strerror}"
            return
        os.close(self._fd)
        self._fd = opened
