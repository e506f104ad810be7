"""What scraping costs those who are served meanwhile."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.measure.load import Case, Sample, measure, send
from bench.measure.processes import BenchError, Cores, turn
from bench.measure.rounds import QUIET_SHARE, WARM_UP_S, Comparison
from bench.measure.servers import Server

PER_SECOND = 100
ROUTES = 75  # of one method, with 42 samples each: with what else there is, some 3,500
SCRAPE = Case("scrape", "", path="/metrics", rate=PER_SECOND, connections=1, fields=("Accept-Encoding: gzip",))


@contextmanager
def scraping(server: Server, seconds: int) -> Iterator[None]:
    """Have a gateway scraped on one connection while the block lasts, which is so many seconds at most.

    It is wrk that scrapes, since it shares its core with the load and does least. BenchError if scrapes failed.
    """
    results: list[dict[str, float] | BenchError] = []

    def scrape() -> None:
        try:
            results.append(send(server, SCRAPE, seconds))
        except BenchError as error:
            results.append(error)

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    (result,) = results
    if isinstance(result, BenchError):
        raise result
    if result["errors"] + result["refused"] or result["requests"] < PER_SECOND * seconds / 4:
        raise BenchError(f"{server.name} was scraped {result}")


def compare_scraped(
    case: Case, server: Server, cores: Cores, rounds: int, seconds: int, note: Callable[[str], None]
) -> Comparison:
    """The same gateway under the same load, scraped and left alone in turns; as `rounds.compare` does it."""
    metrics = Server(server.child, _metrics_port(server))
    names = (f"{PER_SECOND} scrapes/s", "no scrapes")
    with turn():
        send(server, case, WARM_UP_S if seconds > 1 else 1)
    made: list[tuple[float, int, list[Sample]]] = []
    while len(made) < 2 * rounds and sum(foreign <= QUIET_SHARE for foreign, _, _ in made) < rounds:
        with turn():
            with scraping(metrics, seconds + 1):
                scraped = measure(server, case, cores, seconds)
            pair = [scraped, measure(server, case, cores, seconds)]
        made.append((max(sample.foreign_share for sample in pair), len(made), pair))
        figures = ", ".join(f"{name}: p99 {sample.p99_ms:.2f} ms" for name, sample in zip(names, pair, strict=True))
        note(f"{case.title}, round {len(made)}: {figures}, others {made[-1][0]:.0%}")
    quietest = sorted(sorted(made, key=lambda one: one[:2])[:rounds], key=lambda one: one[1])
    return Comparison(case, names, {name: [pair[i] for _, _, pair in quietest] for i, name in enumerate(names)})


def _metrics_port(server: Server) -> int:
    """Where the gateway is scraped, as its log says."""
    found = re.search(r"metrics on 127\.0\.0\.1:(\d+)", server.child.log.read_text(errors="replace"))
    if found is None:
        raise BenchError(f"{server.name} does not say where its metrics are\n{server.child.log_tail()}")
    return int(found.group(1))
