"""From the sections `tls` to contexts that are spoken by, made anew when their files change."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from gatewayd.core.tls.certificates import BadPair, Facts, judge_pair
from gatewayd.http.tls.contexts import NoTls
from gatewayd.log import Log, events
from gatewayd.upstream.filewatch import FileWatch, read_bytes

_INTERVAL = 2.0  # seconds between two looks at a file
_SETTLING = 1.0  # seconds from a change until files are read: a key is written just before or after its certificate
_log = Log("gatewayd.tls")


@dataclass(frozen=True, slots=True)
class Made:
    """A context, and when the certificates in it expire, by name."""

    context: ssl.SSLContext
    ends: Mapping[str, float]


class KeptContext:
    """The context of one section `tls`, from `start` to `stop` made anew whenever one of its `paths` changes.

    `make` makes it, in a thread but for the first time, and raises `NoTls`; then `context` stays what it was.
    `on_made` is told of each new one. `name` is what the log calls it. Raises `NoTls`.
    """

    def __init__(
        self, name: str, paths: Iterable[str], make: Callable[[], Made], on_made: Callable[[], object], reactor: Any
    ) -> None:
        self._name = name
        self._paths = tuple(dict.fromkeys(paths))
        self._make = make
        self._on_made = on_made
        self._reactor = reactor
        self._watches = [self._watch(path) for path in self._paths]
        self._digest = _digest(self._paths)
        self._settling: IDelayedCall | None = None
        self._running = False
        self._failure = ""
        self._take(make())

    def _take(self, made: Made) -> None:
        self.context = made.context
        self.ends = made.ends

    def start(self) -> None:
        """Begin to watch."""
        self._running = True
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """Watch no more."""
        self._running = False
        for watch in self._watches:
            watch.stop()
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    def reread(self) -> Deferred[bool]:
        """Read the files now, if they are others; fires with whether what they hold is in use."""
        digest = _digest(self._paths)
        if digest == self._digest:
            self._settled()
            return succeed(not self._failure)
        making: Deferred[Any] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._make)
        making.addCallbacks(self._made, self._failed, callbackArgs=(digest,))
        making.addErrback(lambda failure: _log.failure(events.INTERNAL_ERROR, failure, what="new certificates"))
        return making.addCallback(bool)

    def _watch(self, path: str) -> FileWatch[bytes]:
        reactor = self._reactor
        return FileWatch(
            path,
            _INTERVAL,
            reactor,
            read_bytes,
            self._changed,
            self._unreadable,
            lambda function, path: deferToThreadPool(reactor, reactor.getThreadPool(), function, path),
        )

    def _changed(self, _: bytes) -> None:
        """A file was read; whether it holds anything else is found out once all of them are at rest."""
        if self._settling is None:
            self._settling = self._reactor.callLater(_SETTLING, self._rest)
        else:
            self._settling.reset(_SETTLING)

    def _rest(self) -> None:
        self._settling = None
        self.reread()

    def _unreadable(self, why: str) -> None:
        """A file is gone, or cannot be read: that is no reason to do anything but say so."""
        self._complain(f"a file cannot be read ({why})")

    def _made(self, made: Made, digest: bytes) -> bool:
        if not self._running:
            return False
        self._digest = digest
        self._settled()
        self._take(made)
        _log(events.CERTIFICATES_CHANGED, whose=self._name)
        self._on_made()
        return True

    def _failed(self, failure: Failure) -> bool:
        failure.trap(NoTls)
        if self._running:
            self._complain(str(failure.value))
        return False

    def _complain(self, why: str) -> None:
        """The files are no good; told once."""
        if why != self._failure:
            self._failure = why
            _log(events.CERTIFICATES_BAD, whose=self._name, why=why)

    def _settled(self) -> None:
        """The files are good."""
        if self._failure:
            self._failure = ""
            _log(events.CERTIFICATES_GOOD, whose=self._name)


def _digest(paths: Iterable[str]) -> bytes:
    """What tells whether one of the files is another; a file that cannot be read counts as empty."""
    digest = blake2b()
    for path in paths:
        try:
            content = Path(path).read_bytes()
        except OSError:
            content = b""
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.digest()


def facts_of_pair(cert_file: str, key_file: str) -> Facts:
    """What the certificate in a file says, if the key in the other one is its own. Raises `NoTls`."""
    contents = []
    for path in (cert_file, key_file):
        try:
            contents.append(Path(path).read_bytes())
        except OSError as error:
            raise NoTls(f"{path}: {(error.strerror or str(error)).lower()}") from None
    try:
        return judge_pair(*contents)
    except BadPair as bad:
        raise NoTls(f"{cert_file if bad.part == 'certificate' else key_file}: {bad}") from None


def reread_all(kept: Iterable[KeptContext]) -> Deferred[bool]:
    """Have all of them read their files now; fires with whether all of those are good."""
    rereading: Deferred[Any] = DeferredList([one.reread() for one in kept])
    return rereading.addCallback(lambda results: all(good for _, good in results))
