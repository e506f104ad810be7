"""What the scenes share: no reactor here, the daemon and its services live in processes and threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import RecordingUpstream
from tests.harness.certificates import Authority


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """Replaces the watch on this process's reactor, which does not run here."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[RecordingUpstream]:
    """The service that most routes of a module lead to."""
    with RecordingUpstream() as server:
        yield server
        assert server.garbled == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of certificates are."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    """Whom both sides trust."""
    return Authority(folder)
