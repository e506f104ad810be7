"""bench/limits: what limits of requests cost, by the CPU of running gateways under the same load.

Each kind of limit has a gateway of its own, and all take turns on one core. Redis is on the other, beside the load.
"""

import argparse
import json
import shlex
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure.load import measure
from bench.measure.main import LOADS, pin_to_load_core
from bench.measure.processes import BenchError, Children, free_port, turn
from bench.measure.report import render
from bench.measure.servers import Server, Workbench, check_proxy, find_program

PLENTY: dict[str, Any] = {"limit": "1000000/1s", "headers": "none"}  # as in `docs/performance.md`: nobody is told
NONE = "no limit"


@dataclass(frozen=True)
class Kind:
    """A gateway with limits, kept in Redis or by itself."""

    name: str
    limits: Mapping[str, Any]
    redis: bool = False
    bar: float | None = None
    """Microseconds that it may cost more than no limit."""


KINDS = (
    Kind(NONE, {}),
    Kind("one in memory", {"a": PLENTY}, bar=2.0),
    Kind("two", {"a": PLENTY, "b": PLENTY}, bar=4.0),
    Kind("three", {"a": PLENTY, "b": PLENTY, "c": PLENTY}, bar=6.0),
    Kind("one in memory, and clients are told", {"a": {**PLENTY, "headers": "standard"}}),
    Kind("one in Redis, exact", {"a": PLENTY}, redis=True, bar=25.0),
    Kind("one in Redis, leased", {"a": {**PLENTY, "mode": "leased"}}, redis=True, bar=5.0),
)


def gateway_command(kind: Kind, redis: str) -> str:
    """The command of a gateway of this kind, as `Workbench` takes it."""
    environment = {"BENCH_LIMITS": json.dumps(kind.limits), "BENCH_REDIS": redis if kind.redis else ""}
    words = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    return f"env {words} bench/serve limited {{port}} {{backend_port}}"


def run(rounds: int, seconds: int) -> dict[str, list[float]]:
    """CPU microseconds per request, by kind, of each round."""
    cores = pin_to_load_core()
    with tempfile.TemporaryDirectory(prefix="gatewayd-bench-") as name, Children() as children:
        folder, port = Path(name), free_port()
        argv = [find_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        redis = children.start("redis", argv, core=cores.load, log=folder / "redis.log", cwd=folder)
        redis.wait_listening(port, 10.0)
        backend = Workbench(children, cores, folder, "").start_backend(1)
        gateways: dict[str, Server] = {}
        for kind in KINDS:
            bench = Workbench(children, cores, folder, gateway_command(kind, f"127.0.0.1:{port}"))
            gateways[kind.name] = gateway = bench.start_gateway(backend.port, name=kind.name)
            check_proxy(gateway)
            measure(gateway, LOADS["small"], cores, 1)
        found: dict[str, list[float]] = {kind.name: [] for kind in KINDS}
        for _ in range(rounds):
            for kind in KINDS:
                sample = measure(gateways[kind.name], LOADS["small"], cores, seconds)
                if sample.failures:
                    raise BenchError(f"{kind.name}: {sample.failures} requests failed")
                found[kind.name].append(sample.cpu_us)
        return found


def table(found: Mapping[str, Sequence[float]]) -> str:
    """The medians and the least, what that is on top of no limit, and how far it may go.

    Whoever else uses the machine only adds to a round, and the difference of two is small: so it is that of the least.
    """
    rows = []
    for kind in KINDS:
        times = found[kind.name]
        more, bar = min(times) - min(found[NONE]), "" if kind.bar is None else f"{kind.bar:.0f}"
        rows.append((kind.name, f"{statistics.median(times):.1f}", f"{min(times):.1f}", f"{more:.1f}", bar))
    return render(("64 connections", "CPU us/request", "least", "on top", "bar"), rows, left=(0,))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table. 0 if everything was measured."""
    parser = argparse.ArgumentParser(prog="bench/limits", description="What limits of requests cost.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=int, default=2, help="how long (2)")
    options = parser.parse_args(argv)
    try:
        with turn():
            found = run(max(1, options.rounds), max(1, options.seconds))
    except (BenchError, OSError) as error:
        print(f"bench/limits: {error}", file=sys.stderr)
        return 1
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
