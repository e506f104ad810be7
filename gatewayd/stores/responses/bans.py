"""What is to be forgotten, by numbers: whoever was kept before a number that its URL or a tag of it has, is.

To forget costs nothing by itself, however much it concerns: it is done when an answer is looked for, and by and by.
"""

from __future__ import annotations

from itertools import takewhile

from gatewayd.core.caching.purges import is_of_tag, prefix_in, purge_of_tag, purge_of_url


class Bans:
    """Purges, each with a number of its own. `last` is the highest so far; what is kept notes it as its mark.

    `forgotten` is the highest of those that are not known any more, since nothing kept is older; of an answer that was
    on its way for longer than that nobody can say whether it was purged.
    """

    __slots__ = ("_last_tag", "_named", "_prefixes", "forgotten", "last")

    def __init__(self) -> None:
        self.last = 0
        self.forgotten = 0
        self._last_tag = 0
        # Each in the order of the numbers. Those of URLs and tags by their words (see `core.caching.purges`).
        self._named: dict[bytes, int] = {}
        self._prefixes: dict[bytes, int] = {}

    def __len__(self) -> int:
        """How many are known."""
        return len(self._named) + len(self._prefixes)

    def add(self, purge: bytes) -> None:
        """Forget what this word is about."""
        self.note(purge, self.last + 1)

    def note(self, purge: bytes, number: int) -> None:
        """Forget what this word is about, and was kept before `number`."""
        prefix = prefix_in(purge)
        bans, what = (self._named, purge) if prefix is None else (self._prefixes, prefix)
        bans.pop(what, None)
        bans[what] = number
        if number > self._last_tag and is_of_tag(purge):
            self._last_tag = number
        if number > self.last:
            self.last = number

    def forget(self, url: bytes, tags: tuple[bytes, ...], mark: int) -> bool:
        """Whether an answer with this URL, these tags and this mark is to be forgotten."""
        if mark >= self.last:
            return False
        if mark < self.forgotten:
            return True
        named = self._named
        if named and named.get(purge_of_url(url), 0) > mark:
            return True
        if self._last_tag > mark and any(named.get(purge_of_tag(tag), 0) > mark for tag in tags):
            return True
        return any(number > mark and url.startswith(prefix) for prefix, number in self._prefixes.items())

    def retire(self, number: int) -> None:
        """Nothing that is kept is older than `number`: no ban up to it is needed any more."""
        for bans in (self._named, self._prefixes):
            for what, _ in list(takewhile(lambda ban: ban[1] <= number, bans.items())):
                del bans[what]
        self.forgotten = max(self.forgotten, number)
