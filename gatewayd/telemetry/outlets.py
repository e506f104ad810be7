"""The places that lines go to, as a writing thread meets them: descriptors and files."""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol

PIPE_BUF = 4096  # bytes a pipe that can be written to takes at once without making anybody wait (pipe(7))
ROTATED_AT = 1_000_000  # bytes of a log file, as twistd's own have it
CREATE = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class Outlet(Protocol):
    """One place. All but `open` may take long, and are called from a thread of their own while there is one.

    `cause` is what went wrong last.
    """

    cause: str

    def open(self) -> None:
        """Open it; OSError where it cannot be opened."""

    def write(self, batch: Sequence[bytes], stopping: Event) -> int:
        """Write messages; how many were lost. Once it is `stopping`, places that take nothing are not waited for."""

    def reopen(self) -> None:
        """Open the place anew: what was there has been moved away."""

    def rotate(self) -> None:
        """Move away what is there, unless somebody else has, and begin anew."""

    def close(self) -> None:
        """Nothing more is written."""


class DescriptorOutlet:
    """A descriptor, such as standard output's. A `shared` one is neither reopened nor closed."""

    def __init__(self, open_place: Callable[[], int], shared: bool, patience: float) -> None:
        self.cause = ""
        self._open = open_place
        self._shared = shared
        self._patience = patience
        self._fd = -1
        self._hung = False  # its reader took nothing when there was no thread to wait for it: nobody waits again
        self._torn = False  # what was written last stopped within a line

    def open(self) -> None:
        """Open the place, if it is not open."""
        if self._fd < 0:
            self._fd = self._open()

    def write(self, batch: Sequence[bytes], stopping: Event) -> int:
        """Write lines, several at once; how many were lost."""
        left = memoryview(b"".join(batch))
        try:
            if self._torn:  # one broken line is enough: end it before the next begins
                self._write_some(memoryview(b"\n"), stopping)
                self._torn = False
            while left:
                written = self._write_some(left, stopping)
                self._torn = left[written - 1] != 0x0A
                left = left[written:]
        except OSError as error:
            self.cause = error.strerror or repr(error)
            return left.tobytes().count(b"\n")
        return 0

    def _write_some(self, data: memoryview, stopping: Event) -> int:
        """Write at least one byte, however long that takes; OSError where it cannot be done."""
        while True:
            last = stopping.is_set()
            if last:
                self._hung = not self._writable(0.0 if self._hung else self._patience)
                if self._hung:
                    raise BlockingIOError(errno.EAGAIN, "its reader takes nothing")
            try:
                return os.write(self._fd, data[:PIPE_BUF] if last else data)
            except BlockingIOError:
                # Somebody who shares the open file made it non-blocking, and its reader is slow.
                if not self._writable(self._patience) and stopping.is_set():
                    raise

    def _writable(self, patience: float) -> bool:
        """Whether something can be written within `patience` seconds."""
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(patience * 1000))

    def reopen(self) -> None:
        """Open the place again, or go on with the old one: better a line in the wrong file than none."""
        if self._shared:
            return
        try:
            opened = self._open()
        except OSError as error:
            self.cause = f"cannot reopen: {error.strerror}"
            return
        os.close(self._fd)
        self._fd = opened

    def rotate(self) -> None:
        """What rotates these is elsewhere."""
        self.reopen()

    def close(self) -> None:
        """Close what is ours."""
        if not self._shared and self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


class FileOutlet(DescriptorOutlet):
    """A file as twistd has it: `rotate` names it `path.1`, and what has that name `path.2`.

    So does growing beyond `rotated_at` bytes; None is no bound.
    """

    def __init__(self, path: str, patience: float, rotated_at: int | None = ROTATED_AT) -> None:
        super().__init__(lambda: os.open(path, CREATE, 0o640), False, patience)
        self._path = Path(path)
        self._rotated_at = rotated_at

    def write(self, batch: Sequence[bytes], stopping: Event) -> int:
        """Write lines, in a new file where this one would grow too large."""
        try:
            size = 0 if self._rotated_at is None else os.fstat(self._fd).st_size
            if size and size + sum(map(len, batch)) > (self._rotated_at or 0):
                self.rotate()
        except OSError as error:
            self.cause = error.strerror or repr(error)
        return super().write(batch, stopping)

    def rotate(self) -> None:
        """Rename the file and those before it; where somebody else has renamed it already, just open a new one."""
        if self._in_place():
            numbered = [
                int(number)
                for other in self._path.parent.glob(f"{self._path.name}.*")
                if (number := other.name[len(self._path.name) + 1 :]).isdigit()
            ]
            try:
                for older in sorted(numbered, reverse=True):
                    os.rename(f"{self._path}.{older}", f"{self._path}.{older + 1}")
                os.rename(self._path, f"{self._path}.1")
            except OSError as error:  # a folder that is not ours: go on with the file that there is
                self.cause = f"cannot rotate: {error.strerror}"
                return
        self.reopen()

    def _in_place(self) -> bool:
        """Whether the file under the path is the one that is written to; what a link leads to is not ours to rename."""
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._fd))
        except OSError:
            return False


def is_terminal(fd: int) -> bool:
    """Whether people read what is written to a descriptor; False for one that is closed."""
    try:
        return stat.S_ISCHR(os.fstat(fd).st_mode) and os.isatty(fd)
    except OSError:
        return False
