"""What the scenes share: no reactor here, the daemon and its services live in processes and threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import RecordingUpstream


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """Replaces the watch on this process's reactor, which does not run here.

    Sockets a test forgets are reported by the interpreter itself, as warnings that fail the run.
    """


@pytest.fixture(scope="module")
def upstream() -> Iterator[RecordingUpstream]:
    """The service that most routes of a module lead to."""
    with RecordingUpstream() as server:
        yield server
        assert server.garbled == []


@pytest.fixture(scope="module")
def other() -> Iterator[RecordingUpstream]:
    """A second one."""
    with RecordingUpstream() as server:
        yield server
        assert server.garbled == []
