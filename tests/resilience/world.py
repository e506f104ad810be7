"""Gateways in front of services that fail, and what is seen of them from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from tests.harness import Client, GatewayProcess, RecordingUpstream, Response
from tests.wire.world import get, route


def world(services: Mapping[str, Any], routes: Iterable[dict[str, Any]] = (), **sections: Any) -> dict[str, Any]:
    """A configuration in which `/NAME/**` leads to the service of that name, beside further `routes`."""
    own = list(routes)
    named = {one["name"] for one in own}
    ways = [route(name, f"/{name}/**", name) for name in services if name not in named]
    return {"gateway": {"drain_timeout": "1s"}, "services": dict(services), "routes": [*ways, *own], **sections}


def service(*targets: RecordingUpstream | str, **sections: Any) -> dict[str, Any]:
    """A service with these targets, which is asked once for each request and never left alone, unless `sections` say.

    Without targets, they are found by the section `discovery`.
    """
    section: dict[str, Any] = {"breaker": {"mode": "off"}, "retries": {"attempts": 0}, **sections}
    if targets:
        section["targets"] = [one if isinstance(one, str) else one.url for one in targets]
    return section


def ask(gateway: GatewayProcess, path: bytes, *lines: bytes, method: bytes = b"GET", body: bytes = b"") -> Response:
    """The answer to one request, on a connection of its own."""
    with Client(gateway.address) as client:
        return client.ask(get(path, *lines, method=method, body=body), method)


def verdict(response: Response) -> tuple[int, bytes | None]:
    """The status, and why the gateway says it if it does."""
    return response.status, response.get(b"x-gateway-reason")


def ask_until(gateway: GatewayProcess, path: bytes, wanted: Callable[[], bool], most: int = 20_000) -> list[Response]:
    """Asks one request after the other until `wanted` holds after one; all answers."""
    answers: list[Response] = []
    with Client(gateway.address) as client:
        while not (answers and wanted()):
            assert len(answers) < most, f"nothing came of {most} requests; last {verdict(answers[-1])}"
            answers.append(client.ask(get(path)))
    return answers


@contextmanager
def load(gateway: GatewayProcess, path: bytes, clients: int = 2) -> Iterator[list[int]]:
    """Asks for `path` without a pause, from so many connections; the statuses, which are all there at the end."""
    statuses: list[int] = []
    enough = Event()

    def keep_asking() -> None:
        with Client(gateway.address) as client:
            while not enough.is_set():
                statuses.append(client.ask(get(path)).status)

    threads = [Thread(target=keep_asking) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        enough.set()
        for thread in threads:
            thread.join()


@dataclass(frozen=True, slots=True)
class BreakerRows:
    """What `/metrics` says of a service's circuit breaker."""

    state: int
    successes: int
    failures: int
    timeouts: int
    rejects: int


def breaker(gateway: GatewayProcess, name: str) -> BreakerRows:
    """The rows of the service `name`."""
    state, *totals = (
        int(gateway.metric(f"circuit_breaker_{row}", service=name))
        for row in ("state", "successes_total", "failures_total", "timeouts_total", "rejects_total")
    )
    return BreakerRows(state, *totals)


def transitions(gateway: GatewayProcess, name: str) -> dict[tuple[str, str], int]:
    """The changes of state of the service `name` that took place: from, to, and how often."""
    return {
        (sample.labels["from_state"], sample.labels["to_state"]): int(sample.value)
        for sample in gateway.samples("circuit_breaker_transitions_total", service=name)
        if sample.value
    }


def targets(gateway: GatewayProcess, name: str) -> tuple[int, int, int]:
    """How many targets of the service `name` are healthy, unhealthy and draining."""
    states = {one.labels["state"]: int(one.value) for one in gateway.samples("downstream_targets", service=name)}
    return states["healthy"], states["unhealthy"], states["draining"]


def readiness(gateway: GatewayProcess) -> tuple[int, dict[str, str]]:
    """The status of `/readyz`, and the checks that do not hold with what is wrong."""
    with Client(gateway.metrics_address) as client:
        answer = client.ask(b"GET /readyz HTTP/1.1\r\nHost: metrics\r\nConnection: close\r\n\r\n")
    return answer.status, {one["name"]: one["reason"] for one in json.loads(answer.body)["checks"] if not one["ok"]}


def logged(gateway: GatewayProcess, beginning: str) -> int:
    """How many lines of the log begin like that so far."""
    return sum(message.startswith(beginning) for message in gateway.messages)
