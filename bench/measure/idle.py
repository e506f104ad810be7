"""Ten thousand clients that say nothing: what each costs in memory, and how the proxy does meanwhile."""

import contextlib
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.processes import BenchError, raise_descriptor_limit, turn
from bench.measure.servers import Server, unverified

SOURCES = 8
IP_BIND_ADDRESS_NO_PORT = 24
OPEN_LIMIT_S = 120.0
QUIET_S = 3.0
PROBES = 2000
PROBE_LIMIT_S = 20.0
SPARE_DESCRIPTORS = 500
REQUEST = b"GET /small HTTP/1.1\r\nHost: bench.example\r\n\r\n"


@dataclass(frozen=True)
class Idle:
    """Many idle keep-alive connections on one server."""

    subject: str
    connections: int
    kib_each: float
    """Growth of RSS over the number of connections, each of which has had one answer."""
    open_s: float
    """Opening them all one after another, with a request on each."""
    quiet_core_share: float
    """How much of a core the server used while nothing happened."""
    probe_p50_ms: float
    probe_p99_ms: float
    probe_max_ms: float
    """Requests one at a time on one more connection, with all the others idle."""


def hold_idle(server: Server, wanted: int) -> Idle:
    """Open connections from several loopback addresses, one request on each, and keep them while probing."""
    count = max(1, min(wanted, raise_descriptor_limit() - SPARE_DESCRIPTORS))
    with turn(), contextlib.ExitStack() as held:
        connections: list[socket.socket] = []
        probe = held.enter_context(_open(server, 0))
        _time_requests(probe, PROBES)  # also what the server builds once at its first requests
        before, started = server.child.rss_kib(), time.monotonic()
        while len(connections) < count:
            if time.monotonic() - started > OPEN_LIMIT_S:
                raise BenchError(
                    f"{server.name}: only {len(connections)} of {count} connections after {OPEN_LIMIT_S:g} s"
                )
            try:
                connection = held.enter_context(_open(server, len(connections)))
                _exchange(connection)
            except OSError as error:
                raise BenchError(
                    f"{server.name}: connection {len(connections) + 1} of {count} failed: {error}\n"
                    f"{server.child.log_tail()}"
                ) from error
            connections.append(connection)
        open_s = time.monotonic() - started
        cpu = server.child.cpu_seconds()
        time.sleep(QUIET_S)
        share = (server.child.cpu_seconds() - cpu) / QUIET_S
        grown = server.child.rss_kib() - before
        times = _time_requests(probe, PROBES)
        _expect_open(server, connections)
    cuts = statistics.quantiles(times, n=100)
    return Idle(server.name, count, grown / count, open_s, share, cuts[49], cuts[98], max(times))


def _open(server: Server, number: int) -> socket.socket:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(10)
    connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    connection.bind((f"127.0.0.{2 + number % SOURCES}", 0))
    try:
        connection.connect(("127.0.0.1", server.port))
    except OSError:
        connection.close()
        raise
    if server.scheme == "https":
        return unverified().wrap_socket(connection)
    return connection


def _exchange(connection: socket.socket) -> None:
    """One request and its whole answer, which is short enough to come with its head."""
    connection.sendall(REQUEST)
    answer = connection.recv(4096)
    while answer and not answer.endswith(b" "):  # the backend's small document ends with blanks
        received = connection.recv(4096)
        answer = answer + received if received else b""
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError(f"answered {answer[:120]!r}")


def _time_requests(connection: socket.socket, count: int) -> list[float]:
    """Milliseconds of each of so many requests one after another (fewer when the time is up)."""
    times: list[float] = []
    deadline = time.monotonic() + PROBE_LIMIT_S
    while len(times) < count and (started := time.monotonic()) < deadline:
        _exchange(connection)
        times.append((time.monotonic() - started) * 1000)
    return times


def _expect_open(server: Server, connections: Sequence[socket.socket]) -> None:
    """BenchError if the server has closed any of them."""
    closed = 0
    for connection in connections:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            closed += not socket.socket.recv(connection, 1, socket.MSG_PEEK)
    if closed:
        raise BenchError(f"{server.name} closed {closed} of {len(connections)} idle connections")
