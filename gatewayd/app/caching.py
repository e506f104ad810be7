"""Where answers are kept, from the sections `cache` and `redis`."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from gatewayd.config import Config
from gatewayd.pipeline.kept import CacheCounters, Keeping
from gatewayd.stores.interface import Store
from gatewayd.stores.responses.memory import MemoryResponses
from gatewayd.stores.responses.purgelog import PurgeLog
from gatewayd.stores.responses.shared import LONGEST, SharedResponses
from gatewayd.stores.responses.tiers import Responses


def build_keeping(
    config: Config,
    store: Store | None,
    noted: frozenset[bytes],
    counters: CacheCounters,
    clock: IReactorTime,
    wall: Callable[[], float],
) -> Keeping | None:
    """Where answers are kept, not yet started; None where no route keeps any. `noted` as in `FieldTable`."""
    if all(route.cache is None for route in config.routes):
        return None
    memory = MemoryResponses(clock, wall, config.cache.memory)
    if store is None or not config.cache.redis:
        return Keeping(Responses(memory), wall, counters)
    log = PurgeLog(
        store, clock, LONGEST, memory.purge, memory.clear, lambda: counters.cache_error("response", "delete")
    )
    shared = SharedResponses(store, log, config.cache.redis_most, noted, counters, clock, wall)
    return Keeping(Responses(memory, shared, log), wall, counters)
