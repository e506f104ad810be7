"""What the scenes share: no reactor here, gateways and Redis live in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.redis import RedisServer

pytest.register_assert_rewrite("tests.shared.world")


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """Replaces the watch on this process's reactor, which does not run here.

    Sockets a test forgets are reported by the interpreter itself, as warnings that fail the run.
    """


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that is the scene's own."""
    with RedisServer(tmp_path / "redis") as server:
        yield server
