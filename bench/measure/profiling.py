"""bench/profile: the gateway under load, and where its time goes: by Python function, or by symbol with perf."""

import argparse
import pstats
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.measure.load import send
from bench.measure.main import GATEWAY, LOADS, pin_to_load_core
from bench.measure.processes import BenchError, Children
from bench.measure.servers import Server, Workbench, check_proxy, find_program

LINES = 45
STREAM_BYTES = 1 << 20
PERF_TOLERANCE_S = 60


def with_cprofile(bench: Workbench, case_name: str, seconds: int, backend: Server) -> None:
    """Print the functions that took most time themselves; the profiler makes calls dearer than they are."""
    file = bench.folder / "cprofile"
    profiled = Workbench(bench.children, bench.cores, bench.folder, f"{GATEWAY} --cprofile {file}")
    gateway = profiled.start_gateway(backend.port)
    check_proxy(gateway)
    result = send(gateway, LOADS[case_name], seconds)
    profiled.stop(gateway)  # it writes its statistics as it stops
    print(f"{result['requests']:.0f} requests under cProfile; divide to get a request's share\n")
    pstats.Stats(str(file)).sort_stats("tottime").print_stats(LINES)


def with_perf(bench: Workbench, case_name: str, seconds: int, backend: Server) -> None:
    """Print the symbols, of the interpreter, of uvloop and of the kernel, that took most time."""
    perf, data = find_program("perf"), bench.folder / "perf.data"
    gateway = bench.start_gateway(backend.port)
    check_proxy(gateway)
    send(gateway, LOADS[case_name], 1)
    pid = str(gateway.child.process.pid)
    with (bench.folder / "perf.log").open("wb") as log:
        argv = [perf, "record", "-q", "-F", "1999", "-p", pid, "-o", str(data), "--", "sleep", str(seconds)]
        recording = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            send(gateway, LOADS[case_name], seconds)
            recording.wait(PERF_TOLERANCE_S)
        finally:
            recording.kill()
    for sort, lines in (("dso", 8), ("dso,symbol", 2 * LINES)):
        argv = [perf, "report", "-i", str(data), "--stdio", "--no-children", "--sort", sort, "--percent-limit", "0.4"]
        report = subprocess.run(argv, capture_output=True, text=True, timeout=PERF_TOLERANCE_S, check=False)
        table = [line.rstrip(" -") for line in report.stdout.splitlines() if line.strip() and not line.startswith("#")]
        if not table:
            raise BenchError(f"perf recorded nothing: {report.stderr[-500:]}{(bench.folder / 'perf.log').read_text()}")
        print("\n".join(table[:lines]), end="\n\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Profile one kind of load. 0 if it worked."""
    parser = argparse.ArgumentParser(prog="bench/profile", description="Where the gateway's time goes under load.")
    parser.add_argument("--load", choices=tuple(LOADS), default="small", help="the kind of request (small)")
    parser.add_argument("--seconds", type=int, default=5, help="of load (5)")
    parser.add_argument("--perf", action="store_true", help="by symbol, with perf, instead of by Python function")
    options = parser.parse_args(argv)
    cores = pin_to_load_core()
    try:
        with tempfile.TemporaryDirectory(prefix="gatewayd-bench-") as folder, Children() as children:
            bench = Workbench(children, cores, Path(folder), GATEWAY)
            backend = bench.start_backend(STREAM_BYTES)
            (with_perf if options.perf else with_cprofile)(bench, options.load, options.seconds, backend)
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench/profile: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
