"""journald and syslog, as a writing thread meets them: a socket on this machine that takes one message a datagram."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
from collections.abc import Mapping, Sequence
from threading import Event

JOURNAL = "/run/systemd/journal/socket"
SYSLOG = "/dev/log"
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_GONE = (errno.ECONNREFUSED, errno.ENOENT, errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE)


class DatagramOutlet:
    """The socket at `path`. One that takes nothing is waited for, as long as nobody stops.

    A message too large for a datagram is passed as a sealed memory file where the receiver knows that (`by_file`), and
    is lost elsewhere.
    """

    def __init__(self, path: str, patience: float, *, by_file: bool) -> None:
        self.cause = ""
        self._path = path
        self._patience = patience
        self._by_file = by_file
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect, if that is not done."""
        if self._socket is None:
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            try:
                opened.settimeout(self._patience)
                opened.connect(self._path)
            except OSError:
                opened.close()
                raise
            self._socket = opened

    def write(self, batch: Sequence[bytes], stopping: Event) -> int:
        """Send every message; how many were lost."""
        lost = 0
        for index, message in enumerate(batch):
            try:
                self._send(message, stopping)
            except TimeoutError:  # nobody takes anything, and there is no time left
                self.cause = "nobody takes it"
                return lost + len(batch) - index
            except OSError as error:
                lost += 1
                self.cause = error.strerror or str(error) or repr(error)
        return lost

    def _send(self, message: bytes, stopping: Event) -> None:
        """Send one; a receiver that was started anew meanwhile is connected to again."""
        again = True
        while True:
            try:
                self.open()
                assert self._socket is not None
                self._socket.send(message)
                return
            except TimeoutError:
                if stopping.is_set():
                    raise
            except OSError as error:
                if error.errno in (errno.EMSGSIZE, errno.ENOBUFS) and self._by_file:
                    self._send_file(message)
                    return
                if error.errno not in _GONE or not again:
                    raise
                again = False
                self.close()

    def _send_file(self, message: bytes) -> None:
        """Send a descriptor of a file that nobody can change any more; journald reads it."""
        assert self._socket is not None
        fd = os.memfd_create("gatewayd-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with open(fd, "wb", closefd=False) as file:
                file.write(message)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
            self._socket.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
        finally:
            os.close(fd)

    def reopen(self) -> None:
        """There is nothing to move away."""

    def rotate(self) -> None:
        """There is nothing to move away."""

    def close(self) -> None:
        """Leave it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def goes_to_journal(fd: int, environ: Mapping[str, str]) -> bool:
    """Whether systemd has connected a descriptor to the journal (JOURNAL_STREAM, systemd.exec(5))."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(fd)
    except OSError:
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
