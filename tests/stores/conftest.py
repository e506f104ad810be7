"""The stores that share one contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores.places import NAMES, Place, opened


@pytest.fixture(scope="session", params=NAMES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One of all places, for every test of the contract in turn."""
    with opened(request.param, tmp_path_factory.mktemp(request.param)) as place:
        yield place
