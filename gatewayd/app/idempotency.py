"""Where the keys of requests are kept that are carried out once: with the Redis that gateways share, or here."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from gatewayd.config import Config
from gatewayd.http.fieldtable import FieldTable
from gatewayd.pipeline.idempotency import Memory
from gatewayd.stores.idempotency import Keys
from gatewayd.stores.interface import Store


def build_memory(
    config: Config, store: Store | None, answers: FieldTable, clock: IReactorTime, now: Callable[[], float]
) -> Memory | None:
    """The memory of all routes, to be started; None where none needs it. `answers` judges the fields of answers."""
    if all(route.idempotency is None for route in config.routes):
        return None
    return Memory(Keys(store, clock, now, config.idempotency.memory), answers)
