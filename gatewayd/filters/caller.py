"""A verified caller, with everything about it that is worked out once and not for each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from gatewayd.core.caching import Partition
from gatewayd.core.proof import IdentityFields, IdentityNames, identity_fields
from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import Identity

_NO_LIMITS: Mapping[str, Any] = MappingProxyType({})


class TenantCounters(Protocol):
    """What is counted of one tenant."""

    requests: int


class Caller:
    """`identity`, the `fields` that tell services of it, its `tenant` as bytes, and what is counted of that.

    `limits` are those that its credential itself came with, by the names of rate limits. `partitions` are those of
    kept answers that were made of it, by the names that routes have for them.
    `expires`, `issuer`, `key_id` and `subject` are the identity's: what a cache of callers goes by.
    """

    __slots__ = ("counters", "expires", "fields", "identity", "issuer", "key_id", "limits", "partitions", "subject",
                 "tenant")  # fmt: skip

    def __init__(self, identity: Identity, fields: IdentityFields, counters: TenantCounters | None) -> None:
        self.identity = identity
        self.fields = fields
        self.tenant = (identity.tenant or "").encode("ascii")
        self.counters = counters
        self.limits = _NO_LIMITS
        self.partitions: dict[str, Partition | None] = {}
        self.expires = identity.expires
        self.issuer = identity.issuer
        self.key_id = identity.key_id
        self.subject = identity.subject

    def __repr__(self) -> str:
        return f"<Caller {self.identity!r}>"


class Callers:
    """Makes callers. `names` are the fields that services are told by, `counters` finds those of a tenant."""

    __slots__ = ("_counters", "_names")

    def __init__(self, names: IdentityNames, counters: Callable[[str], TenantCounters]) -> None:
        self._names = names
        self._counters = counters

    def __call__(self, identity: Identity) -> Caller:
        """The caller of a verified identity. Raises `BadToken` where it cannot be told to a service as it is."""
        try:
            fields = identity_fields(identity.tenant, identity.subject, identity.roles, identity.scopes, self._names)
        except ValueError as error:
            raise BadToken("invalid", "the identity cannot be written into header fields") from error
        counters = None if identity.tenant is None else self._counters(identity.tenant)
        return Caller(identity, fields, counters)
