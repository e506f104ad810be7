"""A verified caller, with everything about it that is worked out once and not for each request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gatewayd.core.caching import Partition
from gatewayd.core.proof import IdentityFields, IdentityNames, identity_fields
from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import Identity

_NO_LIMITS: Mapping[str, Any] = MappingProxyType({})


class Caller:
    """`identity`, the `fields` that tell services of it, and its `tenant` as bytes.

    `limits` are those that its credential itself came with, by the names of rate limits. `partitions` are those of
    kept answers that were made of it, by the names that routes have for them.
    `expires`, `issuer`, `key_id` and `subject` are the identity's: what a cache of callers goes by.
    """

    __slots__ = ("expires", "fields", "identity", "issuer", "key_id", "limits", "partitions", "subject", "tenant")

    def __init__(self, identity: Identity, fields: IdentityFields) -> None:
        self.identity = identity
        self.fields = fields
        self.tenant = (identity.tenant or "").encode("ascii")
        self.limits = _NO_LIMITS
        self.partitions: dict[str, Partition | None] = {}
        self.expires = identity.expires
        self.issuer = identity.issuer
        self.key_id = identity.key_id
        self.subject = identity.subject

    def __repr__(self) -> str:
        return f"<Caller {self.identity!r}>"


class Callers:
    """Makes callers. `names` are the fields that services are told by."""

    __slots__ = ("_names",)

    def __init__(self, names: IdentityNames) -> None:
        self._names = names

    def __call__(self, identity: Identity) -> Caller:
        """The caller of a verified identity. Raises `BadToken` where it cannot be told to a service as it is."""
        try:
            fields = identity_fields(identity.tenant, identity.subject, identity.roles, identity.scopes, self._names)
        except ValueError as error:
            why = "the identity cannot be written into header fields"
            raise BadToken("invalid", why, tenant=identity.tenant) from error
        return Caller(identity, fields)
