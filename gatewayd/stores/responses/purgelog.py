"""What gateways that share a store tell each other to forget, and what each of them has heard of it.

Every gateway looks into the list twice a second, and at once when it has something to put into it. What it could not
tell it tells when the store is back; what it has told within the last minute it tells again, since a store that was
away may have lost it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from itertools import takewhile

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from gatewayd.core.caching.purges import EVERYTHING
from gatewayd.log import Log, events
from gatewayd.stores.interface import Store, Unavailable
from gatewayd.stores.responses.bans import Bans
from gatewayd.stores.responses.purgescript import MARKER, SCRIPT, Heard, arguments, heard

LIST = b"cache:purges"  # the key
EVERY = 0.5  # seconds from one look to the next
GATHER = 0.02  # seconds until what is to be told is: there may be more of it
DEAF = 2.0  # seconds after which what is in the store is not trusted, if nothing was heard
AGAIN = 60.0  # seconds for which what was told is told again after a failure
MOST = 100_000  # words in the list; with each gateway some 20 MB at the most
MOST_OWN = 20_000  # words that a gateway has to tell: beyond that it has everything forgotten
_PAGE = 1000  # words heard at once
_AT_ONCE = 500  # words told at once
_PENDING = 1 << 62  # the number of a word that has none yet: higher than all others

_log = Log("gatewayd.stores.cache")


class PurgeLog:
    """Hears and tells, from `start` to `stop`.

    `on_purge` is given each word that another gateway tells, and `on_loss` is called where some may have been missed.
    `keep` is for how many seconds a value of the store may be there: nobody needs an older word. `on_failure` counts
    what could not be told.
    """

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        keep: float,
        on_purge: Callable[[bytes], object],
        on_loss: Callable[[], object],
        on_failure: Callable[[], object],
    ) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._on_purge = on_purge
        self._on_loss = on_loss
        self._on_failure = on_failure
        self._bans = Bans()
        self._marker = b""
        self._known = 0
        self._whole = False  # whether all was heard that there is
        self._heard_at: float | None = None
        self._own: dict[bytes, float] = {}  # words of ours that may have to be told again, and since when they are
        self._unsent: dict[bytes, None] = {}
        self._sent: dict[bytes, None] = {}  # without an answer
        self._told: dict[bytes, list[Deferred[bool]]] = {}  # who waits for a word to be told
        self._untold = False  # whether there is a word that was never tried to be told
        self._asking = False
        self._running = False
        self._complained = False
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begin."""
        self._running = True
        self._again(0.0)

    def stop(self) -> None:
        """Hear and tell no more."""
        self._running = False
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._settle(list(self._told), False)

    # For those who keep answers.

    @property
    def current(self) -> bool:
        """Whether it is known what has been purged, up to `DEAF` seconds ago."""
        return self._whole and self._heard_at is not None and self._clock.seconds() - self._heard_at <= DEAF

    def mark(self) -> int:
        """The number up to which purges are known: to be noted before an answer is asked for, and kept with it."""
        return self._known

    def forget(self, url: bytes, tags: tuple[bytes, ...], mark: int) -> bool:
        """Whether an answer of the store with this URL, these tags and this mark is to be forgotten."""
        return self._bans.forget(url, tags, mark)

    def add(self, word: bytes) -> None:
        """Tell the others to forget what a word is about."""
        now = self._clock.seconds()
        if len(self._own) >= MOST_OWN and word not in self._own:
            for other in self._unsent:
                self._bans.note(other, self._known)
            self._own, self._unsent = {}, {}
            word = EVERYTHING
        self._own.pop(word, None)
        self._own[word] = now
        self._unsent[word] = None
        self._bans.note(word, _PENDING)
        self._untold = True
        if self._call is not None and self._call.getTime() > now + GATHER:
            self._call.reset(GATHER)

    def told(self, word: bytes) -> Deferred[bool]:
        """Fires once a word that was added is told, with True; or is not for now, with False."""
        if self._asking or (self._running and self._store.up):
            waiting: Deferred[bool] = Deferred()
            self._told.setdefault(word if word in self._unsent else EVERYTHING, []).append(waiting)
            return waiting
        return succeed(False)

    # The exchange with the store.

    def _again(self, delay: float) -> None:
        """Look in `delay` seconds, and not before."""
        if self._call is not None:
            self._call.cancel()
        self._call = self._clock.callLater(delay, self._look)

    def _look(self) -> None:
        self._call = None
        if not self._store.up:
            self._away()
            return
        words = list(self._unsent)[:_AT_ONCE]
        for word in words:
            del self._unsent[word]
        self._sent = dict.fromkeys(words)
        self._asking, self._untold = True, False
        made = MARKER + secrets.token_hex(8).encode()
        asking = self._store.run(SCRIPT, LIST, *arguments(self._known, made, _PAGE, self._keep, MOST, words))
        asking.addCallback(heard, _PAGE)
        asking.addCallbacks(self._heard, self._failed)
        asking.addErrback(self._broken)

    def _heard(self, said: Heard) -> None:
        self._asking = False
        now, before = self._clock.seconds(), self._heard_at
        sent, self._sent = self._sent, {}
        other = said.marker != self._marker or said.last < self._known  # it is new, or has lost its end
        overtaken = not other and said.floor > self._known  # what came after the last look is gone already
        if self._known and (other or overtaken):
            if overtaken or before is None or now - before > AGAIN:
                self._on_loss()
            self._bans = Bans()
            self._known, self._whole = 0, False
            self._unsent = {**dict.fromkeys(word for word in self._own if word not in sent), **self._unsent}
            self._pend(self._unsent)
        else:
            self._take(said, sent)
        self._marker, self._heard_at, self._complained = said.marker, now, False
        self._settle(sent, True)
        for word in list(takewhile(lambda word: self._own[word] < now - AGAIN, self._own)):
            if word not in self._unsent:
                del self._own[word]
        if self._running:
            self._again(0.0 if not self._whole else GATHER if self._unsent else EVERY)

    def _take(self, said: Heard, sent: dict[bytes, None]) -> None:
        """Note what is new."""
        bans = self._bans
        for word, number in said.news:
            bans.note(word, number)
            self._on_purge(word)
        for number, word in enumerate(sent, said.own):
            bans.note(word, number)
        last = said.own + len(sent) - 1 if sent else said.last
        self._whole = said.whole
        self._known = last if said.whole else said.news[-1][1]
        bans.retire(said.floor)
        bans.last = last  # and not that of what was pending
        self._pend(self._unsent)

    def _pend(self, words: Iterable[bytes]) -> None:
        """These are in force, and have no number yet."""
        for word in words:
            self._bans.note(word, _PENDING)

    def _failed(self, failure: Failure) -> None:
        failure.trap(Unavailable, ValueError)
        self._asking = False
        if not failure.check(Unavailable) and not self._complained:
            self._complained = True
            _log(events.CACHE_PURGES_UNREADABLE, why=failure.getErrorMessage())
        self._away()

    def _broken(self, failure: Failure) -> None:
        """A bug of ours: it must not end the looking."""
        _log.failure(events.CACHE_ERROR, failure)
        self._asking = False
        self._away()

    def _away(self) -> None:
        """Nothing was heard, and nobody can say what was told."""
        if self._sent or self._untold:
            self._on_failure()
        self._untold = False
        self._unsent = {**dict.fromkeys(self._own), **self._sent, **self._unsent}
        self._sent = {}
        self._pend(self._unsent)
        self._settle(list(self._told), False)
        if self._running:
            self._again(EVERY)

    def _settle(self, words: Iterable[bytes], done: bool) -> None:
        """Tell those who wait for these words, unless one of them is to be told once more."""
        for word in list(words):
            if done and word in self._unsent:
                continue
            for waiting in self._told.pop(word, ()):
                waiting.callback(done)
