"""Sockets that systemd hands over: taken by their address, once, by the process they are meant for."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewayd.app.inherited import Inherited
from gatewayd.config import Address

_PID = 7


def handed_over(*sockets: socket.socket) -> int:
    """Duplicates of some sockets on consecutive descriptors; answers the first."""
    first = 200
    for offset, one in enumerate(sockets):
        os.dup2(one.fileno(), first + offset)
    return first


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def environ(count: int, pid: int = _PID) -> dict[str, str]:
    """The variables that systemd sets."""
    return {"LISTEN_FDS": str(count), "LISTEN_PID": str(pid)}


def test_taken_by_address(tmp_path: Path, listening: socket.socket) -> None:
    """Each is found by its address, TCP or unix, and taken once; a connection reaches it."""
    port = listening.getsockname()[1]
    path = str(tmp_path / "gateway.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
        unix.bind(path)
        unix.listen()
        inherited = Inherited(environ(2), _PID, handed_over(listening, unix))
        tcp, local = (inherited.take(Address.parse(text)) for text in (f"127.0.0.1:{port}", f"unix:{path}"))
        assert tcp is not None
        assert local is not None
        with tcp, local, socket.create_connection(("127.0.0.1", port)):
            tcp.setblocking(True)
            tcp.accept()[0].close()
            assert inherited.take(Address.parse(f"127.0.0.1:{port}")) is None
            assert inherited.left() == ()


def test_another_address(listening: socket.socket) -> None:
    """A listener elsewhere takes nothing; what is left is named and closed."""
    port = listening.getsockname()[1]
    inherited = Inherited(environ(1), _PID, handed_over(listening))
    assert inherited.take(Address.parse(f"127.0.0.1:{port - 1}")) is None
    assert inherited.left() == (f"127.0.0.1:{port}",)
    assert inherited.left() == ()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(200)


@pytest.mark.parametrize("variables", [{}, environ(1, pid=8), {"LISTEN_FDS": "1"}, {"LISTEN_PID": "7"}])
def test_meant_for_somebody_else(variables: dict[str, str], listening: socket.socket) -> None:
    """Without both variables, or with another process in them, no descriptor is touched."""
    first = handed_over(listening)
    assert Inherited(variables, _PID, first).left() == ()
    os.close(first)
