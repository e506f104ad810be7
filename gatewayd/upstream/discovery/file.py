"""Targets from a file that something else writes: read again as it changes, kept while it is missing or broken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gatewayd.core.membership import Found
from gatewayd.upstream.discovery.findings import Findings, OnFailure, OnFound
from gatewayd.upstream.discovery.listing import Unusable
from gatewayd.upstream.filewatch import LARGEST, FileWatch, InThread, read_bytes


class FileDiscovery:
    """The targets in the file at `path`, from `start` to `stop`; see `FileWatch`.

    `parse` makes targets of its content, and raises `Unusable`. See `Findings` for `on_found` and `on_failure`.
    """

    __slots__ = ("_parse", "_watch", "findings")

    def __init__(
        self,
        path: str,
        interval: float,
        clock: IReactorTime,
        parse: Callable[[bytes], Sequence[Found]],
        on_found: OnFound,
        on_failure: OnFailure,
        in_thread: InThread[bytes],
    ) -> None:
        self._parse = parse
        self.findings = Findings(f"the file {path}", on_found, on_failure)
        self._watch = FileWatch(path, interval, clock, read_bytes, self._judge, self.findings.failed, in_thread)

    @property
    def targets(self) -> tuple[Found, ...]:
        """What was found last."""
        return self.findings.targets

    @property
    def failure(self) -> str:
        """What is wrong with the file; empty if nothing is."""
        return self.findings.failure

    def start(self) -> Deferred[None]:
        """Look at once. The Deferred fires when the file was read, or could not be; it does not fail."""
        return self._watch.start()

    def stop(self) -> None:
        """Look no more; what is being read has no effect."""
        self._watch.stop()

    def _judge(self, content: bytes) -> None:
        """The file's content is there."""
        try:
            if len(content) > LARGEST:
                raise Unusable(0, f"it is larger than {LARGEST >> 20} MiB")
            found = self._parse(content)
        except Unusable as error:
            self.findings.failed(str(error), hashlib.blake2b(content).digest())
        else:
            self.findings.found(found)
