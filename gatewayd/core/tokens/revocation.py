"""Tokens and subjects that are believed no more, although their tokens have not expired.

The list is bounded, and a revocation that has no room is refused with False rather than pushing another one out: what
is revoked stays revoked, and whoever revokes learns when it cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from gatewayd.core.tokens.identity import Identity

# An issuer's configured name, None for credentials without one, and a `jti` or a subject: both are the issuer's own.
Name = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A revocation list as a value, to be written to a store and merged with those of others.

    `tokens` says until when each is remembered, `subjects` the time of issue up to which tokens are revoked, and until
    when that is remembered; seconds since 1970 all.
    """

    tokens: Mapping[Name, float] = field(default_factory=dict)
    subjects: Mapping[Name, tuple[float, float]] = field(default_factory=dict)


class Revocations:
    """What is revoked; `most` bounds tokens and subjects together."""

    __slots__ = ("_earliest", "_most", "_subjects", "_tokens")

    def __init__(self, most: int) -> None:
        self._most = most
        self._tokens: dict[Name, float] = {}
        self._subjects: dict[Name, tuple[float, float]] = {}
        self._earliest = inf  # nothing expires before

    def __len__(self) -> int:
        return len(self._tokens) + len(self._subjects)

    def revoked(self, identity: Identity) -> bool:
        """Whether this caller's token was revoked. A token that does not say when it was issued is as old as any."""
        if self._tokens and (identity.issuer, identity.token_id) in self._tokens:
            return True
        if self._subjects:
            # A caller without a subject is no key in here.
            revoked = self._subjects.get((identity.issuer, identity.subject))  # type: ignore[arg-type]
            if revoked is not None:
                return identity.issued_at is None or identity.issued_at <= revoked[0]
        return False

    def revoke_token(self, issuer: str | None, token_id: str, until: float, now: float) -> bool:
        """Revoke the token with this `jti`; False if there is no room.

        Forgotten at `until`: when nobody would believe it any more, which is the leeway after it expires.
        """
        name = (issuer, token_id)
        if name not in self._tokens and not self._has_room(now):
            return False
        self._tokens[name] = max(until, self._tokens.get(name, until))
        self._earliest = min(until, self._earliest)
        return True

    def revoke_subject(self, issuer: str | None, subject: str, issued: float, until: float, now: float) -> bool:
        """Revoke what this subject was issued up to the time `issued`; False if there is no room.

        Forgotten at `until`: when nobody would believe the last such token any more.
        """
        name = (issuer, subject)
        before = self._subjects.get(name)
        if before is None and not self._has_room(now):
            return False
        self._subjects[name] = (issued, until) if before is None else (max(issued, before[0]), max(until, before[1]))
        self._earliest = min(until, self._earliest)
        return True

    def snapshot(self) -> Snapshot:
        """All of it as a value."""
        return Snapshot(dict(self._tokens), dict(self._subjects))

    def merge(self, other: Snapshot, now: float) -> int:
        """Revoke what `other` has revoked; how many of its entries had no room.

        The order of merging does not matter, and merging the same again changes nothing.
        """
        refused = 0
        for (issuer, token_id), until in other.tokens.items():
            if until > now and not self.revoke_token(issuer, token_id, until, now):
                refused += 1
        for (issuer, subject), (issued, until) in other.subjects.items():
            if until > now and not self.revoke_subject(issuer, subject, issued, until, now):
                refused += 1
        return refused

    def sweep(self, now: float) -> None:
        """Forget what has expired by itself."""
        if now < self._earliest:
            return
        self._tokens = {name: until for name, until in self._tokens.items() if until > now}
        self._subjects = {name: entry for name, entry in self._subjects.items() if entry[1] > now}
        ends = (*self._tokens.values(), *(until for _, until in self._subjects.values()))
        self._earliest = min(ends, default=inf)

    def _has_room(self, now: float) -> bool:
        """Whether one more fits, once what has expired is gone."""
        if len(self) >= self._most:
            self.sweep(now)
        return len(self) < self._most
