"""Processes started for a measurement: where they run, what they use, and that none of them outlives the run."""

import contextlib
import ctypes
import fcntl
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
LOCK_PATIENCE_S = 180.0


class BenchError(Exception):
    """Something that keeps a measurement from being made; the text is for the user."""


@dataclass(frozen=True)
class Cores:
    """One core for what is measured, one for everything else (the same one if there is only one)."""

    subject: int
    load: int

    @classmethod
    def available(cls) -> Self:
        """The first two cores this process may use."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[0], allowed[1] if len(allowed) > 1 else allowed[0])


@dataclass(eq=False)
class Child:
    """A running process with everything it started."""

    name: str
    process: subprocess.Popen[bytes]
    core: int
    log: Path

    def tree(self) -> list[int]:
        """The pids of the process and all its descendants."""
        children: dict[int, list[int]] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit() and (fields := _stat_fields(int(entry))):
                children.setdefault(int(fields[1]), []).append(int(entry))
        found, pending = [], [self.process.pid]
        while pending:
            pid = pending.pop()
            found.append(pid)
            pending += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """User and system time of the tree so far, including its children that have ended."""
        ticks = 0
        for pid in self.tree():
            if fields := _stat_fields(pid):
                ticks += sum(int(fields[i]) for i in (11, 12, 13, 14))
        return ticks / TICKS_PER_SECOND

    def rss_kib(self) -> int:
        """Resident memory of the tree now; pages shared by two of its processes count twice."""
        total = 0
        for pid in self.tree():
            with contextlib.suppress(OSError):
                found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
                total += int(found.group(1)) if found else 0
        return total

    def log_tail(self, characters: int = 1500) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-characters:].strip()

    def wait_listening(self, port: int, seconds: float) -> float:
        """Seconds until 127.0.0.1:port accepted; BenchError with the end of its log if it never does."""
        started = time.monotonic()
        while (waited := time.monotonic() - started) < seconds:
            if self.process.poll() is not None:
                raise BenchError(f"{self.name} ended ({self.process.returncode}) before it listened\n{self.log_tail()}")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                return waited
            time.sleep(0.02)
        raise BenchError(f"{self.name} does not listen on port {port} after {seconds:g} s\n{self.log_tail()}")


class Children:
    """Starts processes; leaving the block ends every one it started, by pid, and no other."""

    def __init__(self) -> None:
        self._running: list[Child] = []

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        core: int,
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Child:
        """Start argv pinned to a core, in a session of its own, both outputs going to the file `log`."""
        with log.open("ab") as output:
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=_settle(core),
                )
            except OSError as error:
                raise BenchError(f"{name} cannot be started: {error}") from error
        child = Child(name, process, core, log)
        self._running.append(child)
        return child

    def stop(self, child: Child) -> None:
        """End one process: SIGTERM, then SIGKILL to it and what is left of its session."""
        self._running.remove(child)
        for sign, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(patience)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for child in reversed(self._running.copy()):
            self.stop(child)


def _settle(core: int) -> Callable[[], None]:
    """What a child does before exec: end with this process, and stay on its core."""
    prctl = ctypes.CDLL(None).prctl

    def settle() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.sched_setaffinity(0, {core})

    return settle


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5) numbers them from 3), or none if it has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def core_busy_seconds(core: int) -> float:
    """What one core has done for anybody since boot, steal included."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _iowait, irq, softirq, steal = (int(x) for x in line.split()[1:9])
            return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
    raise BenchError(f"/proc/stat does not list core {core}")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def raise_descriptor_limit() -> int:
    """Allow this process and its children as many descriptors as the system grants; that number."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Hold the machine-wide benchmark lock (BENCH_LOCK), so that two benchmarks do not time each other.

    Gives up waiting after LOCK_PATIENCE_S, and does without where the file cannot be opened.
    """
    path = os.environ.get("BENCH_LOCK") or os.path.join(tempfile.gettempdir(), "bench.lock")
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            lock = stack.enter_context(open(path, "a"))
            deadline = time.monotonic() + LOCK_PATIENCE_S
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.1)
        yield
