"""What is to be forgotten, by numbers: whoever was kept before a number that its URL or a tag of it has, is.

To forget costs nothing by itself, however much it concerns: it is done when an answer is looked for, and by and by.
"""

from __future__ import annotations

from itertools import takewhile


class Bans:
    """Purges, each with a number of its own. `last` is the highest so far; what is kept notes it as its mark.

    `forgotten` is the highest of those that are not known any more, since nothing kept is older; of an answer that was
    on its way for longer than that nobody can say whether it was purged.
    """

    __slots__ = ("_prefixes", "_tags", "_urls", "forgotten", "last")

    def __init__(self) -> None:
        self.last = 0
        self.forgotten = 0
        # Each in the order of the numbers.
        self._urls: dict[bytes, int] = {}
        self._tags: dict[bytes, int] = {}
        self._prefixes: dict[bytes, int] = {}

    def __len__(self) -> int:
        """How many are known."""
        return len(self._urls) + len(self._tags) + len(self._prefixes)

    def url(self, url: bytes) -> None:
        """Forget what is kept for one URL."""
        self._add(self._urls, url)

    def prefix(self, prefix: bytes) -> None:
        """Forget what is kept for every URL that begins with `prefix`."""
        self._add(self._prefixes, prefix)

    def tag(self, tag: bytes) -> None:
        """Forget what has `tag`."""
        self._add(self._tags, tag)

    def _add(self, bans: dict[bytes, int], what: bytes) -> None:
        self.last += 1
        bans.pop(what, None)
        bans[what] = self.last

    def forget(self, url: bytes, tags: tuple[bytes, ...], mark: int) -> bool:
        """Whether an answer with this URL, these tags and this mark is to be forgotten."""
        if mark >= self.last:
            return False
        if mark < self.forgotten or self._urls.get(url, 0) > mark:
            return True
        if self._tags and any(self._tags.get(tag, 0) > mark for tag in tags):
            return True
        return any(number > mark and url.startswith(prefix) for prefix, number in self._prefixes.items())

    def retire(self, number: int) -> None:
        """Everything kept was looked at since `number` was the last: no ban up to it is needed any more."""
        for bans in (self._urls, self._tags, self._prefixes):
            for what, _ in list(takewhile(lambda ban: ban[1] <= number, bans.items())):
                del bans[what]
        self.forgotten = number
