"""What callers may do: roles and scopes as permissions, and what a route requires of them.

A permission is `resource:action`; `resource:*` stands for every action on the resource and `*` for everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from gatewayd.core.tokens.claimpath import ABSENT, ClaimPath, look_up

EVERYTHING = "*"

_PERMISSION = re.compile(r"[A-Za-z0-9_.-]+:(?:[A-Za-z0-9_.-]+|\*)|\*")
_MOST_KEPT = 1024  # sets of roles and scopes whose permissions are remembered


class Caller(Protocol):
    """What is asked about a caller. `claims` is the JSON object its credential holds."""

    @property
    def roles(self) -> frozenset[str]:
        """The caller's roles."""

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes its credential was given."""

    @property
    def claims(self) -> Mapping[str, object]:
        """Everything the credential says."""


class Roles:
    """The permissions of each role. Roles the table does not name grant nothing."""

    __slots__ = ("_grants", "_table")

    def __init__(self, table: Mapping[str, Iterable[str]]) -> None:
        """`table` has the permissions of each role. Raises `ValueError` for what is no permission."""
        self._table = {role: frozenset(map(_permission, permissions)) for role, permissions in table.items()}
        self._grants: dict[tuple[frozenset[str], frozenset[str]], frozenset[str]] = {}

    def grants(self, roles: frozenset[str], scopes: frozenset[str]) -> frozenset[str]:
        """The permissions of `roles`, and those among `scopes` that are written as permissions."""
        key = roles, scopes
        held = self._grants.get(key)
        if held is None:
            held = frozenset(scope for scope in scopes if _PERMISSION.fullmatch(scope))
            held = held.union(*(self._table[role] for role in roles if role in self._table))
            if len(self._grants) >= _MOST_KEPT:
                self._grants.clear()
            self._grants[key] = held
        return held


def satisfying(permission: str) -> frozenset[str]:
    """The permissions that include `permission`: itself, its resource's `*`, and everything."""
    return frozenset({permission, f"{permission.partition(':')[0]}:*", EVERYTHING} if ":" in permission else {"*"})


@dataclass(frozen=True, slots=True)
class ClaimTest:
    """A claim that must be there, and what it must be.

    `exists`: anything but null. `equals` and `in`: the value itself, or one of `values`; `contains`: a list with, or a
    text of words among them, one of `values`. A boolean is never a number.
    """

    path: ClaimPath
    test: Literal["exists", "equals", "in", "contains"]
    values: tuple[str | int | float | bool, ...] = ()

    def __post_init__(self) -> None:
        """Refuse tests that could never hold, or always do."""
        if not self.path or not all(self.path):
            raise ValueError("a claim's path is empty, or has an empty name")
        if self.test == "exists" and self.values:
            raise ValueError("'exists' compares with no value")
        if self.test == "equals" and len(self.values) != 1:
            raise ValueError("'equals' compares with one value")
        if self.test in ("in", "contains") and not self.values:
            raise ValueError(f"'{self.test}' needs a value")

    def holds(self, claims: Mapping[str, object]) -> bool:
        """Whether the claim passes."""
        found: object = look_up(claims, self.path)
        if found is ABSENT or found is None:
            return False
        if self.test == "exists":
            return True
        if self.test == "contains":
            members: Iterable[object] = found.split(" ") if isinstance(found, str) else ()
            return any(map(self._is_value, found if isinstance(found, list) else members))
        return self._is_value(found)

    def _is_value(self, found: object) -> bool:
        """Whether `found` is one of the values; 1 is 1.0 but neither is true."""
        truth = isinstance(found, bool)
        return any(found == value and isinstance(value, bool) is truth for value in self.values)


class Requirement:
    """What a route asks of its callers: every kind of demand it names must be met.

    `any_of` are permissions of which one suffices, `all_of` permissions that are all needed, `roles` roles of which one
    suffices, `scopes` scopes that are all needed (`resource:*` and `*` stand for more here too).
    """

    __slots__ = ("_claims", "_groups", "_roles", "_scopes", "_table", "_why_roles")

    def __init__(
        self,
        table: Roles,
        *,
        any_of: Iterable[str] = (),
        all_of: Iterable[str] = (),
        roles: Iterable[str] = (),
        scopes: Iterable[str] = (),
        claims: Iterable[ClaimTest] = (),
    ) -> None:
        """Raises `ValueError` for what is no permission in `any_of` or `all_of`."""
        self._table = table
        # Each group: permissions of which one must be held, and what is said if none is.
        self._groups = [(satisfying(one), f"needs the permission {one}") for one in map(_permission, all_of)]
        if alternatives := sorted(map(_permission, any_of)):
            enough = frozenset().union(*map(satisfying, alternatives))
            self._groups.append((enough, f"needs one of the permissions {', '.join(alternatives)}"))
        self._roles = frozenset(roles)
        self._why_roles = f"needs one of the roles {', '.join(sorted(self._roles))}"
        self._scopes = [
            (satisfying(one) if _PERMISSION.fullmatch(one) else frozenset({one}), f"needs the scope {one}")
            for one in scopes
        ]
        self._claims = [(test, f"does not meet the condition on the claim {'.'.join(test.path)}") for test in claims]

    def check(self, caller: Caller) -> str | None:
        """None if `caller` may, else the first demand it fails, in words of the configuration only."""
        if self._roles and self._roles.isdisjoint(caller.roles):
            return self._why_roles
        if self._groups:
            held = self._table.grants(caller.roles, caller.scopes)
            for enough, why in self._groups:
                if enough.isdisjoint(held):
                    return why
        for enough, why in self._scopes:
            if enough.isdisjoint(caller.scopes):
                return why
        for test, why in self._claims:
            if not test.holds(caller.claims):
                return why
        return None


def _permission(text: str) -> str:
    """`text`, if it is a permission."""
    if _PERMISSION.fullmatch(text) is None:
        raise ValueError(f'"{text}" is not a permission: write resource:action, resource:* or *')
    return text
