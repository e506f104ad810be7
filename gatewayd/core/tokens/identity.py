"""Who is calling, as far as anything behind authentication needs to know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from gatewayd.core.tokens.claimpath import ClaimPath, compile_path
from gatewayd.core.tokens.errors import BadToken

Method = Literal["jwt", "api_key", "introspection", "certificate"]

MOST_NAMES = 256  # roles, and scopes: more of them fit into no header field upstream
# What is written into header fields upstream must neither end a field nor be read as two values: subjects are visible
# ASCII with spaces inside, names (of tenants, roles, scopes) RFC 6749's scope-token without the comma.
_SUBJECT = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
_NAME = re.compile(r"[!#-+\--\[\]-~]{1,128}")
_NO_CLAIMS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller.

    `issuer` is the configured name of the token's issuer, `key_id` the `kid` of the key that verified it, `token_id`
    its `jti`, `issued_at` and `expires` are in seconds since 1970; all of these are None where the method of
    authentication has no such thing. `subject`, `tenant`, `roles` and `scopes` are safe to write into header fields;
    `token_id` and `claims` are not.
    """

    subject: str | None
    tenant: str | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    issuer: str | None = None
    method: Method = "jwt"
    token_id: str | None = field(default=None, repr=False)
    key_id: str | None = None
    issued_at: float | None = None
    expires: float | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: _NO_CLAIMS, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ClaimPaths:
    """Where an issuer's tokens say what (see `compile_path`); None where they do not say it."""

    subject: ClaimPath = ("sub",)
    tenant: ClaimPath | None = ("tenant_id",)
    roles: ClaimPath | None = ("roles",)
    scopes: ClaimPath | None = ("scope",)

    @classmethod
    def of(cls, subject: str, tenant: str | None, roles: str | None, scopes: str | None) -> ClaimPaths:
        """Those written as in the configuration; ValueError for a path that is none."""
        return cls(
            compile_path(subject),
            *(None if path is None else compile_path(path) for path in (tenant, roles, scopes)),
        )


def identity_of(
    claims: Mapping[str, Any],
    paths: ClaimPaths,
    issuer: str | None = None,
    method: Method = "jwt",
    key_id: str | None = None,
) -> Identity:
    """The caller that verified claims describe.

    A claim that is not there or null says nothing. Raises `BadToken("invalid")` for a claim of another type than its
    meaning needs, and for a value that could not be written into a header field as it is.
    """
    return Identity(
        _string(claims, paths.subject, _SUBJECT),
        _string(claims, paths.tenant, _NAME),
        _names(claims, paths.roles, split=False),
        _names(claims, paths.scopes, split=True),
        issuer,
        method,
        _plain(claims, "jti", str),
        key_id,
        _plain(claims, "iat", int, float),
        _plain(claims, "exp", int, float),
        claims,
    )


def tenant_of(claims: Mapping[str, Any], paths: ClaimPaths) -> str | None:
    """The caller's tenant alone; None also where the claim could be no tenant's."""
    try:
        return _string(claims, paths.tenant, _NAME)
    except BadToken:
        return None


def _plain(claims: Mapping[str, Any], name: str, *types: type) -> Any:
    """A registered claim of one of `types`, or None."""
    value = claims.get(name)
    if value is None or type(value) in types:
        return value
    raise BadToken("invalid", f"the claim {name} is of the wrong type")


def _string(claims: Mapping[str, Any], path: ClaimPath | None, form: re.Pattern[str]) -> str | None:
    """The one value at `path`."""
    value = _at(claims, path)
    if value is None:
        return None
    if type(value) is not str or not form.fullmatch(value):
        raise _unfit(path)
    return value


def _names(claims: Mapping[str, Any], path: ClaimPath | None, split: bool) -> frozenset[str]:
    """The set of names at `path`: a list, or a string, which is one name unless `split` at spaces."""
    value = _at(claims, path)
    if value is None:
        return frozenset()
    if type(value) is str:
        value = [name for name in value.split(" ") if name] if split else [value]
    if type(value) is not list or len(value) > MOST_NAMES:
        raise _unfit(path)
    form = _NAME.fullmatch
    for name in value:
        if type(name) is not str or not form(name):
            raise _unfit(path)
    return frozenset(value)


def _at(claims: Mapping[str, Any], path: ClaimPath | None) -> Any:
    """The value at `path`, None for nothing; a path that leads through anything but objects is a wrong type."""
    if path is None:
        return None
    value = claims.get(path[0])
    for name in path[1:]:
        if value is None:
            return None
        if type(value) is not dict:
            raise _unfit(path)
        value = value.get(name)
    return value


def _unfit(path: ClaimPath | None) -> BadToken:
    """The refusal of what stands at `path`."""
    return BadToken("invalid", f"the claim {'.'.join(path or ())} is of the wrong type or cannot stand in a header")
