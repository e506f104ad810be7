"""`twistd gateway` with sockets that somebody else holds, as systemd does: a restart refuses nobody."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

TWISTD = Path(sys.executable).with_name("twistd")
PATIENCE = 30
# What systemd does between fork and exec: the sockets from descriptor 3 on, and the process's own id.
HAND_OVER = """
import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(sys.argv[1].split(",")))
for index, descriptor in enumerate(map(int, sys.argv[1].split(","))):
    os.dup2(descriptor, 3 + index)
os.execv(sys.argv[2], sys.argv[2:])
"""


def start(folder: Path, notices: socket.socket, *sockets: socket.socket) -> subprocess.Popen[bytes]:
    """A gateway with these sockets, once it serves."""
    held = [os.dup2(one.fileno(), 100 + index) for index, one in enumerate(sockets)]
    twistd = [str(TWISTD), "-n", "--pidfile=", "gateway", "--config", "gateway.yaml"]
    process = subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, ",".join(map(str, held)), *twistd],
        cwd=folder,
        pass_fds=held,
        env={**os.environ, "NOTIFY_SOCKET": notices.getsockname()},
    )
    for descriptor in held:
        os.close(descriptor)
    while b"READY=1" not in notices.recv(65536):
        pass
    return process


def ask(port: int) -> bytes:
    """The answer to a request on a new connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_a_restart_refuses_nobody(tmp_path: Path) -> None:
    """A connection made while no gateway runs waits for the next one; a unix socket's file is left alone."""
    path = tmp_path / "local.sock"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
    ):
        notices.bind(str(tmp_path / "notify"))
        notices.settimeout(PATIENCE)
        unix.bind(str(path))
        unix.listen()
        port = tcp.getsockname()[1]
        (tmp_path / "gateway.yaml").write_text(
            f'listeners: [{{name: http, address: "127.0.0.1:{port}"}}, {{name: local, address: "unix:{path}"}}]\n'
            'metrics: {address: "127.0.0.1:0"}\n'
            "routes: [{path: /hello, respond: {body: hello}}]\n"
        )
        first = start(tmp_path, notices, tcp, unix)
        assert b"200 OK" in ask(port)
        first.send_signal(signal.SIGTERM)
        assert first.wait(PATIENCE) == 0
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as waiting:
            waiting.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert path.exists()
            second = start(tmp_path, notices, tcp, unix)
            assert b"hello" in b"".join(iter(lambda: waiting.recv(65536), b""))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in b"".join(iter(lambda: client.recv(65536), b""))
        second.send_signal(signal.SIGTERM)
        assert second.wait(PATIENCE) == 0
