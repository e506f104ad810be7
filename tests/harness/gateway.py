"""The real daemon as a child process, configured for one test module and always reaped."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from .client import PATIENCE, Client

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 20.0  # seconds
_TROUBLE = ("Traceback (most recent call last)", "Unhandled Error", "Unhandled error in Deferred")


class GatewayError(AssertionError):
    """The daemon did not do what daemons do; the text holds its log."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a daemon ended that was to end by itself, what it said, and where its configuration lay."""

    code: int
    stdout: str
    stderr: str
    config_file: str


class GatewayProcess:
    """Runs `twistd -n gateway --config FILE` while the context lasts.

    `config` is the configuration as a mapping (or as YAML text); listeners and the metrics port get port 0 and the
    access log is off unless it says otherwise. Leaving the context stops the daemon and raises `GatewayError` where it
    had to be killed or logged a traceback (unless `expect_trouble`).
    """

    def __init__(
        self,
        config: Mapping[str, Any] | str,
        *,
        arguments: Sequence[str] = (),
        twistd_arguments: Sequence[str] = ("-n", "--pidfile="),
        environment: Mapping[str, str] | None = None,
        expect_trouble: bool = False,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gw-"))
        self.config_file = self.folder / "gateway.yaml"
        self.config_file.write_text(config if isinstance(config, str) else yaml.safe_dump(with_defaults(config)))
        self.addresses: dict[str, str] = {}
        self.expect_trouble = expect_trouble
        self._arguments = [
            str(Path(sys.executable).with_name("twistd")),
            *twistd_arguments,
            "gateway",
            "--config",
            str(self.config_file),
            *arguments,
        ]
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._notices.bind(str(self.folder / "notify"))
        self.launch(NOTIFY_SOCKET=str(self.folder / "notify"))
        try:
            self.addresses = json.loads(self.wait_notice("READY")["X_GATEWAYD_ADDRESSES"])
        except BaseException:
            self.discard()
            raise
        return self

    @classmethod
    def run(
        cls, config: Mapping[str, Any] | str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> RunResult:
        """Runs a daemon that is expected to end by itself, to its end."""
        gateway = cls(config, arguments=arguments, environment=environment)
        try:
            gateway.launch()
            return RunResult(gateway.wait(START_LIMIT), gateway.stdout, gateway.stderr, str(gateway.config_file))
        finally:
            gateway.discard()

    def launch(self, **environment: str) -> None:
        """Starts the child without waiting for anything."""
        with open(self.folder / "stdout", "wb") as out, open(self.folder / "stderr", "wb") as err:
            self._process = subprocess.Popen(
                self._arguments,
                cwd=ROOT,
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def wait_notice(self, name: str, timeout: float = START_LIMIT) -> dict[str, str]:
        """The next notice (sd_notify(3)) in which `name` is 1; raises `GatewayError` where the daemon ends before."""
        watch = os.pidfd_open(self.pid)
        notices = self._notices.fileno()
        try:
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0:
                ready, _, _ = select.select([notices, watch], [], [], left)
                if notices in ready:
                    text = self._notices.recv(65536).decode()
                    notice = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
                    if notice.get(name) == "1":
                        return notice
                elif watch in ready:
                    raise GatewayError(f"the gateway ended with {self.process.wait()} before {name}:\n{self.log}")
        finally:
            os.close(watch)
        raise GatewayError(f"no {name} from the gateway in {timeout} s:\n{self.log}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._process is not None and self._process.poll() is None:
                self.terminate()
            if kind is None and not self.expect_trouble:
                self.check_log()
        finally:
            self.discard()

    def discard(self) -> None:
        """Leaves neither a process nor a file behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._notices.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # what it is

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running child."""
        if self._process is None:
            raise GatewayError("the gateway was not started")
        return self._process

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self.process.pid

    @property
    def address(self) -> str:
        """Where the listener `http` listens, as `host:port`."""
        return self.addresses["http"]

    @property
    def metrics_address(self) -> str:
        """Where the metrics port listens."""
        return self.addresses["metrics"]

    @property
    def stdout(self) -> str:
        """Everything on standard output so far."""
        return (self.folder / "stdout").read_text(errors="replace")

    @property
    def stderr(self) -> str:
        """Everything on standard error so far."""
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def messages(self) -> list[str]:
        """The texts of all lines of its log so far, in order."""
        return [json.loads(line)["message"] for line in self.stderr.splitlines(keepends=True) if line.endswith("}\n")]

    @property
    def log(self) -> str:
        """Both outputs."""
        return f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"

    def check_log(self) -> None:
        """Raises `GatewayError` where a traceback was logged: no input may cause one."""
        log = self.log
        if any(trouble in log for trouble in _TROUBLE):
            raise GatewayError(f"the gateway logged an error:\n{log[-6000:]}")

    def rss_kib(self) -> int:
        """Resident memory in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise GatewayError("no VmRSS")

    def descriptors(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def scrape(self) -> str:
        """The text of /metrics."""
        with Client(self.metrics_address) as client:
            request = b"GET /metrics HTTP/1.1\r\nHost: metrics\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n"
            response = client.ask(request)
        if response.status != 200:
            raise GatewayError(f"/metrics answered {response.status}: {response.body!r}")
        return response.body.decode()

    def metric(self, name: str, /, **labels: str) -> float:
        """The sum of the samples `name` whose labels include `labels`; 0.0 without one."""
        return sum(sample.value for sample in self.samples(name, **labels))

    def samples(self, name: str, /, **labels: str) -> list[Sample]:
        """The samples of one scrape called `name` whose labels include `labels`."""
        lines = (line for line in self.scrape().splitlines(keepends=True) if line.startswith(name))
        return [
            sample
            for family in text_string_to_metric_families("".join(lines))
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    # what is waited for: each look is a scrape apart, which is a turn of the gateway's reactor at least

    def wait_metric(self, name: str, value: float, /, **labels: str) -> None:
        """Returns once `metric` is `value`; raises `GatewayError` where that does not happen."""
        deadline = time.monotonic() + PATIENCE
        while (last := self.metric(name, **labels)) != value:
            if time.monotonic() > deadline:
                raise GatewayError(f"{name}{labels} is {last}, not {value}:\n{self.log[-6000:]}")

    def wait_log(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """What of the log's `messages` matches `pattern` from its start, once that are `count`, or `GatewayError`."""
        deadline = time.monotonic() + PATIENCE
        while len(found := [one for text in self.messages if (one := re.match(pattern, text))]) < count:
            if time.monotonic() > deadline:
                raise GatewayError(f"{pattern!r} is in the log {len(found)} times, not {count}:\n{self.log[-6000:]}")
            self.scrape()
        return found

    # what is done to it

    def kill(self, number: signal.Signals) -> None:
        """Sends a signal to the child."""
        self.process.send_signal(number)

    def wait(self, timeout: float = PATIENCE * 2) -> int:
        """The exit code once it ended; kills it and raises `GatewayError` if it does not."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise GatewayError(f"the gateway was still running after {timeout} s:\n{self.log[-6000:]}") from None

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stops it and returns its exit code."""
        self.kill(number)
        return self.wait()


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with ports that are free and an access log that is off, where it does not say."""
    return {
        "listeners": [{"name": "http", "address": "127.0.0.1:0"}],
        "metrics": {"address": "127.0.0.1:0"},
        "access_log": {"path": "off"},
        **config,
    }
