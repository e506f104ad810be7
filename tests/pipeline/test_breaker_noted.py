"""How calls failed, as the breaker's line in the log will say when it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.test_breaker import CONFIG
from tests.pipeline.world import World, get, ok


@pytest.mark.parametrize(
    ("status", "noted"),
    [(b"200 OK", ""), (b"404 Not Found", ""), (b"503 Busy", "status 503"), (None, "upstream-reset")],
)
def test_how_a_call_failed(status: bytes | None, noted: str, tmp_path: Path) -> None:
    """The status where it counts as a failure, or the reason where no answer came; empty if it did not fail."""
    world = World(tmp_path, CONFIG, draw=0.0)
    _, service = world.ask(get())
    if status is None:
        service.reset()
    else:
        service.send(ok(status=status))
    assert world.breaker().last_failure == noted


def test_what_is_no_failure_is_not_the_last_one(tmp_path: Path) -> None:
    """An answer between a failure and the opening changes nothing about how the failure went."""
    world = World(tmp_path, CONFIG, draw=0.0)
    for status in (b"503 Busy", b"404 Not Found"):
        client, service = world.ask(get())
        service.send(ok(status=status))
        client.take()
    assert world.breaker().last_failure == "status 503"
