"""bench/stages: where the microseconds of a request go, stage by stage, in the gateway's own functions.

Each stage is timed where it stands, within whole requests: called alone in a loop it finds the caches and the branch
predictor to itself and takes half as long. One stage is timed at a time, so that no other's timing disturbs it.
"""

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.measure.inmemory import InMemory, build
from bench.measure.load import measure
from bench.measure.main import GATEWAY, LOADS, pin_to_load_core
from bench.measure.metering import SERIES, folding_us, longest_step_ms, uncounted
from bench.measure.processes import BenchError, Children, Cores, turn
from bench.measure.report import render
from bench.measure.servers import Workbench, check_proxy
from gatewayd.core.breaker import Breaker, Permit
from gatewayd.core.forwarded import Peer
from gatewayd.http import answer, channel
from gatewayd.http.connection import UpstreamConnection
from gatewayd.http.writer import ResponseWriter
from gatewayd.pipeline import forward
from gatewayd.pipeline.application import Application
from gatewayd.upstream.pool import Pool
from gatewayd.upstream.service import Service

REQUESTS = 5000


@dataclass(frozen=True)
class Stage:
    """Functions, by owner and name, that do one part of a request; `within` names the stage that calls them."""

    name: str
    functions: tuple[tuple[Any, str], ...]
    within: str = ""


def stages(gateway: InMemory) -> tuple[Stage, ...]:
    """The parts of a request, in its order."""
    return (
        Stage("judge the request's head", ((channel, "take_request_head"),)),
        Stage("make the exchange and its id", ((gateway.channel.listener, "serve"),)),
        Stage("find the route", ((gateway.application, "locate"),)),
        Stage("ask the breakers, report to them", ((Breaker, "permit"), (Permit, "report"))),
        Stage("pick a target", ((Service, "pick"),)),
        Stage("lend a connection, take it back", ((Pool, "take"), (Pool, "release"))),
        Stage("write the request's head", ((forward, "request_head"),)),
        Stage("say who the client is", ((Peer, "lines"),), "write the request's head"),
        Stage("hand the request to the connection", ((UpstreamConnection, "send"),)),
        Stage("judge the answer's head", ((answer, "parse_response_head"),)),
        Stage("write the answer's head", ((forward, "response_head"),)),
        Stage("hand the answer to the transport", tuple((ResponseWriter, name) for name in ("begin", "write", "end"))),
        Stage("count the request", ((Application, "observe"),)),
    )


class Stopwatch:
    """Adds up the time spent in the functions it watches."""

    def __init__(self) -> None:
        self.nanoseconds = 0
        self.calls = 0

    @contextmanager
    def watching(self, owner: Any, name: str) -> Iterator[None]:
        """Put a timed function in the place of owner.name, until the block ends."""
        original, clock = getattr(owner, name), time.perf_counter_ns

        def timed(*positional: Any, **named: Any) -> Any:
            started = clock()
            result = original(*positional, **named)
            self.nanoseconds += clock() - started
            self.calls += 1
            return result

        setattr(owner, name, timed)
        try:
            yield
        finally:
            setattr(owner, name, original)


class Nothing:
    """Has a function that does nothing, to find out what timing a call costs."""

    def nothing(self) -> None:
        """Do nothing."""


def whole_us(gateway: InMemory) -> float:
    """CPU microseconds of a whole request, with the garbage collector at work as it is in a daemon."""
    return timeit.Timer(gateway.exchange, gc.enable, time.process_time).timeit(REQUESTS) / REQUESTS * 1e6


def stage_us(functions: Sequence[tuple[Any, str]], request: Callable[[], None], timing_us: float) -> float:
    """Microseconds of these functions per request; `timing_us` is what timing adds to a call."""
    watch = Stopwatch()
    with ExitStack() as watching:
        for owner, name in functions:
            watching.enter_context(watch.watching(owner, name))
        for _ in range(REQUESTS):
            request()
    return (watch.nanoseconds / 1000 - watch.calls * timing_us) / REQUESTS


def time_once(plain: InMemory, logging: InMemory) -> dict[str, float]:
    """Microseconds of every stage, of a whole request, and of one that is logged."""
    nothing = Nothing()
    timing_us = stage_us([(Nothing, "nothing")], lambda: nothing.nothing(), 0.0)
    plain.metrics.fold()
    found = {"": whole_us(plain), "folding": folding_us(plain, REQUESTS), "logged": whole_us(logging)}
    with uncounted(plain):
        found["uncounted"] = whole_us(plain)
    for stage in stages(plain):
        found[stage.name] = stage_us(stage.functions, plain.exchange, timing_us)
    for stage in stages(plain):
        if stage.within:
            found[stage.within] -= found[stage.name]
    return found


def loaded_us(cores: Cores) -> float:
    """CPU microseconds per request of the running gateway under load."""
    with tempfile.TemporaryDirectory(prefix="gatewayd-bench-") as folder, Children() as children:
        bench = Workbench(children, cores, Path(folder), GATEWAY)
        backend = bench.start_backend(1)
        gateway = bench.start_gateway(backend.port)
        check_proxy(gateway)
        measure(gateway, LOADS["small"], cores, 1)
        return statistics.median(measure(gateway, LOADS["small"], cores, 2).cpu_us for _ in range(3))


def budget(times: Sequence[dict[str, float]], names: Sequence[str], loaded: float | None) -> str:
    """The stages, what is left of a whole request, and what of the running gateway's time is not its own code's."""
    found = {name: statistics.median(one[name] for one in times) for name in times[0]}
    whole = found[""]
    rows = [(name, f"{found[name]:.2f}") for name in names]
    rows.append(("all else: channel, coroutine, connection", f"{whole - sum(found[name] for name in names):.2f}"))
    rows.append(("= a request in memory", f"{whole:.2f}"))
    if loaded is not None:
        rows.append(("uvloop's transports and the kernel's sockets", f"{loaded - whole:.2f}"))
        rows.append(("= the running gateway under load", f"{loaded:.2f}"))
    rows.append(
        ("of it: all metrics, and sorting what they kept", f"{whole - found['uncounted'] + found['folding']:.2f}")
    )
    rows.append(("besides, where it is on: the access log", f"{found['logged'] - whole:.2f}"))
    return render(("stage", "CPU us/request"), rows, left=(0,))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the budget. 0 if everything was measured."""
    parser = argparse.ArgumentParser(prog="bench/stages", description="Where the microseconds of a request go.")
    parser.add_argument("--repeats", type=int, default=7, help="how often each stage is timed (7)")
    parser.add_argument(
        "--no-load", action="store_true", help="without the running gateway: needs neither wrk nor nginx"
    )
    options = parser.parse_args(argv)
    cores = pin_to_load_core()
    loaded, problem = None, None
    with turn():
        if not options.no_load:
            try:
                loaded = loaded_us(cores)
            except (BenchError, OSError) as error:
                problem = f"bench/stages: the running gateway was not measured: {error}"
        os.sched_setaffinity(0, {cores.subject})
        plain, logging = build(), build(_encode)
        times = [time_once(plain, logging) for _ in range(max(1, options.repeats))]
    print(budget(times, [stage.name for stage in stages(plain)], loaded))
    print(f"\nthe longest step of a scrape of {SERIES:,} series: {longest_step_ms():.2f} ms")
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


def _encode(record: dict[str, object]) -> None:
    """What the access log does with a record, but for writing it."""
    orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    sys.exit(main())
