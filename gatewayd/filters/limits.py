"""What filters ask of whoever keeps limits, and what they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

from gatewayd.core.gcra import Verdict
from gatewayd.core.ratelimits import Rule


class Book(Protocol):
    """What one rule has on each of its keys."""

    @property
    def rule(self) -> Rule:
        """The rule."""

    def lines(self, verdict: Verdict) -> bytes:
        """The field lines by which a client is told of a verdict."""


Ask: TypeAlias = "tuple[Book, bytes, int]"
"""Where, for which key, and how many permits."""


class Judgement(NamedTuple):
    """What becomes of a request: `refused` is empty if it passes.

    `book` and `verdict` are of the limit that is nearest to being reached, or that was; None where no limit said
    anything.
    """

    refused: Literal["", "limited", "unavailable"] = ""
    book: Book | None = None
    verdict: Verdict | None = None

    @property
    def lines(self) -> bytes:
        """The field lines that tell the client."""
        return b"" if self.book is None or self.verdict is None else self.book.lines(self.verdict)


class Flights:
    """How many requests of each key are being answered, here."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}

    def __len__(self) -> int:
        """How many keys have any: never more than there are requests."""
        return len(self._counts)

    def enter(self, key: bytes, most: int) -> bool:
        """Count one more, unless there are `most` already; each True needs one `leave`."""
        count = self._counts.get(key, 0)
        if count >= most:
            return False
        self._counts[key] = count + 1
        return True

    def leave(self, key: bytes) -> None:
        """A request was answered."""
        left = self._counts[key] - 1
        if left:
            self._counts[key] = left
        else:
            del self._counts[key]


class Limiter(Protocol):
    """Keeps limits, here or together with other gateways."""

    def book(self, rule: Rule, *, ample: bool = True) -> Book | None:
        """The book of a rule, the same each time; None if there are too many that are not `ample`.

        That is for rules whose numbers callers bring with them.
        """

    def flights(self, policy: str) -> Flights:
        """The requests that are being answered under a policy."""

    def check(self, asks: Sequence[Ask]) -> Judgement | Awaitable[Judgement]:
        """Take permits for a request from every book, or from none; an Awaitable where others must be asked."""


class Ledger(Protocol):
    """What is counted: decisions as attributes, since most requests count some."""

    allowed: int
    denied: int
    shadow: int
    fail_open: int
    fail_closed: int

    def exceeded(self, endpoint: str, tenant: str) -> None:
        """A request was refused; `tenant` is empty if its caller has none, or is not known."""
