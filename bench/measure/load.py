"""One timed slice of load: wrk against a server, and what the server used meanwhile."""

import json
import re
import subprocess
from dataclasses import dataclass

from bench.measure.processes import BenchError, Cores, core_busy_seconds
from bench.measure.servers import BENCH, Server, find_program

TOLERANCE_S = 30.0


@dataclass(frozen=True)
class Case:
    """A kind of request and how many are sent: `rate` requests per second in all, or as many as possible if it is 0."""

    name: str
    title: str
    path: str = "/small"
    method: str = "GET"
    body_bytes: int = 0
    rate: float = 0.0
    routes: int = 0
    heads: int = 0
    """How many different heads are sent in turn; 0 is always the same."""
    connections: int = 64
    fields: tuple[str, ...] = ()
    """Further header fields."""


@dataclass(frozen=True)
class Sample:
    """What one slice of load showed."""

    requests: int
    """Answered."""
    rps: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_us: float
    """User and system time of the server's processes per request answered, microseconds."""
    core_share: float
    """How much of its core the server used: 1 is all of it."""
    foreign_share: float
    """How much of that core others used, the machine's host included."""
    failures: int
    """Answers other than 2xx and 3xx, and socket errors."""


def measure(server: Server, case: Case, cores: Cores, seconds: int) -> Sample:
    """Send one slice of load (whole seconds) and account for the server's time."""
    busy, cpu = core_busy_seconds(cores.subject), server.child.cpu_seconds()
    result = send(server, case, seconds)
    cpu, busy = server.child.cpu_seconds() - cpu, core_busy_seconds(cores.subject) - busy
    requests, wall = int(result["requests"]), result["seconds"]
    if requests == 0:
        raise BenchError(f"{server.name} answered no request of {case.title}\n{server.child.log_tail()}")
    foreign = max(0.0, busy - cpu) / wall if cores.subject != cores.load else 0.0
    return Sample(
        requests,
        requests / wall,
        result["p50_us"] / 1000,
        result["p99_us"] / 1000,
        result["max_us"] / 1000,
        cpu / requests * 1e6,
        cpu / wall,
        foreign,
        int(result["errors"] + result["refused"]),
    )


def send(server: Server, case: Case, seconds: int) -> dict[str, float]:
    """Run wrk on this process's core; what load.lua reported."""
    think_ms = case.connections / case.rate * 1000 if case.rate else 0
    argv = [
        find_program("wrk"),
        "-t1",
        f"-c{case.connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "--latency",
        "-s",
        str(BENCH / "load.lua"),
        *(part for field in case.fields for part in ("-H", field)),
        f"{server.scheme}://127.0.0.1:{server.port}{case.path}",
        "--",
        case.method,
        str(case.body_bytes),
        f"{think_ms:.3f}",
        str(case.routes),
        str(case.heads),
    ]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + TOLERANCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"wrk did not end against {server.name}") from error
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if not found:
        raise BenchError(f"wrk against {server.name}: {(done.stderr or done.stdout)[-400:]}")
    result: dict[str, float] = json.loads(found.group(1))
    return result
