"""All kept answers: those in memory and, where gateways share a store, those in there; and how to have some forgotten.

What is purged is forgotten here at once, in the store at once as well (nobody takes it from there any more), and in the
memory of the other gateways within a second. While the store is away the others are not told; they are when it is back.
"""

from __future__ import annotations

from gatewayd.core.caching.invalidation import normal_prefix, normal_url
from gatewayd.core.caching.purges import LONGEST_PREFIX, purge_of_prefix, purge_of_tag, purge_of_url
from gatewayd.stores.responses.memory import MemoryResponses
from gatewayd.stores.responses.purgelog import PurgeLog
from gatewayd.stores.responses.shared import SharedResponses


class Responses:
    """`memory` has what was asked for here, `shared` what any gateway fetched; None where each keeps to itself."""

    __slots__ = ("_log", "memory", "shared")

    def __init__(self, memory: MemoryResponses, shared: SharedResponses | None = None, log: PurgeLog | None = None):
        self.memory = memory
        self.shared = shared
        self._log = log

    def start(self) -> None:
        """Begin to make room, and to hear what others purge."""
        self.memory.start()
        if self._log is not None:
            self._log.start()

    def stop(self) -> None:
        """Leave everything as it is."""
        self.memory.stop()
        if self._log is not None:
            self._log.stop()
        if self.shared is not None:
            self.shared.stop()

    def invalidate(self, url: bytes) -> None:
        """A request has changed what is at a URL, written as in a `Key`."""
        self._purge(purge_of_url(url))

    async def purge_url(self, url: bytes) -> bool:
        """Forget what is kept for an absolute URL, whoever it is kept for.

        True once every gateway knows or will within a second; False where the others could not be told for now, and
        will be when the store is back. Raises `ValueError` for what is no URL.
        """
        return await self._tell(purge_of_url(normal_url(url)))

    async def purge_prefix(self, prefix: bytes) -> bool:
        """Forget what is kept for every URL that begins with `prefix`; as `purge_url` otherwise."""
        if len(prefix) > LONGEST_PREFIX:
            raise ValueError(f"a prefix has at most {LONGEST_PREFIX} bytes")
        return await self._tell(purge_of_prefix(normal_prefix(prefix)))

    async def purge_tag(self, tag: bytes) -> bool:
        """Forget every answer that its service gave this tag; as `purge_url` otherwise."""
        return await self._tell(purge_of_tag(tag))

    def _purge(self, word: bytes) -> None:
        self.memory.purge(word)
        if self._log is not None:
            self._log.add(word)

    async def _tell(self, word: bytes) -> bool:
        self._purge(word)
        return True if self._log is None else await self._log.told(word)
