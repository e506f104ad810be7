"""The sections `authorization` and `routes[].authorize`: what callers may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import ClaimName, FunctionName, Permission, RoleName, Value, Values
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Frozen, FrozenDict, Kind
from gatewayd.core.permissions import ClaimTest, Requirement, Roles
from gatewayd.core.tokens.claimpath import compile_path

CLAIM_TESTS = ("equals", "one_of", "contains", "exists")


class Authorization(Section):
    """What callers may do: the permissions of roles, and policies that are asked."""

    roles: Annotated[
        Mapping[RoleName, tuple[Permission, ...]], Frozen, Kind("mapping of roles to lists of permissions")
    ] = Field(
        default=FrozenDict(),
        description="The permissions of each role: `resource:action`, `resource:*`, or `*` for everything.",
    )
    policies: Annotated[Mapping[ServiceName, FunctionName], Frozen, Kind("mapping of names to functions")] = Field(
        default=FrozenDict(), description="Python functions that decide, by name, as `package.module:function`."
    )
    policy_timeout: Duration = Field(default=0.1, description="How long a policy may take; beyond it 503.")

    @property
    def table(self) -> Roles:
        """The permissions of roles, ready to be asked."""
        return Roles(self.roles)


class ClaimCondition(Section):
    """A claim, and exactly one of `equals`, `one_of`, `contains`, `exists`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [test]} for test in CLAIM_TESTS]})

    path: ClaimName = Field(description="The claim.")
    equals: Value = Field(default=None, description="What it must be.")
    one_of: Values = Field(default=None, description="What it must be one of.")
    contains: Values = Field(default=None, description="What it must have one of: a list, or text with blanks between.")
    exists: Literal[True] | None = Field(default=None, description="It must be there.")

    @property
    def test(self) -> ClaimTest:
        """The same, ready to be applied."""
        path = compile_path(self.path)
        if self.equals is not None:
            return ClaimTest(path, "equals", (self.equals,))
        if self.one_of is not None:
            return ClaimTest(path, "in", self.one_of)
        if self.contains is not None:
            return ClaimTest(path, "contains", self.contains)
        return ClaimTest(path, "exists")


class Authorize(Section):
    """What a caller must have, all of it; `auth` is then `required`."""

    permissions: tuple[Permission, ...] = Field(default=(), description="Permissions, all of them.")
    any_permission: tuple[Permission, ...] = Field(default=(), description="Permissions, one of them.")
    roles: tuple[RoleName, ...] = Field(default=(), description="Roles, one of them.")
    scopes: tuple[RoleName, ...] = Field(default=(), description="Scopes of the token or API key, all of them.")
    claims: tuple[ClaimCondition, ...] = Field(default=(), description="Conditions on claims, all of them.")
    policy: ServiceName | None = Field(default=None, description="One of `authorization.policies` that must agree.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Something must be asked for."""
        if not (self.permissions or self.any_permission or self.roles or self.scopes or self.claims or self.policy):
            raise Complaint("this asks for nothing", "name what a caller needs, or write 'auth: required' instead")
        return self

    def requirement(self, table: Roles) -> Requirement:
        """The same, ready to be checked, but for the policy; `table` has the permissions of roles."""
        return Requirement(
            table,
            any_of=self.any_permission,
            all_of=self.permissions,
            roles=self.roles,
            scopes=self.scopes,
            claims=[condition.test for condition in self.claims],
        )
