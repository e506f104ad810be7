"""Made-up values that are always the same for the same record."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN_IDS = 1000  # every kind of record exists under the ids 1 to this


class Draw:
    """Values for the record `number` of `kind`: the same ones in every process, whatever was drawn before elsewhere."""

    def __init__(self, kind: str, number: int) -> None:
        self._random = random.Random(f"{kind}/{number}")

    def of(self, *options: str) -> str:
        """One of `options`."""
        return self._random.choice(options)

    def number(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return self._random.randint(low, high)

    def id(self) -> int:
        """The id of a record that exists."""
        return self.number(1, KNOWN_IDS)

    def price(self, low: int = 15, high: int = 180) -> dict[str, object]:
        """An amount of money between `low` and `high` euros, as decimal text."""
        return {"amount": f"{self.number(low * 100, high * 100) / 100:.2f}", "currency": "EUR"}

    def time(self, first_day: int = 0, last_day: int = 364) -> str:
        """A moment of 2026 to the minute, as ISO 8601 in UTC."""
        moment = _EPOCH + timedelta(minutes=self.number(first_day * 1440, last_day * 1440))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def hex(self, size: int) -> str:
        """`size` bytes in hexadecimal, as block chains write them."""
        return "0x" + self._random.randbytes(size).hex()

    def person(self) -> str:
        """A name."""
        first = self.of("Ada", "Björn", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hana", "Inés", "Jomo")
        return f"{first} {self.of('Okafor', 'Lindqvist', 'Moreau', 'Tanaka', 'Novak', 'Silva', 'Haddad', 'Weber')}"
