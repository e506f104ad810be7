"""Texts of a scrape, written between requests rather than instead of them, and shared by those who ask at once.

In the long run one text is written each `INTERVAL`, and whoever asks more often gets the last one, which is not older
than that: so a crowd of scrapers costs what one costs. `AT_ONCE` may be written before that holds: Prometheus asks
every few seconds, people ask a few times in a row, and all of them get one of their own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from gatewayd.telemetry import Metrics
from gatewayd.telemetry.collector import Format
from gatewayd.telemetry.exposition import exposition
from gatewayd.upstream.shared import Shared

INTERVAL = 1.0  # seconds
AT_ONCE = 10

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say: with the header and trailer of a gzip file


class Wanted(NamedTuple):
    """What a scraper asks for."""

    format: Format
    compressed: bool


class _Rendering:
    """One text: `began` is None until its turn comes, `text` until it is whole."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.text: bytes | None = None
        self.waiting: Shared[bytes] = Shared()


class Renderings:
    """Writes texts, one at a time: the steps of several would add up to a stall."""

    def __init__(self, metrics: Metrics, clock: IReactorTime) -> None:
        self._metrics = metrics
        self._clock = clock
        self._turn = DeferredLock()
        self._last: dict[Wanted, _Rendering] = {}
        self._due = 0.0  # when as many were written as there may be

    def get(self, wanted: Wanted, *, anew: bool) -> bytes | Deferred[bytes]:
        """A text, or what fires with one; it fails with what kept the text from being written.

        Where it is wanted `anew`, what is in it is no older than this call.
        """
        last = self._last.get(wanted)
        if last is None or (last.began is not None and (anew or self._may_be_written(last.began))):
            last = self._last[wanted] = _Rendering()
            self._due = max(self._due, self._clock.seconds()) + INTERVAL
            Deferred.fromCoroutine(self._write(wanted, last))
        return last.waiting.wait() if last.text is None else last.text

    def _may_be_written(self, last: float) -> bool:
        """Whether there may be a new text of a kind; the last one was begun at `last`."""
        now = self._clock.seconds()
        return self._due - now <= (AT_ONCE - 1) * INTERVAL or now - last >= INTERVAL

    async def _write(self, wanted: Wanted, rendering: _Rendering) -> None:
        """Write one text, with a turn of the reactor between two steps. Who asked may be gone meanwhile."""
        await self._turn.acquire()
        try:
            steps = exposition(self._metrics.collectors, wanted.format)
            parts = []
            await deferLater(self._clock, 0)  # who is told of a failure has to wait for it first
            rendering.began = self._clock.seconds()
            for step in _gzip(steps) if wanted.compressed else steps:
                parts.append(step)
                await deferLater(self._clock, 0)
            rendering.text = b"".join(parts)
        except Exception:
            if self._last.get(wanted) is rendering:
                del self._last[wanted]
            rendering.waiting.fail(Failure())
        else:
            rendering.waiting.settle(rendering.text)
        finally:
            self._turn.release()


def _gzip(steps: Iterator[bytes]) -> Iterator[bytes]:
    # Level 1: a scrape is repetitive text; the levels above gain little and take longer than rendering.
    compressor = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    for step in steps:
        yield compressor.compress(step)
    yield compressor.flush()
