"""Real Redis servers under the test's thumb: each a process that can be killed, suspended and started anew."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_READY = (b"Ready to accept connections", b"Sentinel ID is")
_ATTEMPTS = 5  # a free port may be taken by somebody else before Redis has it


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class RedisServer:
    """A `redis-server` that keeps nothing, on loopback and on a unix socket, with `options` such as `--requirepass x`.

    Its files are in `folder`. The `port` stays the same from one start to the next.
    """

    def __init__(self, folder: Path, *options: str, mode: str = "server") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.options = list(options)
        self.path = str(folder / "redis.sock")
        self.port = 0
        self._mode = mode
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens, host and port."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self, *marks: bytes) -> None:
        """Start it, and wait until it answers, or until its log has one of `marks`."""
        for _ in range(1 if self.port else _ATTEMPTS):
            port = self.port or free_port()
            if self._started(port, marks or _READY):
                self.port = port
                return
        raise AssertionError(f"redis-server does not start; see {self.folder / 'log'}")

    def _started(self, port: int, marks: Sequence[bytes]) -> bool:
        arguments = self._arguments(port)
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder)
        assert process.stdout is not None
        self._process = process
        with (self.folder / "log").open("ab") as log:
            for line in process.stdout:
                log.write(line)
                if any(mark in line for mark in marks):
                    return True
        self.kill()
        return False

    def _arguments(self, port: int) -> list[str]:
        if self._mode == "sentinel":
            file = self.folder / "sentinel.conf"  # a Sentinel writes into it what it learns
            file.write_text("".join(f"{option}\n" for option in self.options))
            return ["redis-server", str(file), "--sentinel", "--port", str(port)]
        listening = [] if "--tls-port" in self.options else ["--port", str(port)]
        options = [str(port) if option == "PORT" else option for option in self.options]
        keeping = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
        return ["redis-server", *listening, "--unixsocket", self.path, "--bind", "127.0.0.1", *keeping, *options]

    def kill(self) -> None:
        """End it at once, also while it is suspended."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def restart(self) -> None:
        """Kill it and start it anew, empty."""
        self.kill()
        self.start()

    def suspend(self) -> None:
        """Let it hang: its sockets stay open, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str, password: str = "") -> str:
        """What it answers to a command, as text."""
        where = ["-p", str(self.port)] if self._mode == "sentinel" else ["-s", self.path]
        secret = ["--no-auth-warning", "-a", password] if password else []
        command = ["redis-cli", *where, *secret, *words]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
