"""Prometheus, Alertmanager and the demo's services as child processes that are always reaped."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.harness.redis import free_port
from tests.monitoring.tools import ROOT

PATIENCE: Final = 30.0  # seconds until something that was waited for fails the test
_PAUSE: Final = threading.Event()  # never set: a look at another process costs it time, so looks are 0.1 s apart


def until(holds: Callable[[], bool], why: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return once `holds` does; AssertionError with what `why` answers where that does not happen in time."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"in {patience} s it did not come to be: {why()}")
        _PAUSE.wait(0.1)


def ask(url: str, **parameters: str) -> str:
    """What a GET answers; OSError where it is no 2xx."""
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    with urllib.request.urlopen(url + query, timeout=10) as response:
        return str(response.read().decode())


class Server:
    """A program that listens on a port of its own, answers `/-/ready`, and ends on SIGTERM."""

    def __init__(self, folder: Path, program: str, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log"
        self._command = [program, *options]
        self.address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.address}"

    def __enter__(self) -> Self:
        command = [*self._command, f"--web.listen-address={self.address}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            until(self._ready, lambda: f"{command} answers:\n{self._log.read_text('utf-8')[-3000:]}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            reap(self._process)

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text("utf-8")[-3000:]
        try:
            return bool(ask(f"{self.url}/-/ready"))
        except OSError:
            return False


class Prometheus(Server):
    """Evaluates and answers queries."""

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(
            folder,
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--enable-feature=exemplar-storage",
            "--rules.alert.resend-delay=1s",  # what fired before it knew of Alertmanager would come a minute later
            "--log.level=warn",
        )

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression comes to now; AssertionError where it is no expression."""
        try:
            answer = json.loads(ask(f"{self.url}/api/v1/query", query=expression))
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from None
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def firing(self, seconds: float = 0.0) -> set[str]:
        """The alerts that fire, or fired at any time within so many seconds."""
        expression = 'ALERTS{alertstate="firing"}'
        if seconds:
            expression = f"count_over_time({expression}[{max(1, int(seconds * 1000))}ms])"
        return {series["metric"]["alertname"] for series in self.query(expression)}


class Alertmanager(Server):
    """Tells the receivers."""

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(
            folder,
            "prometheus-alertmanager",
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            "--cluster.listen-address=",
            "--log.level=warn",
        )


class Services:
    """The demo's nineteen services, and their switches."""

    def __init__(self) -> None:
        self.environ: dict[str, str] = {}
        self._panel = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command: Sequence[str] = [sys.executable, "-m", "tests.monitoring.live.platform"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.environ, self._panel = told["environ"], told["panel"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            reap(self._process)

    def target(self, name: str) -> str:
        """A service's URL."""
        return f"http://127.0.0.1:{self.environ[f'GATEWAYD_{name.upper()}_PORT']}"

    def switch(self, name: str, mode: str) -> None:
        """Make a service misbehave, or behave again: ok, slow, failing, hung, closed."""
        request = urllib.request.Request(f"{self._panel}/{name}/{mode}", method="PUT")
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200


def reap(process: subprocess.Popen[bytes]) -> None:
    """End a child, and wait for it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
