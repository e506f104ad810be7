"""`twistd gateway` as its users start it: in the foreground, as a daemon, on another reactor, and by mistake."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import Logger
from twisted.python.usage import UsageError

from gatewayd.app.logs import build_log
from gatewayd.app.notify import notify
from gatewayd.config import default
from gatewayd.tap import Options
from gatewayd.telemetry.line import Line
from gatewayd.telemetry.operational import OperationalLog

TWISTD = Path(sys.executable).with_name("twistd")
PATIENCE = 30
GOOD = """
listeners: [{name: http, address: "127.0.0.1:0"}]
metrics: {address: "127.0.0.1:0"}
routes: [{path: /hello, respond: {body: hello}}]
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of twistd that ends by itself."""
    return subprocess.run(
        [str(TWISTD), *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def config(folder: Path, text: str = GOOD) -> str:
    """The path of a configuration file."""
    path = folder / "gateway.yaml"
    path.write_text(text)
    return str(path)


def ask(address: str) -> bytes:
    """What the gateway at `address` answers to /hello."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
        client.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("reactor", [(), ("--reactor=epoll",)])
def test_foreground(tmp_path: Path, reactor: tuple[str, ...]) -> None:
    """It serves once it says so, survives HUP, and exits 0 on TERM."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(tmp_path / "notices"))
        notices.settimeout(PATIENCE)
        process = subprocess.Popen(
            [str(TWISTD), *reactor, "-n", "--pidfile=", "gateway", "--config", config(tmp_path)],
            cwd=tmp_path,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notices")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            told = dict(line.split("=", 1) for line in notices.recv(65536).decode().splitlines())
            assert told["READY"] == "1"
            addresses = json.loads(told["X_GATEWAYD_ADDRESSES"])
            process.send_signal(signal.SIGHUP)
            assert ask(addresses["http"]).endswith(b"hello")
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait(PATIENCE)


def test_daemon(tmp_path: Path) -> None:
    """In the background it keeps its pid file and log where it was told, and removes the former at its end."""
    pidfile, log = tmp_path / "pid", tmp_path / "log"
    started = run(tmp_path, f"--pidfile={pidfile}", f"--logfile={log}", "gateway", "--config", config(tmp_path))
    assert started.returncode == 0, started.stderr
    pid = int(pidfile.read_text())
    try:
        with os.fdopen(os.pidfd_open(pid), "rb") as handle:
            match = None
            while match is None:  # the log is written before the parent returns or shortly after
                match = re.search(r"listens: http on (\S+),", log.read_text())
            assert ask(match[1]).endswith(b"hello")
            os.kill(pid, signal.SIGTERM)
            assert select.select([handle], [], [], PATIENCE)[0]
    finally:
        if pidfile.exists():
            os.kill(pid, signal.SIGKILL)
    assert not pidfile.exists()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "level", "event", "namespace", "message"} <= set.intersection(*map(set, events))
    (warning,) = [event["message"] for event in events if event["level"] == "warn"]
    assert "access log goes nowhere" in warning
    assert "access_log.path" in warning
    assert not [event for event in events if re.search("(Site|Factory).* start|[Ff]actory", event["message"])]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"logfile": "g.log", "nodaemon": True}, "g.log"),
        ({"logfile": "g.log", "nodaemon": False}, "g.log"),
        ({"nodaemon": False}, "twistd.log"),
        ({"nodaemon": True}, None),
        ({"logfile": "-", "nodaemon": True}, None),
    ],
)
def test_where_the_log_goes(
    given: dict[str, object], path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where twistd would write; events keep their fields, and USR1 rotates files as it does with twistd's own."""
    monkeypatch.chdir(tmp_path)
    log = log_of(given)
    assert log is not None
    if path is not None:
        Logger("gatewayd", observer=log).warn("forged", tenant="acme")
        assert json.loads((tmp_path / path).read_text())["tenant"] == "acme"
        log.rotate()
        log.destination.sink.close()
    assert sorted(one.name for one in tmp_path.iterdir()) == ([] if path is None else [path, f"{path}.1"])


@pytest.mark.parametrize("given", [{"logger": "some.observer"}, {"logfile": "-"}])
def test_a_log_of_the_users_choice(given: dict[str, object]) -> None:
    """The gateway leaves alone observers of the user's, and what twistd refuses."""
    assert log_of(given) is None


def test_syslog() -> None:
    """What twistd would tell the syslog daemon is told with its priority, under the prefix that twistd is given."""
    log = log_of({"syslog": True, "prefix": "gw"})
    assert log is not None
    line: Line = {"time": "2026-11-23T08:00:00.250Z", "level": "error", "event": "x", "namespace": "n", "message": "m"}
    assert log.destination.form(line).endswith(f" gw[{os.getpid()}]: m [event=x]".encode())
    assert log.destination.form(line).startswith(b"<11>")


def log_of(given: dict[str, object]) -> OperationalLog | None:
    """The operational log for twistd's options."""
    options: Any = Options()  # type: ignore[no-untyped-call]
    options.parent = given
    return build_log(options, default())


def test_errors_of_the_configuration(tmp_path: Path) -> None:
    """All of them are printed, nothing else is, and the exit code is 78."""
    path = config(tmp_path, "listeners: [{name: http, adress: 1}]\nroutes: [{path: a, service: x}]\n")
    for arguments in (["-n", "--pidfile=", "gateway"], ["gateway", "--check"]):
        ended = run(tmp_path, *arguments, "--config", path)
        assert ended.returncode == 78
        assert "did you mean 'address'?" in ended.stderr
        assert f"{path}:2:" in ended.stderr
        assert "Traceback" not in ended.stderr + ended.stdout


def test_check(tmp_path: Path) -> None:
    """A good configuration is only checked: nothing listens, and the exit code is 0."""
    ended = run(tmp_path, "gateway", "--check", "--config", config(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("1 route to 0 services, no errors\n")


def test_taken_address(tmp_path: Path) -> None:
    """An address that is taken ends the start with one line that says which one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        ended = run(
            tmp_path, "-n", "--pidfile=", "gateway", "-c", config(tmp_path, GOOD.replace("127.0.0.1:0", address, 1))
        )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"gatewayd: cannot listen on {address} (listeners[0].address): Address already in use")


@pytest.mark.parametrize("arguments", [["--demo", "--config", "x"], ["--check"]])
def test_options_that_do_not_go_together(arguments: list[str]) -> None:
    """They are refused with what to do instead."""
    with pytest.raises(UsageError, match="--config"):
        Options().parseOptions(arguments)  # type: ignore[no-untyped-call]


def test_nobody_to_notify() -> None:
    """Without a NOTIFY_SOCKET nothing is sent."""
    notify({"READY": "1"}, environ={})
