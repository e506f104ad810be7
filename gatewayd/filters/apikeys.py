"""API keys: those of the configuration and of its file are at hand, others are asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from gatewayd.core.apikeys import ApiKey, judge, parse_key
from gatewayd.core.tokens.identity import Identity
from gatewayd.filters.caller import Caller, Callers

Ask = Callable[[str], Awaitable[ApiKey | None]]
"""Looks a key up by its id; raises `Refused` while nobody can say."""

_BELIEVED = 5.0  # seconds that an answer is believed: a key that is taken away works for that long
_MOST_ANSWERS = 10_000


class KeyRing:
    """Finds whose an API key is. `ask` is asked for keys that are not at hand; None if nobody is."""

    __slots__ = ("_answers", "_ask", "_callers", "_entries", "_made", "_pepper")

    def __init__(self, entries: Iterable[ApiKey], pepper: bytes, callers: Callers, ask: Ask | None = None) -> None:
        self._pepper = pepper
        self._callers = callers
        self._ask = ask
        self._answers: OrderedDict[str, tuple[ApiKey | None, float]] = OrderedDict()
        self._made: dict[str, tuple[ApiKey, Caller]] = {}
        self.replace(entries)

    def replace(self, entries: Iterable[ApiKey]) -> None:
        """These are the keys at hand from now on."""
        self._entries = {entry.id: entry for entry in entries}
        self._made.clear()

    def find(self, key: bytes, now: float) -> Caller | Awaitable[Caller]:
        """Whose `key` is at `now`, in seconds since 1970. Raises `BadKey`."""
        key_id = parse_key(key)
        entry = self._entries.get(key_id)
        if entry is None and self._ask is not None:
            answer = self._answers.get(key_id)
            if answer is None or now >= answer[1]:
                return self._find_elsewhere(self._ask, key_id, key, now)
            entry = answer[0]
        return self._caller(judge(entry, key, self._pepper, now))

    async def _find_elsewhere(self, ask: Ask, key_id: str, key: bytes, now: float) -> Caller:
        """Ask for a key, and remember the answer for a while."""
        entry = await ask(key_id)
        self._answers[key_id] = (entry, now + _BELIEVED)
        self._answers.move_to_end(key_id)
        if len(self._answers) > _MOST_ANSWERS:
            self._answers.popitem(last=False)
        return self._caller(judge(entry, key, self._pepper, now))

    def _caller(self, entry: ApiKey) -> Caller:
        """The caller that a key stands for; made once as long as the key stays."""
        made = self._made.get(entry.id)
        if made is not None and made[0] is entry:
            return made[1]
        identity = Identity(
            entry.user,
            entry.tenant,
            entry.roles,
            entry.scopes,
            method="api_key",
            key_id=entry.id,
            expires=entry.expires,
        )
        caller = self._callers(identity)
        caller.limits = entry.limits
        if len(self._made) >= _MOST_ANSWERS:
            self._made.clear()
        self._made[entry.id] = (entry, caller)
        return caller
