"""Real daemons whose logs are rotated, whose disks are full, whose readers sleep, and whom systemd started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness import PATIENCE, Client, GatewayProcess
from tests.telemetry.test_datagrams import Journald
from tests.wire.world import get

ROUTES = [{"path": "/**", "respond": {"body": "hello"}}]
QUICK = {"flush_interval": "50ms", "buffer": "4KiB"}


def lines(*paths: Path) -> list[dict[str, Any]]:
    """Every line in these files, in order."""
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def until(condition: Callable[[], bool], gateway: GatewayProcess) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, gateway.log
        gateway.scrape()


def serve(gateway: GatewayProcess, count: int, name: str = "x") -> None:
    """Ask so many times, and be answered each time."""
    with Client(gateway.address) as client:
        for number in range(count):
            assert client.ask(get(b"/%b-%d" % (name.encode(), number))).status == 200


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_rotation_under_load_loses_no_line(tmp_path: Path, number: signal.Signals) -> None:
    """logrotate renames all three files and sends a signal, again and again, while requests come: each has one line."""
    access, audit, log = (tmp_path / name for name in ("access", "audit", "log"))
    config = {
        "routes": [*ROUTES, {"path": "/closed", "network": {"deny": ["127.0.0.0/8"]}, "respond": {"body": "no"}}],
        "access_log": {"path": str(access), **QUICK},
        "audit": {"path": str(audit)},
        "log": {"repeats": {"most": "off"}},
    }
    asked = 0
    with GatewayProcess(config, twistd_arguments=("-n", "--pidfile=", f"--logfile={log}")) as gateway:
        done = threading.Event()

        def load() -> None:
            nonlocal asked
            with Client(gateway.address) as client:
                while not done.is_set():
                    assert client.ask(get(b"/n-%d" % asked)).status == 200
                    assert client.ask(get(b"/closed")).status == 403
                    asked += 1

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for turn in range(5):
                until(lambda: access.exists() and access.stat().st_size > 0 and audit.stat().st_size > 0, gateway)
                for path in (access, audit, log):
                    path.rename(path.with_name(f"{path.name}-{turn}"))
                gateway.kill(number)
                until(lambda: access.exists() and audit.exists() and log.exists(), gateway)
        finally:
            done.set()
            thread.join()
    turns = range(5)
    found = lines(*(tmp_path / f"access-{turn}" for turn in turns), access)
    assert sorted(line["path"] for line in found) == sorted([f"/n-{one}" for one in range(asked)] + ["/closed"] * asked)
    audited = lines(*(tmp_path / f"audit-{turn}" for turn in turns), audit)
    assert [line["event"] for line in audited] == ["audit.address_denied"] * asked
    told = lines(*(tmp_path / f"log-{turn}" for turn in turns), log)
    assert {"gateway.started"} <= {line["event"] for line in told}
    assert not any(line["event"].startswith("audit.") for line in told)
    assert told[-1]["message"] == "Server Shut Down."


def test_usr1_rotates_as_twistd_does(tmp_path: Path) -> None:
    """With the file in its place it is renamed, and those before it count up; the access log is just reopened."""
    access, log = tmp_path / "access", tmp_path / "log"
    config = {"routes": ROUTES, "access_log": {"path": str(access), **QUICK}}
    with GatewayProcess(config, twistd_arguments=("-n", "--pidfile=", f"--logfile={log}")) as gateway:
        for turn in (1, 2):
            gateway.kill(signal.SIGUSR1)
            until(lambda turn=turn: (tmp_path / f"log.{turn}").exists(), gateway)  # type: ignore[misc]
        serve(gateway, 1)
    assert {path.name for path in tmp_path.iterdir()} == {"access", "log", "log.1", "log.2"}
    assert "gateway.started" in {line["event"] for line in lines(tmp_path / "log.2")}


def test_a_full_disk_stalls_nobody(tmp_path: Path) -> None:
    """Requests are served, the loss is told with its cause, and so is its end once there is room again."""
    place = tmp_path / "access"
    place.symlink_to("/dev/full")
    config = {"routes": ROUTES, "access_log": {"path": str(place), **QUICK}}
    with GatewayProcess(config) as gateway:
        serve(gateway, 100)
        (told,) = gateway.wait_log(
            r"access_log is in trouble: 0 lines lost .*, (\d+) because of No space left on device"
        )
        assert 0 < int(told[1]) <= 100
        place.unlink()
        gateway.kill(signal.SIGHUP)
        until(place.exists, gateway)
        serve(gateway, 1, "again")
        gateway.terminate()
    assert [line["path"] for line in lines(place)][-1] == "/again-0"


def test_a_full_disk_of_the_log_itself(tmp_path: Path) -> None:
    """An operational log that cannot be written keeps nothing from starting, serving and stopping."""
    config = {"routes": [{"path": "/closed", "network": {"deny": ["127.0.0.0/8"]}, "respond": {}}, *ROUTES]}
    with GatewayProcess(config, twistd_arguments=("-n", "--pidfile=", "--logfile=/dev/full")) as gateway:
        with Client(gateway.address) as client:
            for _ in range(50):
                assert client.ask(get(b"/closed")).status == 403
        serve(gateway, 50)
        assert gateway.terminate() == 0


class Piped(GatewayProcess):
    """A daemon whose outputs nobody reads."""

    def launch(self, **environment: str) -> None:
        """Start it with pipes that are full already."""
        self.reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"\n" * 65536)
        except BlockingIOError:
            os.set_blocking(writer, True)
        self._process = subprocess.Popen(
            self._arguments, env={**self._environment, **environment}, stdout=writer, stderr=writer
        )
        os.close(writer)

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        os.close(self.reader)

    @property
    def stdout(self) -> str:
        """Nothing of it is read."""
        return ""

    stderr = stdout


def test_readers_that_sleep_stall_nobody() -> None:
    """Full pipes as standard output and error, thousands of lines for both: it serves, and stops in a few seconds."""
    closed = {"path": "/closed", "network": {"deny": ["127.0.0.0/8"]}, "respond": {}}
    config = {"routes": [closed, *ROUTES], "access_log": {"path": "-", **QUICK}, "log": {"repeats": {"most": "off"}}}
    with Piped(config) as gateway:
        serve(gateway, 1000)
        with Client(gateway.address) as client:
            for _ in range(1000):
                assert client.ask(get(b"/closed")).status == 403
        assert gateway.terminate() == 0


# Standard error of a unit is connected to the journal; where the journal listens is nowhere to be configured.
_UNDER_SYSTEMD = """
import os, sys
from gatewayd.telemetry import log
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
log.to_descriptor.__defaults__ = (*log.to_descriptor.__defaults__[:-1], sys.argv.pop(1))
from twisted.scripts.twistd import run
run()
"""


def test_the_journal_has_it_once(tmp_path: Path) -> None:
    """Under systemd: entries with priorities and fields in the journal, nothing of it on standard error."""
    journald = Journald(tmp_path / "journal")
    gateway = GatewayProcess({"routes": [{"path": "/closed", "network": {"deny": ["127.0.0.0/8"]}, "respond": {}}]})
    gateway._arguments[:1] = [sys.executable, "-c", _UNDER_SYSTEMD, str(journald.path)]
    entries: list[dict[str, str]] = []

    def taken(event: str) -> dict[str, str]:
        while event not in (found := {entry["GATEWAYD_EVENT"]: entry for entry in entries}):
            entries.append(journald.take())
        return found[event]

    with gateway:
        with Client(gateway.address) as client:
            client.ask(get(b"/closed"))
        started, denied = taken("gateway.started"), taken("audit.address_denied")
        gateway.terminate()
        assert gateway.stderr == ""
    assert (started["PRIORITY"], denied["PRIORITY"]) == ("6", "4")
    assert denied["MESSAGE"] == "address denied (127.0.0.1, GET /closed, route /closed)"
    assert denied["GATEWAYD_CLIENT"] == "127.0.0.1"
    assert started["SYSLOG_IDENTIFIER"] == "gatewayd"
    journald.close()
