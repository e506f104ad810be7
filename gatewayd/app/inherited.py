"""Listening sockets that systemd holds and hands over (sd_listen_fds(3)), so that a restart refuses no connection."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from gatewayd.http.sockets import name_of

_FIRST = 3  # the first descriptor that is handed over
_STARTED_WITH = Path("/proc/self/environ")


def started_with(path: Path = _STARTED_WITH) -> Mapping[str, str]:
    """The environment that the process was started with.

    Not `os.environ`: `twisted.internet.endpoints` removes the variables from there as it is imported, to keep them for
    endpoints named by number, which say nothing of addresses.
    """
    try:
        entries = path.read_bytes().split(b"\0")
    except OSError:  # no Linux
        return os.environ
    return dict(os.fsdecode(entry).split("=", 1) for entry in entries if b"=" in entry)


class Inherited:
    """The sockets a process was started with, by their address; each is taken once.

    The variables are meant for process `pid` alone, so they say nothing to any other. `taken` has the addresses of
    those that were taken; files of unix sockets among them are not ours to remove.
    """

    def __init__(self, environ: Mapping[str, str], pid: int, first: int = _FIRST) -> None:
        count = environ.get("LISTEN_FDS", "")
        own = environ.get("LISTEN_PID") == str(pid)
        self.taken: set[str] = set()
        self._sockets: dict[str, socket.socket] = {}
        for descriptor in range(first, first + int(count)) if own and count.isdecimal() else ():
            os.set_inheritable(descriptor, False)
            listening = socket.socket(fileno=descriptor)
            listening.setblocking(False)
            self._sockets[name_of(listening)] = listening

    def take(self, address: object) -> socket.socket | None:
        """The socket that is bound to this very address, if there is one."""
        found = self._sockets.pop(str(address), None)
        if found is not None:
            self.taken.add(str(address))
        return found

    def left(self) -> tuple[str, ...]:
        """The addresses that nobody took; their sockets are closed, since nobody would ever accept there."""
        names = tuple(self._sockets)
        for listening in self._sockets.values():
            listening.close()
        self._sockets.clear()
        return names
