"""Takes permits for requests, from every limit that one has or from none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gatewayd.core.gcra import Verdict
from gatewayd.core.ratelimits import Rule
from gatewayd.filters.limits import Ask, Flights, Judgement, Ledger
from gatewayd.stores.interface import Store
from gatewayd.stores.limits.exact import FAILED, PASSED, ExactBook
from gatewayd.stores.limits.leased import LeasedBook
from gatewayd.stores.limits.local import LocalBook
from gatewayd.stores.limits.script import StoreClock
from gatewayd.stores.limits.table import Room
from gatewayd.stores.sweep import BEAT, Sweep

MOST_KEYS = 1_000_000
MOST_BOOKS = 1000  # of rules whose numbers callers bring with them
SHARDS, FEW_SHARDS = 1024, 16  # about a thousand keys in each when there is no room for more
ROUND = 60.0  # seconds in which everything is looked at once for being over, or in little more


class Limiter:
    """Keeps limits in `store` or, without one, in this process, of up to `most` keys. See `gatewayd.filters.limits`.

    `clock` only moves forward, `wall_clock` is in seconds since 1970. From `start` to `stop` the room of keys that have
    not asked for long becomes free.
    """

    def __init__(
        self,
        store: Store | None,
        ledger: Ledger,
        clock: IReactorTime,
        now: Callable[[], float],
        wall_clock: Callable[[], float],
        most: int = MOST_KEYS,
    ) -> None:
        self._store = store
        self._store_clock = StoreClock(0.0 if store is None else store.patience)
        self._ledger = ledger
        self._now = now
        self._wall_clock = wall_clock
        self._books: dict[Rule, LocalBook] = {}
        self._few = 0  # of them, not ample
        self._flights: dict[str, Flights] = {}
        self._hand = 0
        self._sweep = Sweep(clock, now, self._some)
        self.room = Room(most)

    def start(self) -> None:
        """Begin to sweep."""
        self._sweep.start()

    def stop(self) -> None:
        """Sweep no more."""
        self._sweep.stop()

    def book(self, rule: Rule, *, ample: bool = True) -> LocalBook | None:
        """See `gatewayd.filters.limits.Limiter`."""
        book = self._books.get(rule)
        if book is None:
            if not ample:
                if self._few >= MOST_BOOKS:
                    return None
                self._few += 1
            book = self._books[rule] = self._new(rule, SHARDS if ample else FEW_SHARDS)
        return book

    def _new(self, rule: Rule, shards: int) -> LocalBook:
        if self._store is None:
            return LocalBook(rule, self.room, shards, self._wall_clock)
        if rule.policy.mode == "leased" and rule.rate is not None:
            return LeasedBook(rule, self.room, shards, self._wall_clock, self._store, self._store_clock, self._now)
        return ExactBook(rule, self.room, shards, self._wall_clock, self._store, self._store_clock)

    def flights(self, policy: str) -> Flights:
        """See `gatewayd.filters.limits.Limiter`."""
        return self._flights.setdefault(policy, Flights())

    def check(self, asks: Sequence[Ask]) -> Judgement | Awaitable[Judgement]:
        """See `gatewayd.filters.limits.Limiter`.

        Limits are asked in their order, and those behind one that denies at once are not asked at all. What a request
        took before another limit refused it is given back: refused requests take nothing.
        """
        now = self._now()
        if len(asks) == 1:
            book, key, cost = asks[0]
            verdict = book.charge(key, cost, now)  # type: ignore[attr-defined]  # every book here is one of ours
            if type(verdict) is Verdict and verdict.allowed and verdict is not PASSED:
                self._ledger.allowed += 1
                return Judgement("", book, verdict)
            waits = type(verdict) is not Verdict
            return self._wait(asks, [verdict]) if waits else self._judge(asks, [verdict], now)
        verdicts: list[Verdict | Deferred[Verdict]] = []
        waits = False
        for book, key, cost in asks:
            verdict = book.charge(key, cost, now)  # type: ignore[attr-defined]
            verdicts.append(verdict)
            if type(verdict) is not Verdict:
                waits = True
            elif not verdict.allowed and book.rule.policy.enforce:
                break
        return self._wait(asks, verdicts) if waits else self._judge(asks, verdicts, now)  # type: ignore[arg-type]

    async def _wait(self, asks: Sequence[Ask], verdicts: list[Verdict | Deferred[Verdict]]) -> Judgement:
        """Those that the store decides come together."""
        decided = [verdict if isinstance(verdict, Verdict) else await verdict for verdict in verdicts]
        return self._judge(asks, decided, self._now())

    def _judge(self, asks: Sequence[Ask], verdicts: Sequence[Verdict], now: float) -> Judgement:
        """What all verdicts together mean."""
        ledger = self._ledger
        tightest: Judgement | None = None
        refused: Judgement | None = None
        for (book, _, _), verdict in zip(asks, verdicts, strict=False):
            if verdict is PASSED:
                ledger.fail_open += 1
            elif verdict.allowed:
                ledger.allowed += 1
                told = book.rule.policy.headers != "none"
                if told and (tightest is None or verdict.remaining < tightest.verdict.remaining):  # type: ignore[union-attr]
                    tightest = Judgement("", book, verdict)
            elif not book.rule.policy.enforce:
                ledger.shadow += 1
            elif verdict is FAILED:
                ledger.fail_closed += 1
                refused = refused or Judgement("unavailable")
            else:
                ledger.denied += 1
                if refused is None or refused.verdict is None or refused.verdict.retry_after < verdict.retry_after:
                    refused = Judgement("limited", book, verdict)
        if refused is None:
            return tightest or Judgement()
        if len(asks) > 1:
            for (book, key, cost), verdict in zip(asks, verdicts, strict=False):
                if verdict.allowed and verdict is not PASSED:
                    book.refund(key, cost, now)  # type: ignore[attr-defined]
        return refused

    # For operators.

    async def look(self, policy: str, key: bytes) -> list[tuple[Rule, Verdict]]:
        """How `key` stands under each rule of a policy that knows it. Raises `Unavailable`.

        The parts of a key are joined by `gatewayd.core.limitkeys.SEPARATOR`.
        """
        now = self._now()
        found: list[tuple[Rule, Verdict]] = []
        for book in self._of(policy):
            verdict = book.look(key, now) if not isinstance(book, ExactBook) else await book.look_elsewhere(key, now)
            if verdict is not None:
                found.append((book.rule, verdict))
        return found

    async def reset(self, policy: str, key: bytes) -> bool:
        """Let `key` begin anew under every rule of a policy; False if nothing was known of it. Raises `Unavailable`.

        Permits that other gateways have leased stay with them.
        """
        found = False
        for book in self._of(policy):
            here = book.forget(key)
            there = await book.forget_elsewhere(key) if isinstance(book, ExactBook) else False
            found = found or here or there
        return found

    def _of(self, policy: str) -> list[LocalBook]:
        return [book for rule, book in self._books.items() if rule.policy.name == policy]

    def _some(self) -> Iterator[None]:
        """Look at some shards of every book."""
        now = self._now()
        steps = int(ROUND / BEAT)
        self._hand = hand = (self._hand + 1) % steps
        for book in list(self._books.values()):
            shards = len(book.table.shards)
            for index in range(hand * shards // steps, (hand + 1) * shards // steps):
                yield from book.sweep(index, now)
                yield
