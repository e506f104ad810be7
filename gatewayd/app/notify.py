"""Tells systemd, or whoever started us, how things stand (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


def notify(fields: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> None:
    """Send `fields` to the datagram socket that NOTIFY_SOCKET names; does nothing where it names none.

    A name that begins with "@" is in the abstract namespace. Raises OSError if the socket is there but broken.
    """
    name = environ.get("NOTIFY_SOCKET")
    if not name:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
        datagrams.connect("\0" + name[1:] if name.startswith("@") else name)
        datagrams.send("\n".join(f"{key}={value}" for key, value in fields.items()).encode())
