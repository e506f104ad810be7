"""No reactor here: the daemons, their service and Redis live in processes and threads."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """Replaces the watch on this process's reactor, which does not run here."""
