"""What the tests of this room share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gateway that forwards everything to one service."""
    return World(tmp_path)
