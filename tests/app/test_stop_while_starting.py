"""A gateway that is stopped while it still waits for the first targets: it ends, and never listens."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PATIENCE = 30


@pytest.mark.parametrize("reactor", [(), ("--reactor=epoll",)])
def test_stop_while_starting(tmp_path: Path, reactor: tuple[str, ...]) -> None:
    """It exits at once, as it was told to, and without a word about a failure."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(PATIENCE)
        path = tmp_path / "gateway.yaml"
        path.write_text(
            f"""
listeners: [{{name: http, address: "127.0.0.1:0"}}]
metrics: {{enabled: false}}
dns: {{servers: ["127.0.0.1:{silent.getsockname()[1]}"], timeout: 20s}}
services: {{main: {{discovery: {{dns: {{name: api.internal, port: 80}}}}}}}}
routes: [{{path: /, service: main}}]
"""
        )
        twistd = str(Path(sys.executable).with_name("twistd"))
        with subprocess.Popen(
            [twistd, *reactor, "-n", "--pidfile=", "gateway", "--config", str(path)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                silent.recv(65536)  # it has asked, and gets no answer
                process.send_signal(signal.SIGTERM)
                told, _ = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
    assert process.returncode in (0, -signal.SIGTERM), told  # the latter from Twisted's own handler
    assert "Traceback" not in told
    assert "cannot serve" not in told
    assert "listens:" not in told
