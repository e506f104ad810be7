"""What the attacks share: no reactor here, the daemon and its service live in a process and in threads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness import GatewayProcess, RecordingUpstream
from tests.harness.gateway import ROOT

from .policies import GATE
from .world import world


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """Replaces the watch on this process's reactor, which does not run here.

    Sockets a test forgets are reported by the interpreter itself, as warnings that fail the run.
    """


@pytest.fixture(scope="module")
def upstream() -> Iterator[RecordingUpstream]:
    """The service behind all routes; at the end it must have seen nothing but clean HTTP."""
    with RecordingUpstream() as server:
        yield server
        assert server.garbled == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's gateway has its keys and its access log."""
    return tmp_path_factory.mktemp("identity")


@pytest.fixture(scope="module")
def gate() -> Iterator[int]:
    """The port of a server that takes connections and says nothing on them until the module is over."""
    with ExitStack() as held, socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
        server.setblocking(False)
        while True:
            try:
                held.enter_context(server.accept()[0])
            except BlockingIOError:
                break


@pytest.fixture(scope="module")
def gateway(upstream: RecordingUpstream, folder: Path, gate: int) -> Iterator[GatewayProcess]:
    """The gateway of a module; that its policies have bugs is part of the game, and only that may be in its log."""
    environment = {GATE: str(gate), "PYTHONPATH": str(ROOT)}
    with GatewayProcess(world(upstream, folder), environment=environment, expect_trouble=True) as process:
        yield process
