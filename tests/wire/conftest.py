"""What the black-box tests share: no reactor here, the daemon and its upstreams live in processes and threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import GatewayProcess, RecordingUpstream

from .world import world


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """Replaces the watch on this process's reactor: upstream connections outlive a test here, by design of pools.

    Sockets a test forgets are reported by the interpreter itself, as warnings that fail the run.
    """


@pytest.fixture(scope="module")
def upstream() -> Iterator[RecordingUpstream]:
    """The recording server behind this module's gateway; at the end it must have seen nothing but clean HTTP."""
    with RecordingUpstream() as server:
        yield server
        assert server.garbled == []


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream) -> Iterator[GatewayProcess]:
    """The gateway of a module, in front of its `upstream`."""
    with GatewayProcess(world(upstream)) as process:
        yield process
