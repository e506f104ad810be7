"""Permissions: what includes what, what roles and scopes grant, and what a route requires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.permissions import ClaimTest, Requirement, Roles, satisfying
from gatewayd.core.tokens.claimpath import compile_path


@dataclass(frozen=True, slots=True)
class Somebody:
    """A caller."""

    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, object] = field(default_factory=dict)


# The platform's roles: a venue's people, its customers, and the people who run everything.
TABLE = {
    "venue-owner": ["events:*", "tickets:*", "venues:*", "reports:read"],
    "venue-manager": ["events:create", "events:update", "tickets:read"],
    "box-office": ["tickets:sell", "tickets:read"],
    "door-staff": ["tickets:check"],
    "customer": ["tickets:buy"],
    "admin": ["*"],
}
ROLES = Roles(TABLE)

CONCRETE = st.sampled_from([f"{resource}:{action}" for resource in ("a", "b") for action in ("r", "w")])
PERMISSIONS = st.one_of(CONCRETE, st.sampled_from(["a:*", "b:*", "*"]))


def with_roles(*roles: str, scopes: tuple[str, ...] = ()) -> Somebody:
    """A caller with these roles and scopes."""
    return Somebody(frozenset(roles), frozenset(scopes))


def meaning(permission: str) -> set[str]:
    """Every concrete permission among `CONCRETE`'s that `permission` stands for."""
    every = {"a:r", "a:w", "b:r", "b:w"}
    return {one for one in every if permission in ("*", one) or permission == f"{one[0]}:*"}


@given(PERMISSIONS, CONCRETE)
def test_what_includes_what(held: str, needed: str) -> None:
    """A concrete permission is met by exactly those that stand for it."""
    assert (held in satisfying(needed)) == (needed in meaning(held))


@given(PERMISSIONS, PERMISSIONS)
def test_the_lattice(held: str, needed: str) -> None:
    """`*` is above every `resource:*`, which is above its actions; a pattern is never met by actions one by one."""
    rank = {"*": 2}.get(needed, 1 if needed.endswith(":*") else 0)
    above = held in satisfying(needed)
    assert above == (held == needed or held == "*" or (rank == 0 and held == f"{needed[0]}:*"))
    if above:
        assert meaning(held) >= meaning(needed)


@given(PERMISSIONS, PERMISSIONS, PERMISSIONS)
def test_inclusion_is_an_order(one: str, two: str, three: str) -> None:
    """It is reflexive, transitive and antisymmetric."""
    assert one in satisfying(one)
    if two in satisfying(one) and three in satisfying(two):
        assert three in satisfying(one)
    if two in satisfying(one) and one in satisfying(two):
        assert one == two


@given(
    st.dictionaries(st.sampled_from("pqr"), st.lists(PERMISSIONS, max_size=3)),
    st.frozensets(st.sampled_from("pqrs")),
    st.frozensets(st.one_of(PERMISSIONS, st.sampled_from(["openid", "a:", ":r"]))),
    st.lists(CONCRETE, max_size=3),
    st.lists(CONCRETE, max_size=3),
)
def test_requirement_as_written(
    table: dict[str, list[str]], roles: frozenset[str], scopes: frozenset[str], any_of: list[str], all_of: list[str]
) -> None:
    """A caller passes exactly where its roles and scopes together mean all of `all_of` and one of `any_of`."""
    held: set[str] = set()
    for permission in [*(one for role in roles for one in table.get(role, ())), *scopes]:
        held |= meaning(permission)
    expected = held.issuperset(all_of) and (not any_of or bool(held & set(any_of)))
    requirement = Requirement(Roles(table), any_of=any_of, all_of=all_of)
    for _ in range(2):
        assert (requirement.check(Somebody(roles, scopes)) is None) == expected


@given(st.frozensets(st.sampled_from(sorted(TABLE))), st.sampled_from(sorted(TABLE)), CONCRETE)
def test_more_roles_never_grant_less(roles: frozenset[str], more: str, needed: str) -> None:
    """What a caller may do only grows with its roles."""
    requirement = Requirement(ROLES, all_of=[needed])
    if requirement.check(Somebody(roles)) is None:
        assert requirement.check(Somebody(roles | {more})) is None


@pytest.mark.parametrize(
    ("role", "permission", "may"),
    [
        ("venue-owner", "events:delete", True),
        ("venue-owner", "users:read", False),
        ("venue-manager", "events:update", True),
        ("venue-manager", "events:delete", False),
        ("box-office", "tickets:sell", True),
        ("door-staff", "tickets:check", True),
        ("door-staff", "tickets:sell", False),
        ("customer", "tickets:buy", True),
        ("customer", "tickets:check", False),
        ("admin", "anything:whatever", True),
        ("nobody", "tickets:buy", False),
        ("Admin", "tickets:buy", False),
    ],
)
def test_roles(role: str, permission: str, may: bool) -> None:
    """Each role may what its table says; an unknown role, or one in another case, nothing."""
    why = Requirement(ROLES, all_of=[permission]).check(with_roles(role))
    assert why == (None if may else f"needs the permission {permission}")


def test_grants() -> None:
    """Roles and scopes add up; a scope that is not written as a permission grants none."""
    held = ROLES.grants(frozenset({"door-staff", "customer"}), frozenset({"openid", "reports:*", "x:y:z"}))
    assert held == {"tickets:check", "tickets:buy", "reports:*"}
    assert ROLES.grants(frozenset(), frozenset()) == frozenset()


def test_what_is_remembered_is_bounded() -> None:
    """Ever new sets of scopes do not fill the memory, and the answers stay right."""
    table = Roles({"r": ["a:b"]})
    for number in range(3000):
        assert table.grants(frozenset({"r"}), frozenset({f"s{number}"})) == {"a:b"}
    assert len(table._grants) <= 1024


@pytest.mark.parametrize("text", ["", "events", "events:", ":read", "a:b:c", "a:*:c", "**", "*:read", "a b:c", "a:b\n"])
def test_no_permissions(text: str) -> None:
    """What is no permission is refused when it is configured, wherever it stands."""
    with pytest.raises(ValueError, match="not a permission"):
        Roles({"r": [text]})
    with pytest.raises(ValueError, match="not a permission"):
        Requirement(ROLES, any_of=[text])
    with pytest.raises(ValueError, match="not a permission"):
        Requirement(ROLES, all_of=[text])


def test_no_demands() -> None:
    """A requirement that names nothing lets everyone through."""
    assert Requirement(ROLES).check(Somebody()) is None


def test_roles_and_scopes_demanded() -> None:
    """One of the roles suffices, all of the scopes are needed, and wildcards among them stand for more."""
    requirement = Requirement(ROLES, roles=["admin", "box-office"], scopes=["openid", "events:read"])
    assert requirement.check(with_roles("customer")) == "needs one of the roles admin, box-office"
    assert requirement.check(with_roles("admin")) == "needs the scope openid"
    assert requirement.check(with_roles("admin", scopes=("openid",))) == "needs the scope events:read"
    assert requirement.check(with_roles("box-office", scopes=("openid", "events:read"))) is None
    assert requirement.check(with_roles("box-office", scopes=("openid", "events:*"))) is None
    assert requirement.check(with_roles("box-office", scopes=("events:read", "*"))) == "needs the scope openid"


def test_a_role_is_no_scope() -> None:
    """Permissions of a role do not pass for scopes of the credential, nor scopes for roles."""
    assert Requirement(ROLES, scopes=["events:read"]).check(with_roles("admin")) == "needs the scope events:read"
    assert Requirement(ROLES, roles=["admin"]).check(with_roles(scopes=("admin",))) is not None


def test_any_of() -> None:
    """One of several permissions suffices; the refusal names them all."""
    requirement = Requirement(ROLES, any_of=["tickets:sell", "tickets:check"])
    assert requirement.check(with_roles("door-staff")) is None
    assert requirement.check(with_roles("customer")) == "needs one of the permissions tickets:check, tickets:sell"


CLAIMS: dict[str, object] = {
    "type": "access",
    "level": 1,
    "ratio": 0.5,
    "verified": True,
    "nothing": None,
    "groups": ["staff", 7, True],
    "scope": "read write",
    "realm_access": {"roles": ["owner"], "deep": {"er": "x"}},
    "https://example.org/tier": "gold",
}


@pytest.mark.parametrize(
    ("path", "test", "values", "holds"),
    [
        ("type", "exists", (), True),
        ("nothing", "exists", (), False),
        ("missing", "exists", (), False),
        ("realm_access.roles", "exists", (), True),
        ("type.access", "exists", (), False),
        ("groups.0", "exists", (), False),
        ("type", "equals", ("access",), True),
        ("type", "equals", ("refresh",), False),
        ("type", "equals", ("Access",), False),
        ("level", "equals", (1,), True),
        ("level", "equals", (1.0,), True),
        ("level", "equals", (True,), False),
        ("level", "equals", ("1",), False),
        ("verified", "equals", (True,), True),
        ("verified", "equals", (1,), False),
        ("verified", "equals", ("true",), False),
        ("ratio", "equals", (0.5,), True),
        ("groups", "equals", ("staff",), False),
        ("realm_access.deep.er", "equals", ("x",), True),
        (r"https://example\.org/tier", "equals", ("gold",), True),
        ("type", "in", ("refresh", "access"), True),
        ("type", "in", ("refresh", "id"), False),
        ("level", "in", (False, True), False),
        ("missing", "in", ("x",), False),
        ("groups", "contains", ("staff",), True),
        ("groups", "contains", ("sta",), False),
        ("groups", "contains", (7,), True),
        ("groups", "contains", (1,), False),
        ("scope", "contains", ("write",), True),
        ("scope", "contains", ("rite",), False),
        ("scope", "contains", ("read write",), False),
        ("realm_access.roles", "contains", ("admin", "owner"), True),
        ("realm_access", "contains", ("roles",), False),
        ("level", "contains", (1,), False),
    ],
)
def test_claims(path: str, test: str, values: tuple[str | int | float | bool, ...], holds: bool) -> None:
    """Claims compare by value and kind; part of a text is not the text, and true is not 1."""
    claim = ClaimTest(compile_path(path), test, values)  # type: ignore[arg-type]  # a literal in the table
    assert claim.holds(CLAIMS) is holds
    why = Requirement(ROLES, claims=[claim]).check(Somebody(claims=CLAIMS))
    assert why == (None if holds else f"does not meet the condition on the claim {path}")


@pytest.mark.parametrize(
    ("path", "test", "values"),
    [
        ((), "exists", ()),
        (("a", ""), "exists", ()),
        (("a",), "exists", (1,)),
        (("a",), "equals", ()),
        (("a",), "equals", (1, 2)),
        (("a",), "in", ()),
        (("a",), "contains", ()),
    ],
)
def test_no_claim_tests(path: tuple[str, ...], test: str, values: tuple[int, ...]) -> None:
    """A test that says nothing sensible is refused when it is configured."""
    with pytest.raises(ValueError, match=r"claim|compares|needs"):
        ClaimTest(path, test, values)  # type: ignore[arg-type]  # a literal in the table
