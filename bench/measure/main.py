"""The command line of bench/run: which measurements, how long, and in what order."""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.measure.idle import hold_idle
from bench.measure.load import Case
from bench.measure.processes import BenchError, Children, Cores, raise_descriptor_limit
from bench.measure.report import IDLE_GOAL_KIB, STREAM_GOAL_MIB, Report
from bench.measure.rig import find_rig, run_rig
from bench.measure.rounds import Comparison, Figure, compare
from bench.measure.scrapes import PER_SECOND, compare_scraped
from bench.measure.scrapes import ROUTES as SCRAPED_ROUTES
from bench.measure.servers import Server, Workbench, check_proxy, find_program, versions
from bench.measure.streams import SlowUpstream, download, settle, upload

GATEWAY = "bench/serve proxy {port} {backend_port} --routes {routes}"
CACHED_GATEWAY = GATEWAY.replace("proxy", "cached")
TLS_GATEWAY = "bench/serve tls {port} {backend_port} --routes {routes}"
RIG_GATEWAY = "bench/serve proxy {port} {backend_port}"
LOADS = {
    case.name: case
    for case in (
        Case("small", "GET 200 bytes"),
        Case("varied", "GET 200 bytes, 5,000 heads", heads=5000),
        Case("large", "GET 1 MiB", path="/large"),
        Case("post", "POST 10 KiB", path="/post", method="POST", body_bytes=10240),
        Case("rate", "GET 200 bytes, 2,000/s", rate=2000),
    )
}
TLS = (Case("tls", "GET 200 bytes by TLS"), Case("tls-large", "GET 1 MiB by TLS", path="/large"))
ROUTES = Case("routes", "GET, 1,000 targets", routes=1)
HITS = Case("hits", "GET 200 bytes, cached")
FEW_ROUTES, MANY_ROUTES = 10, 10_000
SCRAPED = (
    Case("scraped", "GET, many series", routes=SCRAPED_ROUTES),
    Case("scraped-rate", "GET, many series, 2,000/s", routes=SCRAPED_ROUTES, rate=2000),
)
NAMES = (*LOADS, "hits", "routes", "scrape", "stream", "idle", "tls", "peers")


class Run:
    """One run: the servers it keeps up and the report it fills."""

    def __init__(self, options: argparse.Namespace, bench: Workbench, report: Report) -> None:
        self._options, self._bench, self._report = options, bench, report
        self._stream_bytes: int = options.stream_mib << 20
        self._backend = bench.start_backend(self._stream_bytes)

    def everything(self, names: Sequence[str]) -> None:
        """Each measurement asked for; one that fails is a line of the report, and the next is made."""
        if loads := [LOADS[name] for name in names if name in LOADS]:
            self._attempt("load", lambda: self._loads(loads))
        others = {
            "hits": self._hits,
            "routes": self._routes,
            "scrape": self._scrapes,
            "stream": self._streams,
            "idle": self._idle,
            "tls": self._tls,
            "peers": self._peers,
        }
        for name, measurement in others.items():
            if name in names:
                self._attempt(name, measurement)

    def _attempt(self, name: str, measurement: Callable[[], None]) -> None:
        try:
            measurement()
        except BenchError as error:
            self._report.problems.append(f"{name} was not measured: {error}")
        except OSError as error:
            self._report.problems.append(f"{name} was not measured: {error!r}")

    @contextlib.contextmanager
    def _running(self, *servers: Server) -> Iterator[None]:
        try:
            for server in servers:
                check_proxy(server)
            yield
        finally:
            for server in servers:
                self._bench.stop(server)

    def _loads(self, cases: Sequence[Case]) -> None:
        gateway, nginx = self._bench.start_gateway(self._backend.port), self._bench.start_peer(self._backend.port)
        with self._running(gateway, nginx):
            for case in cases:
                self._compare(case, gateway, nginx)

    def _compare(self, case: Case, first: Server, second: Server) -> Comparison:
        options, figures = self._options, self._report.figures
        found = compare(case, first, second, self._bench.cores, options.rounds, options.seconds, note)
        self._report.comparisons.append(found)
        against = f"{first.name} / {second.name}"
        goal = {"small": 1.6, "large": 2.0, "routes": 1.15, "tls": 1.35}.get(case.name)
        figures.append(found.ratio(f"{case.title}: CPU per request, {against}", lambda s: s.cpu_us, goal))
        if case.name in ("small", "rate"):
            goal = 1.5 if case.name == "small" else None
            figures.append(found.ratio(f"{case.title}: p99, {against}", lambda s: s.p99_ms, goal))
        if found.failures:
            self._report.problems.append(f"{case.title}: {found.failures} requests failed")
        return found

    def _hits(self) -> None:
        keeping = replace(self._bench, gateway=CACHED_GATEWAY)
        proxied = self._bench.start_gateway(self._backend.port, name="proxied")
        cached = keeping.start_gateway(self._backend.port, name="cached")
        with self._running(proxied, cached):
            found = self._compare(HITS, cached, proxied)
        title = f"{HITS.title}: requests per second, cached / proxied (more than 2 is wanted)"
        self._report.figures.append(found.ratio(title, lambda sample: sample.rps))

    def _routes(self) -> None:
        few = self._bench.start_gateway(self._backend.port, name=f"{FEW_ROUTES} routes", routes=FEW_ROUTES)
        note(f"starting a gateway with {MANY_ROUTES:,} routes")
        many = self._bench.start_gateway(self._backend.port, name=f"{MANY_ROUTES:,} routes", routes=MANY_ROUTES)
        with self._running(many, few):
            self._compare(ROUTES, many, few)

    def _scrapes(self) -> None:
        options, figures = self._options, self._report.figures
        server = self._bench.start_gateway(self._backend.port, name="scraped", routes=SCRAPED_ROUTES)
        with self._running(server):
            for case in SCRAPED:
                found = compare_scraped(case, server, self._bench.cores, options.rounds, options.seconds, note)
                self._report.comparisons.append(found)
                title = f"{case.title}: p99 with {PER_SECOND} scrapes a second / without"
                figures.append(found.ratio(title, lambda s: s.p99_ms, 1.1))

    def _streams(self) -> None:
        with SlowUpstream() as slow:
            for stream, backend_port in ((download, self._backend.port), (upload, slow.port)):
                server = self._bench.start_gateway(backend_port)
                try:
                    settle(server)
                    found = stream(server, self._stream_bytes)
                finally:
                    self._bench.stop(server)
                title = f"{found.name}, {found.mib:.0f} MiB: RSS growth"
                note(f"{title} {found.growth_mib:.1f} MiB in {found.seconds:.1f} s")
                self._report.streams.append(found)
                self._report.figures.append(Figure(title, found.growth_mib, "MiB", goal=STREAM_GOAL_MIB))

    def _idle(self) -> None:
        for start in (self._bench.start_gateway, self._bench.start_peer):
            server = start(self._backend.port)
            with self._running(server):
                found = hold_idle(server, self._options.idle)
            note(f"{found.subject}: {found.connections:,} idle connections, {found.kib_each:.2f} KiB each")
            self._report.idles.append(found)
            if start == self._bench.start_gateway:
                title = f"{found.connections:,} idle connections: RSS each"
                self._report.figures.append(Figure(title, found.kib_each, "KiB", goal=IDLE_GOAL_KIB))

    def _tls(self) -> None:
        plain = self._bench.start_gateway(self._backend.port, name="plain")
        tls = self._bench.start_gateway(self._backend.port, name="TLS", command=TLS_GATEWAY)
        with self._running(tls, plain):
            for case in TLS:
                self._compare(case, tls, plain)
        tls = self._bench.start_gateway(self._backend.port, name="gatewayd by TLS", command=TLS_GATEWAY)
        with self._running(tls):
            found = hold_idle(tls, self._options.idle)
        note(f"{found.connections:,} idle connections by TLS, {found.kib_each:.2f} KiB each")
        self._report.idles.append(found)

    def _peers(self) -> None:
        if program := find_rig(os.environ):
            note(f"running {program}")
            cores = {self._bench.cores.subject, self._bench.cores.load}
            gateway = self._options.gateway or RIG_GATEWAY
            self._report.rig = run_rig(program, gateway, self._bench.folder, cores, self._options.quick)
            self._report.figures += self._report.rig.figures


def note(line: str) -> None:
    """Say how it goes, on stderr."""
    print(line, file=sys.stderr, flush=True)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options, with what --quick changes filled in."""
    about = (
        "Measure gatewayd beside nginx on this machine: one core each, in interleaved rounds. Takes about six minutes."
    )
    parser = argparse.ArgumentParser(prog="bench/run", description=about)
    parser.add_argument("--quick", action="store_true", help="a look in under two minutes, too short to quote")
    parser.add_argument("--only", action="append", choices=NAMES, help="only this (may be repeated)")
    parser.add_argument("--rounds", type=int, help="rounds of each load (7)")
    parser.add_argument("--seconds", type=int, help="seconds of load in each round and server (2)")
    parser.add_argument("--idle", type=int, help="idle connections (10000)")
    parser.add_argument("--stream-mib", type=int, help="length of the streams (1024)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to this file too")
    own = "measure this gateway instead, in the foreground; {port}, {backend_port} and {routes} are filled in"
    parser.add_argument("--gateway", metavar="COMMAND", help=own)
    options = parser.parse_args(argv)
    for name, full, quick in (("rounds", 7, 2), ("seconds", 2, 1), ("idle", 10_000, 2_000), ("stream_mib", 1024, 128)):
        value = getattr(options, name)
        if value is None:
            setattr(options, name, quick if options.quick else full)
        elif value < 1:
            parser.error(f"--{name.replace('_', '-')} has to be at least 1")
    return options


def pin_to_load_core() -> Cores:
    """Keep this process, and what it starts unless told otherwise, off the measured core; end tidily on signals."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _frame: sys.exit(128 + number))
    cores = Cores.available()
    os.sched_setaffinity(0, {cores.load})
    return cores


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print. 0: everything was measured and every answer was right; 1: not so."""
    options = parse(argv)
    cores = pin_to_load_core()
    try:
        find_program("wrk"), find_program("nginx")
        raise_descriptor_limit()
        report = Report(versions(), vars(options))
        with tempfile.TemporaryDirectory(prefix="gatewayd-bench-") as folder, Children() as children:
            run = Run(options, Workbench(children, cores, Path(folder), options.gateway or GATEWAY), report)
            run.everything(options.only or NAMES)
    except BenchError as error:
        print(f"bench/run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench/run: interrupted", file=sys.stderr)
        return 130
    if cores.subject == cores.load:
        report.problems.append("one core only: load and server shared it, so nothing but CPU per request means much")
    if options.json:
        report.write_json(options.json)
    print(report.text())
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
